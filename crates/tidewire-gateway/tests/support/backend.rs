//! WebSocket servers that know nothing of tidewire.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use http::{Request, Response};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::handshake::server::ErrorResponse;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::in_time;

/// A server whose connections the test has in its hands.
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    visits: mpsc::UnboundedReceiver<Visit>,
}

/// One connection, after its handshake.
pub(crate) struct Visit<S = TcpStream> {
    pub(crate) head: Request<()>,
    pub(crate) socket: WebSocketStream<S>,
}

impl Backend {
    /// Accepts everybody, and chooses the first of their sub-protocols that is in this list.
    pub(crate) async fn start(speaks: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (sender, visits) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).expect("no delay");
                let sender = sender.clone();
                tokio::spawn(async move {
                    let _ = sender.send(accept(stream, speaks).await);
                });
            }
        });
        Self { address, visits }
    }

    /// A server that echoes.
    pub(crate) async fn echo() -> SocketAddr {
        let mut backend = Self::start(&[]).await;
        let address = backend.address;
        tokio::spawn(async move {
            while let Some(visit) = backend.visits.recv().await {
                tokio::spawn(visit.echo());
            }
        });
        address
    }

    /// The next connection.
    pub(crate) async fn visit(&mut self) -> Visit {
        in_time(self.visits.recv()).await.expect("it listens")
    }

    /// Whether another connection came.
    pub(crate) fn has_visit(&self) -> bool {
        !self.visits.is_empty()
    }
}

/// Shakes hands as a server of its own kind would.
pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    speaks: &'static [&'static str],
) -> Visit<S> {
    let mut head = None;
    #[expect(clippy::result_large_err, reason = "the library asks for this type")]
    let answer = |request: &Request<()>, mut response: Response<()>| {
        let offered = request.headers().get("sec-websocket-protocol");
        let offered = offered.map_or("", |offered| offered.to_str().expect("text"));
        let mut offered = offered.split(',').map(str::trim);
        if let Some(chosen) = offered.find(|name| speaks.contains(name)) {
            let chosen = chosen.parse().expect("a header");
            response
                .headers_mut()
                .insert("sec-websocket-protocol", chosen);
        }
        head = Some(request.clone());
        Ok::<_, ErrorResponse>(response)
    };
    let socket = tokio_tungstenite::accept_hdr_async(stream, answer).await;
    Visit {
        socket: socket.expect("a handshake"),
        head: head.expect("a head"),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Visit<S> {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .headers()
            .get(name)
            .map(|value| value.to_str().expect("text"))
    }

    /// The next message; pings are answered by the library and passed over.
    pub(crate) async fn next(&mut self) -> Message {
        loop {
            let message = in_time(self.socket.next()).await.expect("open");
            match message.expect("a frame in due form") {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    pub(crate) async fn text(&mut self) -> String {
        match self.next().await {
            Message::Text(text) => text.to_string(),
            other => panic!("{other:?}"),
        }
    }

    /// The code and reason of the close frame that comes next.
    pub(crate) async fn closed(&mut self) -> Option<(u16, String)> {
        match self.next().await {
            Message::Close(frame) => {
                frame.map(|frame| (frame.code.into(), frame.reason.to_string()))
            }
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn send(&mut self, message: impl Into<Message>) {
        self.socket.send(message.into()).await.expect("open");
    }

    pub(crate) async fn close(&mut self, code: u16, reason: &str) {
        let frame = CloseFrame {
            code: code.into(),
            reason: reason.to_owned().into(),
        };
        self.socket.close(Some(frame)).await.expect("open");
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    /// Sends everything back.
    pub(crate) async fn echo(mut self) {
        while let Some(Ok(message)) = self.socket.next().await {
            if matches!(message, Message::Text(_) | Message::Binary(_))
                && self.socket.send(message).await.is_err()
            {
                return;
            }
        }
    }
}

/// A server that answers each handshake with these bytes and ends the connection.
pub(crate) async fn answering(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            read_head(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.expect("open");
        }
    });
    address
}

/// A server of which every byte after the handshake is the test's own.
pub(crate) struct RawBackend {
    pub(crate) address: SocketAddr,
    listener: TcpListener,
}

impl RawBackend {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        Self { address, listener }
    }

    /// The next connection, after its handshake, and the head of its request.
    pub(crate) async fn visit(&self) -> (TcpStream, String) {
        let (mut stream, _) = in_time(self.listener.accept()).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let head = read_head(&mut stream).await;
        let key = head
            .lines()
            .find_map(|line| line.strip_prefix("sec-websocket-key: "))
            .expect("a key");
        let accept = derive_accept_key(key.as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.expect("open");
        (stream, head)
    }
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).expect("text")
}
