//! One connection through the proxy.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;

use super::{Direction, Handshakes, Happened, Kind, LineState, Meter, Shared};

/// The longest request head that is read to see what a connection is used for, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// Bytes that are passed on at once.
const PORTION: usize = 16 * 1024;

/// What is to happen to one connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Orders {
    pub(super) cut: bool,
    pub(super) down_stalled: bool,
    pub(super) up_stalled: bool,
}

/// A connection on its way through.
pub(super) struct Line {
    number: u64,
    shared: Arc<Shared>,
}

impl Line {
    pub(super) const fn new(number: u64, shared: Arc<Shared>) -> Self {
        Self { number, shared }
    }

    /// Passes everything on, as the rules say, until the end.
    pub(super) async fn serve(self, mut browser: TcpStream) {
        let mut head = Vec::new();
        let Ok(kind) = read_head(&mut browser, &mut head).await else {
            // The browser opened a connection in advance and did not use it.
            return;
        };
        let handshakes = self.shared.rules.borrow().handshakes;
        match (kind, handshakes) {
            (Kind::Socket, Handshakes::Refuse) => {
                self.shared.note(self.number, kind, Happened::Refused);
                reset(&browser);
            }
            (Kind::Socket, Handshakes::BlackHole) => {
                self.shared.note(self.number, kind, Happened::Swallowed);
                // Whatever else comes is swallowed too; an error is an end.
                let mut waste = [0; 1_024];
                while matches!(browser.read(&mut waste).await, Ok(read) if read > 0) {}
                self.shared.note(self.number, kind, Happened::Closed);
            }
            _ => self.pass(kind, browser, &head).await,
        }
    }

    async fn pass(&self, kind: Kind, mut browser: TcpStream, head: &[u8]) {
        let Ok(mut server) = TcpStream::connect(self.shared.target).await else {
            return reset(&browser);
        };
        // Nagle's algorithm would add delays that no rule asks for; where it cannot be turned off, it adds them.
        let _ = (browser.set_nodelay(true), server.set_nodelay(true));
        let orders = watch::Sender::new(Orders::default());
        let mut orders_here = orders.subscribe();
        let mut state = LineState {
            kind,
            orders,
            up: Meter::default(),
            down: Meter::default(),
            bytes: u64::try_from(head.len()).unwrap_or_default(),
        };
        if kind == Kind::Http {
            state.up.requests.read(head);
        }
        self.shared.lines().insert(self.number, state);
        self.shared.note(self.number, kind, Happened::Opened);

        let ended = {
            let (mut from_browser, mut to_browser) = browser.split();
            let (mut from_server, mut to_server) = server.split();
            let both = async {
                to_server.write_all(head).await?;
                tokio::try_join!(
                    self.pump(kind, Direction::Up, &mut from_browser, &mut to_server),
                    self.pump(kind, Direction::Down, &mut from_server, &mut to_browser),
                )
            };
            tokio::select! {
                ended = both => ended.map(|_| ()),
                _ = orders_here.wait_for(|orders| orders.cut) => Err(io::ErrorKind::ConnectionReset.into()),
            }
        };
        let happened = match ended {
            Ok(()) => Happened::Closed,
            Err(_) => {
                reset(&browser);
                reset(&server);
                Happened::Cut
            }
        };
        self.shared.note(self.number, kind, happened);
    }

    /// One direction. An error resets the connection.
    async fn pump(
        &self,
        kind: Kind,
        direction: Direction,
        from: &mut ReadHalf<'_>,
        to: &mut WriteHalf<'_>,
    ) -> io::Result<()> {
        let mut buffer = vec![0; PORTION];
        let mut rules = self.shared.rules.subscribe();
        let answers = kind == Kind::Http && direction == Direction::Down;
        // The server's answer to the handshake is no frame.
        let mut in_head = kind == Kind::Socket && direction == Direction::Down;
        let mut line_end = Vec::new();
        loop {
            let current = *rules.borrow_and_update();
            let portion = current.slice.unwrap_or(PORTION).clamp(1, PORTION);
            let space = &mut buffer[..portion];
            let mut read = tokio::select! {
                read = from.read(space) => read?,
                () = pause(current.read_timeout.filter(|_| answers)) => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                _ = rules.changed() => continue,
            };
            if let (Some(quiet), true) = (current.buffer_answers, answers) {
                while read > 0 && read < PORTION {
                    match tokio::time::timeout(quiet, from.read(&mut buffer[read..])).await {
                        Ok(Ok(more)) if more > 0 => read += more,
                        _ => break,
                    }
                }
            }
            if !current.delay.is_zero() {
                tokio::time::sleep(current.delay).await;
            }
            self.flow(direction).await?;
            if read == 0 {
                return to.shutdown().await;
            }
            let mut bytes = &buffer[..read];
            to.write_all(bytes).await?;
            if in_head {
                bytes = behind_head(bytes, &mut line_end, &mut in_head);
            }
            let total = self.count(kind, direction, bytes, read);
            if current.cut_after.is_some_and(|limit| total >= limit) {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
    }

    /// Waits while this direction is stalled.
    async fn flow(&self, direction: Direction) -> io::Result<()> {
        let orders = self
            .shared
            .lines()
            .get(&self.number)
            .map(|line| line.orders.subscribe());
        let Some(mut orders) = orders else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let flows = |orders: &Orders| match direction {
            Direction::Down => !orders.down_stalled,
            Direction::Up => !orders.up_stalled,
        };
        let waited = orders.wait_for(flows).await;
        waited
            .map(drop)
            .map_err(|_| io::ErrorKind::NotConnected.into())
    }

    /// Counts what went through; returns the bytes of this connection in all.
    fn count(&self, kind: Kind, direction: Direction, counted: &[u8], read: usize) -> u64 {
        let mut lines = self.shared.lines();
        let Some(line) = lines.get_mut(&self.number) else {
            return 0;
        };
        let meter = match direction {
            Direction::Down => &mut line.down,
            Direction::Up => &mut line.up,
        };
        match (kind, direction) {
            (Kind::Socket, _) => meter.frames.read(counted),
            (Kind::Http, Direction::Up) => meter.requests.read(counted),
            (Kind::Http, Direction::Down) => {}
        }
        line.bytes += u64::try_from(read).unwrap_or_default();
        line.bytes
    }
}

/// What the connection is used for.
async fn read_head(browser: &mut TcpStream, head: &mut Vec<u8>) -> io::Result<Kind> {
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if head.len() > MAX_HEAD || browser.read_buf(head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let is_upgrade = text.contains("\r\nupgrade: websocket\r\n");
    Ok(if is_upgrade { Kind::Socket } else { Kind::Http })
}

/// The bytes behind the end of a head that may come in several portions.
fn behind_head<'b>(bytes: &'b [u8], line_end: &mut Vec<u8>, in_head: &mut bool) -> &'b [u8] {
    for (index, byte) in bytes.iter().enumerate() {
        line_end.push(*byte);
        if line_end.ends_with(b"\r\n\r\n") {
            *in_head = false;
            return &bytes[index + 1..];
        }
    }
    &[]
}

async fn pause(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

/// Has the connection end in a reset when it is dropped.
fn reset(stream: &TcpStream) {
    // Without it the other side sees an orderly end, which is an end as well.
    let _ = stream.set_zero_linger();
}
