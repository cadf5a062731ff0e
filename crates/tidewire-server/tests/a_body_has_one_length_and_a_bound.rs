//! A body that never ends is cut off, and one whose length is told twice smuggles no other request in.

mod support;

use support::bad::server;
use support::raw::{self, hello, packet};
use tidewire_proto::wire::HelloMode;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn a_chunked_body_without_end_is_cut_off_at_the_bound() {
    let server = server().await;
    let mut stream = tokio::net::TcpStream::connect(server.address)
        .await
        .expect("connect");
    stream
        .write_all(b"POST /live HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await
        .expect("a head");
    let (mut reading, mut writing) = stream.into_split();
    let flood = tokio::spawn(async move {
        let chunk = [b"4000\r\n".as_slice(), &[b'a'; 0x4000], b"\r\n"].concat();
        while writing.write_all(&chunk).await.is_ok() {}
    });
    let mut answer = Vec::new();
    // The end may be a reset, since what was flooded is not all read.
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut reading, &mut answer).await;
    flood.await.expect("the flood ends");
    if !answer.is_empty() {
        assert!(
            answer.starts_with(b"HTTP/1.1 413"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
}

#[tokio::test]
async fn a_request_with_two_kinds_of_length_is_the_last_on_its_connection() {
    let server = server().await;
    let body = packet(&hello(2, HelloMode::Poll), |_| {});
    let mut request = b"POST /live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    request.extend(format!("{:x}\r\n", body.len()).bytes());
    request.extend(&body);
    request.extend(b"\r\n0\r\n\r\nGET /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut stream = tokio::net::TcpStream::connect(server.address)
        .await
        .expect("connect");
    stream.write_all(&request).await.expect("written");
    let answer = raw::read_answer(&mut stream).await.expect("an answer");
    assert_eq!(
        (answer.status, answer.header("connection")),
        (200, Some("close"))
    );
    assert!(raw::read_answer(&mut stream).await.is_none());
}
