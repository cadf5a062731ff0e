//! One WebSocket: its first packet, then packets both ways until either side closes.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tidewire_proto::server::{CarrierKind, read_opening, refusal_packet};
use tidewire_proto::{CarrierId, Close, CloseCode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error as WsError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode as WsCloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig};

use crate::driver::{Driver, Outlet, SocketCommand};
use crate::guard::{FrameViolation, Guarded};
use crate::hub::{HubInner, Visitor, draining};
use crate::metrics::count;

/// Read buffer of a socket: it stays allocated while the socket is idle, and 4 KiB make an idle socket cost 6 kB in all.
const READ_BUFFER: usize = 4 * 1024;
/// Bytes that pongs may wait in, beside the longest packet. What is beyond stays one pong, the latest (RFC 6455 section
/// 5.5.3), so a peer that pings and does not read costs a bounded amount.
const PONG_ROOM: usize = 64 * 1024;
/// Time that a peer has to answer a close frame, and to take one that it did not expect.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// The code of RFC 6455 for text that is not UTF-8.
const NOT_UTF8: CloseCode = CloseCode(1007);

type Socket<S> = WebSocketStream<Guarded<S>>;

/// How a socket comes to its end.
enum Ending {
    /// The peer broke a rule of framing: nothing further on this connection can be understood.
    Broken(Close),
    /// This side has something to say in its close frame.
    Close(Close),
    /// The peer closed, or the connection is gone.
    Gone,
    /// The session let go of the socket without a word.
    Released,
}

/// Serves one upgraded connection to its end.
pub(crate) async fn run<S>(hub: Arc<HubInner>, connection: S, visitor: Visitor)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    count(&hub.counters.sockets);
    let guarded = Guarded::new(connection, hub.config.max_parts);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(hub.config.max_packet.saturating_add(PONG_ROOM))
        .max_message_size(Some(hub.config.max_packet))
        .max_frame_size(Some(hub.config.max_packet));
    let mut socket = WebSocketStream::from_raw_socket(guarded, Role::Server, Some(config)).await;
    let ending = match open(&hub, &mut socket, &visitor).await {
        Ok(attached) => carry(&hub, &mut socket, attached).await,
        Err(ending) => {
            count(&hub.counters.refused);
            ending
        }
    };
    end(socket, ending).await;
}

/// A socket that carries a session, until this is dropped: also where the task that serves it is.
struct Attached {
    driver: Arc<Driver>,
    carrier: CarrierId,
    commands: mpsc::Receiver<SocketCommand>,
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.driver.handle_closed(self.carrier);
    }
}

/// Reads the first packet and attaches the socket to the session that it names.
async fn open<S: AsyncRead + AsyncWrite + Unpin>(
    hub: &Arc<HubInner>,
    socket: &mut Socket<S>,
    visitor: &Visitor,
) -> Result<Attached, Ending> {
    let mut stopped = hub.stopped.subscribe();
    let packet = tokio::select! {
        packet = next_packet(socket) => packet?,
        () = tokio::time::sleep(hub.config.first_packet_timeout) => {
            let late = Close::new(CloseCode::TIMEOUT, "first-packet: nothing came in time");
            return Err(Ending::Close(late));
        }
        _ = stopped.wait_for(|stopped| *stopped) => return Err(Ending::Close(draining())),
    };
    let admitted = async {
        let opening = read_opening(&packet, CarrierKind::Socket)?;
        let principal = hub.authenticate(visitor, &opening.hello.token).await?;
        let carrier = hub.next_carrier();
        let (outlet, commands) = mpsc::channel(Outlet::SOCKET_COMMANDS);
        let driver = hub.attach(
            visitor,
            principal,
            carrier,
            &opening,
            Outlet::Socket(outlet),
        )?;
        Ok(Attached {
            driver,
            carrier,
            commands,
        })
    };
    match admitted.await {
        Ok(attached) => Ok(attached),
        Err(close) => Err(refuse(socket, close, hub.config.write_stall_timeout).await),
    }
}

/// Tells the reason in a packet, where all of it fits, before the close frame tells code and reason.
async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut Socket<S>,
    close: Close,
    timeout: Duration,
) -> Ending {
    let packet = Message::Binary(refusal_packet(&close).into());
    match tokio::time::timeout(timeout, socket.send(packet)).await {
        Ok(Ok(())) => Ending::Close(close),
        Ok(Err(_)) | Err(_) => Ending::Gone,
    }
}

/// What happens next on an attached socket.
enum Turn {
    Command(Option<SocketCommand>),
    Incoming(Option<Result<Message, WsError>>),
    Stalled,
    Written(Result<(), WsError>),
}

