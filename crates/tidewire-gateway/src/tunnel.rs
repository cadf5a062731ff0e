//! Passes a plain WebSocket on, byte for byte, in both directions.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bytes::BytesMut;
use tidewire_server::{Close, CloseCode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::frames::Frames;
use crate::gateway::Inner;
use crate::metrics::count;
use crate::plain::{self, First};

/// Bytes that one direction holds at most, beside the buffers of the connections.
const BUFFER: usize = 16 * 1024;
/// Time that the other direction has once one has ended.
const HALF_OPEN: Duration = Duration::from_secs(10);
/// Time that a peer has to leave after a close frame of the gateway's own.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// Any mask will do, for there is nothing to hide from anybody between here and the backend.
const MASK: [u8; 4] = [0x5a, 0x17, 0xc3, 0x88];

/// To whom a frame goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    Backend,
    Client,
}

/// Whether a HELLO in the client's first frame, which the backend could make nothing of, ends the connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Screen {
    Off,
    On,
}

/// Passes bytes on until either side ends and the other has followed, or the gateway stops.
pub(crate) async fn run<C, B>(gateway: &Inner, client: C, backend: B, screen: Screen)
where
    C: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let _counted = gateway.counters.plain.enter();
    count(&gateway.counters.plain_opened);
    let (from_client, to_client) = tokio::io::split(client);
    let (from_backend, to_backend) = tokio::io::split(backend);
    let up = Pump {
        from: from_client,
        to: to_backend,
        side: Side::Backend,
        screen,
        bytes: &gateway.counters.plain_to_backend_bytes,
        patience: Some(gateway.limits.backend_write),
    };
    let down = Pump {
        from: from_backend,
        to: to_client,
        side: Side::Client,
        screen: Screen::Off,
        bytes: &gateway.counters.plain_to_browser_bytes,
        // The accept loop bounds that already.
        patience: None,
    };
    let (mut up, mut down) = (Box::pin(up.run(gateway)), Box::pin(down.run(gateway)));
    // One that failed takes the other with it; after one that ended the other may still have something to say.
    let ended = tokio::select! {
        ended = &mut up => ended.map(|()| Side::Client),
        ended = &mut down => ended.map(|()| Side::Backend),
    };
    let rest = match ended {
        Ok(Side::Client) => tokio::time::timeout(HALF_OPEN, down).await,
        Ok(Side::Backend) => tokio::time::timeout(HALF_OPEN, up).await,
        Err(error) => Ok(Err(error)),
    };
    match rest {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "plain WebSocket"),
        Err(_) => tracing::debug!("plain WebSocket: one side did not follow the other's end"),
    }
}

/// One direction.
struct Pump<'a, R, W> {
    from: R,
    to: W,
    side: Side,
    screen: Screen,
    bytes: &'a AtomicU64,
    patience: Option<Duration>,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Pump<'_, R, W> {
    async fn run(mut self, gateway: &Inner) -> io::Result<()> {
        let mut frames = Frames::default();
        let mut buffer = vec![0; BUFFER];
        if self.screen == Screen::On {
            let first = self.first_bytes(gateway).await?;
            frames.scan(&first);
            self.pass(&first).await?;
        }
        loop {
            let read = tokio::select! {
                read = self.from.read(&mut buffer) => read?,
                () = gateway.stopping() => return self.stop(&frames).await,
            };
            if read == 0 {
                return self.to.shutdown().await;
            }
            let bytes = buffer.get(..read).unwrap_or_default();
            frames.scan(bytes);
            self.pass(bytes).await?;
        }
    }

    /// What comes until it is known not to begin with a HELLO.
    async fn first_bytes(&mut self, gateway: &Inner) -> io::Result<BytesMut> {
        let mut first = BytesMut::new();
        while plain::judge(&first) == First::Unknown {
            tokio::select! {
                read = self.from.read_buf(&mut first) => if read? == 0 { break },
                () = gateway.stopping() => break,
            }
        }
        match plain::judge(&first) {
            First::Hello => Err(io::Error::other(
                "a tidewire client, whose backend spoke first",
            )),
            First::Other | First::Unknown => Ok(first),
        }
    }

    async fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes).await?;
        self.bytes.fetch_add(bytes.len() as u64, Relaxed);
        Ok(())
    }

    /// Says why, where it is between two frames, and lets the other side leave.
    async fn stop(&mut self, frames: &Frames) -> io::Result<()> {
        if frames.is_between() && !frames.is_closed() {
            let stopping = Close::new(CloseCode::GOING_AWAY, "stopping: the gateway stops");
            self.write(&close_frame(self.side, &stopping)).await?;
        }
        self.to.shutdown().await?;
        drain(&mut self.from).await
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let write = self.to.write_all(bytes);
        match self.patience {
            None => write.await,
            Some(patience) => tokio::time::timeout(patience, write)
                .await
                .unwrap_or(Err(io::ErrorKind::TimedOut.into())),
        }
    }
}

/// Takes what a peer still sends until it leaves, or is left: to leave it unread would reset the connection, and what was said
/// on it would be lost.
pub(crate) async fn drain<R: AsyncRead + Unpin>(from: &mut R) -> io::Result<()> {
    let rest = async {
        let mut waste = [0; 1_024];
        while from.read(&mut waste).await? > 0 {}
        Ok(())
    };
    tokio::time::timeout(CLOSE_TIMEOUT, rest)
        .await
        .unwrap_or(Ok(()))
}

/// A close frame as a server or a client writes it.
pub(crate) fn close_frame(to: Side, close: &Close) -> Vec<u8> {
    let mut payload = close.code.0.to_be_bytes().to_vec();
    payload.extend_from_slice(close.reason.as_bytes());
    // A close holds its reason to 123 bytes.
    let length = payload.len() as u8;
    match to {
        Side::Client => {
            let mut frame = vec![0x88, length];
            frame.extend(payload);
            frame
        }
        Side::Backend => {
            let mut frame = vec![0x88, 0x80 | length];
            frame.extend(MASK);
            frame.extend(
                payload
                    .iter()
                    .zip(MASK.iter().cycle())
                    .map(|(byte, mask)| byte ^ mask),
            );
            frame
        }
    }
}
