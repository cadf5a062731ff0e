//! Logs name sessions by their public id, and never show a key, a token or a message.

mod support;

use std::io::Read;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use support::client::{TestClient, only};
use support::raw::{self, hello, packet, post};
use tidewire_proto::Transport;
use tidewire_proto::wire::HelloMode;

#[tokio::test]
async fn even_at_the_most_talkative_level() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tidewire-echo"))
        .args([
            "--listen",
            "127.0.0.1:0",
            "--log",
            "tidewire_server=trace,tidewire_echo=trace",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start tidewire-echo");
    let mut out = child.stdout.take().expect("its output");
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        out.read_exact(&mut byte).expect("its first line");
        line.push(byte[0]);
    }
    let line = String::from_utf8(line).expect("text");
    let address = line
        .trim()
        .strip_prefix("listening on http://")
        .expect("the promised line");
    let address: SocketAddr = address.parse().expect("an address");

    for transport in Transport::ALL {
        let mut client = TestClient::connect_as(address, only(transport), b"token-of-the-test");
        client.connected().await;
        client.send("message-of-the-test").await;
        client.text().await;
        client.close().await;
    }
    // A key in letters, in a request that is taken and in one that is refused.
    let mut known = packet(&hello(1, HelloMode::Poll), |_| {});
    known[4..20].copy_from_slice(b"key-of-this-test");
    raw::exchange(address, &post("/live", "", &known))
        .await
        .expect("an answer");
    known.push(0x7f);
    raw::exchange(address, &post("/live", "", &known))
        .await
        .expect("an answer");

    child.kill().expect("kill");
    let mut log = String::new();
    child
        .stderr
        .take()
        .expect("its log")
        .read_to_string(&mut log)
        .expect("text");
    child.wait().expect("its end");
    assert!(log.contains("session{id="), "the log names sessions: {log}");
    for secret in [
        "token-of-the-test",
        "message-of-the-test",
        "key-of-this-test",
    ] {
        let bytes = format!("{:?}", secret.as_bytes());
        let bytes = bytes.trim_matches(['[', ']']);
        assert!(
            !log.contains(secret) && !log.contains(bytes),
            "{secret} is in the log: {log}"
        );
    }
}
