//! The program `tidewire-principle`, started for a test and killed after it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;

use super::raw::{self, Answer, PATIENCE};

pub(crate) struct Principle {
    pub(crate) address: SocketAddr,
    child: Child,
}

/// A frame of the server's: its first byte (FIN, RSV and opcode) and its payload.
pub(crate) type Frame = (u8, Vec<u8>);

impl Principle {
    pub(crate) fn start() -> Self {
        let mut child = command(&["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("start tidewire-principle");
        let mut line = String::new();
        let out = child.stdout.take().expect("its output");
        BufReader::new(out)
            .read_line(&mut line)
            .expect("its first line");
        let address = line
            .trim()
            .strip_prefix("listening on ws://")
            .expect("the promised first line");
        Self {
            address: address.parse().expect("an address"),
            child,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).await.expect("connect");
        stream.set_nodelay(true).expect("no delay");
        stream
    }

    /// A WebSocket of which every byte is the test's own.
    pub(crate) async fn open(&self, path: &str) -> TcpStream {
        let mut stream = self.connect().await;
        write(&mut stream, &raw::handshake(path, "")).await;
        upgraded(&mut stream).await;
        stream
    }

    /// A WebSocket of a client library.
    pub(crate) async fn client(&self, path: &str) -> WebSocketStream<TcpStream> {
        let stream = self.connect().await;
        let url = format!("ws://{}{path}", self.address);
        let (client, _) = tokio_tungstenite::client_async(url, stream)
            .await
            .expect("an upgrade");
        client
    }

    /// A plain GET with these further header lines.
    pub(crate) async fn get(&self, path: &str, headers: &str) -> Answer {
        let address = self.address;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n");
        raw::exchange(address, request.as_bytes())
            .await
            .expect("an answer")
    }

    /// The transcript of that name, once it has this line.
    pub(crate) async fn transcript_with(&self, name: &str, line: &str) -> Vec<String> {
        let deadline = Instant::now() + 2 * PATIENCE;
        loop {
            let text = self.get(&format!("/watch/{name}"), "").await.text();
            let lines: Vec<_> = text.lines().map(str::to_owned).collect();
            if lines.iter().any(|shown| shown == line) {
                return lines;
            }
            assert!(Instant::now() < deadline, "no `{line}` in {lines:#?}");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Principle {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidewire-principle"));
    command.args(arguments);
    command
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("its end")
}

/// Writes bytes as they are; the server may have closed already.
pub(crate) async fn write(stream: &mut TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes).await;
}

pub(crate) async fn upgraded(stream: &mut TcpStream) {
    let answer = raw::read_answer(stream).await.expect("an answer");
    assert_eq!(answer.status, 101);
    let accept = answer.header("sec-websocket-accept");
    assert_eq!(accept, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
}

/// The next frame; an error where the connection ends first, and of which kind if it was reset.
pub(crate) async fn next_frame(stream: &mut TcpStream) -> std::io::Result<Frame> {
    let frame = async {
        let first = stream.read_u8().await?;
        let length = match stream.read_u8().await? {
            126 => u64::from(stream.read_u16().await?),
            127 => stream.read_u64().await?,
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length).expect("a length")];
        stream.read_exact(&mut payload).await?;
        Ok((first, payload))
    };
    timeout(PATIENCE, frame).await.expect("a frame in time")
}

/// Asserts that the server has said all, and ended without a reset.
pub(crate) async fn ended(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let end = timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    end.expect("an end in time")
        .expect("an end without a reset");
    assert_eq!(rest, b"");
}
