//! Bytes on a TCP connection: what no client library would send.

use std::net::SocketAddr;
use std::time::Duration;

use tidewire_proto::wire::{Ack, Hello, HelloMode, Position, Writer};
use tidewire_proto::{Limits, SessionKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// No single step of a test takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An HTTP answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends these bytes on a new connection and reads one answer; `None` when the server just closes.
pub(crate) async fn exchange(server: SocketAddr, request: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(server).await.expect("connect");
    // The server may refuse before it has read everything.
    let _ = stream.write_all(request).await;
    read_answer(&mut stream).await
}

/// Reads one answer; `None` when the server closes first.
pub(crate) async fn read_answer(stream: &mut TcpStream) -> Option<Answer> {
    tokio::time::timeout(PATIENCE, read_answer_of_any_age(stream))
        .await
        .expect("an answer in time")
}

/// The same without a bound in time, for an answer that the server may hold.
pub(crate) async fn read_answer_of_any_age(stream: &mut TcpStream) -> Option<Answer> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).expect("a head of text");
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut answer = Answer {
        status,
        headers,
        body: Vec::new(),
    };
    let length = answer
        .header("content-length")
        .map_or(0, |length| length.parse().expect("a length"));
    if status != 101 {
        answer.body.resize(length, 0);
        stream.read_exact(&mut answer.body).await.ok()?;
    }
    Some(answer)
}

/// A POST with these further header lines.
pub(crate) fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n"
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// The handshake of a WebSocket, with these further header lines.
pub(crate) fn handshake(path: &str, headers: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    )
    .into_bytes()
}

/// A WebSocket of which every byte is the test's own.
pub(crate) struct RawSocket {
    pub(crate) stream: TcpStream,
}

/// What a server says in frames.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Heard {
    Binary(Vec<u8>),
    Close {
        code: u16,
        reason: String,
    },
    /// The connection ended without a close frame.
    End,
}

impl RawSocket {
    pub(crate) async fn open(server: SocketAddr, path: &str) -> Self {
        let mut stream = TcpStream::connect(server).await.expect("connect");
        stream
            .write_all(&handshake(path, ""))
            .await
            .expect("handshake");
        let answer = read_answer(&mut stream).await.expect("an answer");
        assert_eq!(answer.status, 101, "{}", answer.text());
        Self { stream }
    }

    /// Writes bytes as they are; the server may have closed already.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Writes a masked frame whose first byte is `first` (FIN, RSV and opcode).
    pub(crate) async fn frame(&mut self, first: u8, payload: &[u8]) {
        self.write(&frame(first, payload)).await;
    }

    pub(crate) async fn binary(&mut self, payload: &[u8]) {
        self.frame(0x82, payload).await;
    }

    /// The next data or close frame.
    pub(crate) async fn hear(&mut self) -> Heard {
        tokio::time::timeout(PATIENCE, self.hear_patiently())
            .await
            .expect("a frame in time")
    }

    /// The close at the end of everything else that the server says.
    pub(crate) async fn hear_close(&mut self) -> Heard {
        loop {
            match self.hear().await {
                Heard::Binary(_) => {}
                end => return end,
            }
        }
    }

    async fn hear_patiently(&mut self) -> Heard {
        self.try_hear().await.unwrap_or(Heard::End)
    }

    async fn try_hear(&mut self) -> std::io::Result<Heard> {
        loop {
            let first = self.stream.read_u8().await?;
            let length = match self.stream.read_u8().await? {
                126 => u64::from(self.stream.read_u16().await?),
                127 => self.stream.read_u64().await?,
                short => u64::from(short),
            };
            let mut payload = vec![0; usize::try_from(length).expect("a length")];
            self.stream.read_exact(&mut payload).await?;
            match first & 0x0f {
                8 => {
                    let (code, reason) = payload.split_at_checked(2).unwrap_or((&[0, 0], &[]));
                    let code = u16::from_be_bytes([code[0], code[1]]);
                    return Ok(Heard::Close {
                        code,
                        reason: String::from_utf8(reason.to_vec()).expect("UTF-8"),
                    });
                }
                9 | 10 => {}
                _ => return Ok(Heard::Binary(payload)),
            }
        }
    }
}

/// A masked frame with a minimal length.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..126 => bytes.push(0x80 | short as u8),
        medium @ 126..65_536 => {
            bytes.push(0x80 | 126);
            bytes.extend((medium as u16).to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    let mask = [0x11, 0x22, 0x33, 0x44];
    bytes.extend(mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

/// A hello of a new client with this key; change what the test is about.
pub(crate) fn hello(key: u8, mode: HelloMode) -> Hello {
    let mut bytes = [key; 16];
    bytes[0] = !key;
    Hello {
        key: SessionKey::from_bytes(bytes).expect("not all the same"),
        mode,
        resume: false,
        welcomed: false,
        instance: 1,
        session: 0,
        attach: 1,
        exchange: u64::from(mode != HelloMode::Socket),
        ack: Ack {
            received: Position::default(),
            acknowledged: 0,
        },
        max_message: 1 << 20,
        window_bytes: Limits::INITIAL_WINDOW_BYTES,
        window_messages: Limits::INITIAL_WINDOW_MESSAGES,
        token: Vec::new(),
    }
}

/// A packet that begins with this hello.
pub(crate) fn packet(hello: &Hello, more: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    hello.write(&mut writer);
    more(&mut writer);
    writer.into_packet()
}
