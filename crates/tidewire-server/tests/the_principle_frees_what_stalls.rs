//! The teaching server ends connections that stall, so that they hold no place for ever.

mod support;

use std::time::{Duration, Instant};

use support::principle::{Principle, ended, next_frame, write};
use support::raw::{self, PATIENCE, frame};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

#[tokio::test]
async fn an_opening_that_dribbles_is_refused_after_ten_seconds() {
    let principle = Principle::start();
    let mut stream = principle.connect().await;
    let begun = Instant::now();
    write(&mut stream, b"GET / HTTP/1.1\r\n").await;
    let (reading, mut writing) = stream.split();
    let mut pace = tokio::time::interval(Duration::from_millis(100));
    let dribble = async {
        loop {
            pace.tick().await;
            // The server may have closed already.
            let _ = writing.write_all(b"X: y\r\n").await;
        }
    };
    tokio::select! {
        () = dribble => {}
        readable = timeout(PATIENCE, reading.readable()) => {
            readable.expect("an answer in time").expect("an answer");
        }
    }
    let answer = raw::read_answer(&mut stream).await.expect("an answer");
    assert_eq!(answer.status, 408);
    assert!(begun.elapsed() > Duration::from_secs(9));
    ended(&mut stream).await;
}

#[tokio::test]
async fn a_client_that_never_reads_is_left_after_twenty_seconds() {
    let principle = Principle::start();
    let mut stream = principle.open("/watch/stalled").await;
    let flood = tokio::spawn(async move {
        let message = frame(0x82, &[0; 65_536]);
        // Until the server closes; at first it takes what fits into the buffers of both ends.
        while stream.write_all(&message).await.is_ok() {}
    });
    principle
        .transcript_with("stalled", "ended 1006 stalled")
        .await;
    timeout(PATIENCE, flood)
        .await
        .expect("the socket is closed")
        .expect("the flood ends");
}

#[tokio::test]
async fn half_closed_connections_end() {
    let principle = Principle::start();
    let mut stream = principle.open("/watch/half").await;
    write(&mut stream, &frame(0x81, b"last words")).await;
    stream.shutdown().await.expect("half a close");
    let echo = next_frame(&mut stream).await.expect("an echo");
    assert_eq!(echo, (0x81, b"last words".to_vec()));
    ended(&mut stream).await;
    principle.transcript_with("half", "ended 1006 lost").await;

    let mut stream = principle.connect().await;
    write(&mut stream, b"GET / HTTP/1.1\r\nHost: x\r\n").await;
    stream.shutdown().await.expect("half a close");
    ended(&mut stream).await;

    // What was asked for whole is answered.
    let mut stream = principle.connect().await;
    write(&mut stream, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    stream.shutdown().await.expect("half a close");
    let answer = raw::read_answer(&mut stream).await.expect("an answer");
    assert_eq!(answer.status, 200);
}