async fn carry<S: AsyncRead + AsyncWrite + Unpin>(
    hub: &HubInner,
    socket: &mut Socket<S>,
    mut attached: Attached,
) -> Ending {
    let mut stall = pin!(tokio::time::sleep(Duration::ZERO));
    // A packet starts on empty buffers, so there is always room for it; pongs get there without being asked for.
    let mut packet_under_way = false;
    let mut unflushed = false;
    let mut read_first = false;
    let patience = hub.config.write_stall_timeout;
    loop {
        // By turns, so that neither a flood nor a bulk message keeps the other direction waiting.
        read_first = !read_first;
        let turn = poll_fn(|cx| {
            if read_first && let Poll::Ready(incoming) = socket.poll_next_unpin(cx) {
                return Poll::Ready(Turn::Incoming(incoming));
            }
            if unflushed {
                if let Poll::Ready(written) = socket.poll_flush_unpin(cx) {
                    return Poll::Ready(Turn::Written(written));
                }
                if Pin::as_mut(&mut stall).poll(cx).is_ready() {
                    return Poll::Ready(Turn::Stalled);
                }
            } else if let Poll::Ready(command) = attached.commands.poll_recv(cx) {
                return Poll::Ready(Turn::Command(command));
            }
            if read_first {
                Poll::Pending
            } else {
                socket.poll_next_unpin(cx).map(Turn::Incoming)
            }
        })
        .await;
        match turn {
            Turn::Command(Some(SocketCommand::Close(close))) => return Ending::Close(close),
            Turn::Command(Some(SocketCommand::Transmit(packet))) => {
                if socket
                    .start_send_unpin(Message::Binary(Bytes::from(packet)))
                    .is_err()
                {
                    return Ending::Gone;
                }
                packet_under_way = true;
                unflushed = true;
                Sleep::reset(stall.as_mut(), Instant::now() + patience);
            }
            Turn::Command(None) => return Ending::Released,
            Turn::Incoming(Some(Ok(Message::Ping(_)))) => {
                if !unflushed {
                    unflushed = true;
                    Sleep::reset(stall.as_mut(), Instant::now() + patience);
                }
            }
            Turn::Incoming(incoming) => match judge(incoming) {
                Ok(Some(packet)) => attached.driver.handle_packet(attached.carrier, &packet),
                Ok(None) => {}
                Err(ending) => return ending,
            },
            Turn::Stalled => return Ending::Gone,
            Turn::Written(Ok(())) => {
                unflushed = false;
                if std::mem::take(&mut packet_under_way) {
                    attached.driver.handle_writable(attached.carrier);
                }
            }
            Turn::Written(Err(_)) => return Ending::Gone,
        }
    }
}

async fn next_packet<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut Socket<S>,
) -> Result<Bytes, Ending> {
    loop {
        if let Some(packet) = judge(socket.next().await)? {
            return Ok(packet);
        }
    }
}

/// A packet, nothing of interest, or the end.
fn judge(incoming: Option<Result<Message, WsError>>) -> Result<Option<Bytes>, Ending> {
    match incoming {
        Some(Ok(Message::Binary(packet))) => Ok(Some(packet)),
        Some(Ok(Message::Text(_))) => Err(Ending::Close(Close::new(
            CloseCode::UNSUPPORTED,
            "text: the session protocol is binary",
        ))),
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(None),
        // The answer to its close frame is on its way; `end` waits for that.
        Some(Ok(Message::Close(_))) | None => Err(Ending::Gone),
        Some(Err(error)) => Err(violation(&error).map_or(Ending::Gone, Ending::Broken)),
    }
}

/// The close that answers a broken rule of framing; `None` where the connection itself failed.
fn violation(error: &WsError) -> Option<Close> {
    match error {
        WsError::Capacity(CapacityError::MessageTooLong { .. }) => Some(Close::new(
            CloseCode::TOO_BIG,
            "packet: it is longer than this server takes",
        )),
        WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        WsError::Protocol(_) => Some(Close::new(CloseCode::PROTOCOL, "frame: it breaks RFC 6455")),
        WsError::Utf8(_) => Some(Close::new(
            NOT_UTF8,
            "utf8: text or a close reason that is not UTF-8",
        )),
        WsError::Io(error) => {
            let violation = error.get_ref()?.downcast_ref::<FrameViolation>()?;
            let code = match violation {
                FrameViolation::LengthNotMinimal => CloseCode::PROTOCOL,
                FrameViolation::TooManyParts => CloseCode::TOO_BIG,
            };
            Some(Close::new(code, &violation.to_string()))
        }
        _ => None,
    }
}

/// Says goodbye in due form, and waits a bounded time for the peer to do the same.
async fn end<S: AsyncRead + AsyncWrite + Unpin>(mut socket: Socket<S>, ending: Ending) {
    let deadline = Instant::now() + CLOSE_TIMEOUT;
    let (close, broken) = match ending {
        Ending::Broken(close) => (Some(close), true),
        Ending::Close(close) => (Some(close), false),
        Ending::Released => (
            Some(Close::new(
                CloseCode::GOING_AWAY,
                "gone: the session has ended",
            )),
            false,
        ),
        Ending::Gone => (None, false),
    };
    let frame = close.map(|close| CloseFrame {
        code: WsCloseCode::from(close.code.0),
        reason: close.reason.into(),
    });
    let goodbye = async {
        if let Some(frame) = frame {
            socket.close(Some(frame)).await?;
        }
        // Until the peer's close frame, or the end of what it sends: closing earlier would reset the connection, and the
        // peer would never see the code.
        while let Some(message) = socket.next().await {
            message?;
        }
        Ok::<(), WsError>(())
    };
    // An error here means that the peer is gone already, and a timeout that it does not care.
    let _ = tokio::time::timeout_at(deadline, goodbye).await;
    if broken {
        let _ = tokio::time::timeout_at(deadline, hang_up(socket.get_mut().inner_mut())).await;
    }
}

/// Ends our half, and takes what still comes without looking at it.
async fn hang_up<S: AsyncRead + AsyncWrite + Unpin>(connection: &mut S) -> std::io::Result<()> {
    connection.shutdown().await?;
    let mut waste = [0; 1_024];
    while connection.read(&mut waste).await? > 0 {}
    Ok(())
}
