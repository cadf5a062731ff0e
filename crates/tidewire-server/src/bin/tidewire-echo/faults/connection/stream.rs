//! Connections that can be reset, frozen or slowed from outside: what obeys.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use axum::serve::Listener;
use tidewire_server::Tcp;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::super::Faults;
use super::{Connections, Control, Mood, lock, reset};

/// Accepts connections that obey.
pub(crate) struct FaultyListener {
    inner: Tcp,
    connections: Connections,
}

impl FaultyListener {
    pub(crate) fn new(inner: Tcp, faults: &Faults) -> Self {
        Self {
            inner,
            connections: faults.inner.connections.clone(),
        }
    }
}

impl Listener for FaultyListener {
    type Io = FaultyStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (FaultyStream, SocketAddr) {
        let (stream, peer) = self.inner.accept().await;
        let control = Arc::new(Control::default());
        lock(&self.connections.shared.open).insert(peer, Arc::clone(&control));
        let connections = self.connections.clone();
        (
            FaultyStream {
                stream: Some(stream),
                peer,
                control,
                connections,
                nap: None,
            },
            peer,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// A connection that obeys.
pub(crate) struct FaultyStream {
    /// Always there until drop.
    stream: Option<TcpStream>,
    peer: SocketAddr,
    control: Arc<Control>,
    connections: Connections,
    /// Runs while something has arrived that is read later.
    nap: Option<Pin<Box<Sleep>>>,
}

impl FaultyStream {
    /// The connection, when it may be used.
    fn poll_sound(&mut self, cx: &Context<'_>) -> Poll<io::Result<Pin<&mut TcpStream>>> {
        let mut state = lock(&self.control.state);
        match state.mood {
            Mood::Cut => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            Mood::Frozen | Mood::Lost | Mood::Sound => {
                if !state.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
                    // One reader and one writer at a time; older ones were replaced.
                    if state.wakers.len() >= 4 {
                        state.wakers.remove(0);
                    }
                    state.wakers.push(cx.waker().clone());
                }
                if state.mood.is_frozen() {
                    return Poll::Pending;
                }
                drop(state);
                match &mut self.stream {
                    Some(stream) => Poll::Ready(Ok(Pin::new(stream))),
                    None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
                }
            }
        }
    }

    /// Waits until the delay has passed since something arrived.
    fn poll_nap(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.nap.is_none() {
            let Some(delay) = *lock(&self.connections.shared.delay) else {
                return Poll::Ready(Ok(()));
            };
            // Requests are delayed as a whole, where they are known to be of an endpoint that faults are about.
            if !self.control.is_socket() {
                return Poll::Ready(Ok(()));
            }
            ready!(ready!(self.poll_sound(cx))?.poll_read_ready(cx))?;
            self.connections
                .shared
                .delayed
                .fetch_add(1, Ordering::Relaxed);
            self.nap = Some(Box::pin(tokio::time::sleep(delay)));
        }
        if let Some(nap) = &mut self.nap {
            ready!(nap.as_mut().poll(cx));
            self.nap = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for FaultyStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_nap(cx))?;
        let before = buf.filled().len();
        ready!(ready!(self.poll_sound(cx))?.poll_read(cx, buf))?;
        let arrived = buf.filled().get(before..).unwrap_or_default();
        lock(&self.control.tap).read(arrived);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for FaultyStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let control = Arc::clone(&self.control);
        let stream = ready!(self.poll_sound(cx))?;
        let mut tap = lock(&control.tap);
        tap.about_to_write(buf);
        let written = ready!(stream.poll_write(cx, buf))?;
        tap.wrote(buf.get(..written).unwrap_or_default());
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_sound(cx))?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_sound(cx))?.poll_shutdown(cx)
    }
}

impl Drop for FaultyStream {
    fn drop(&mut self) {
        lock(&self.connections.shared.open).remove(&self.peer);
        let Some(stream) = self.stream.take() else {
            return;
        };
        match self.control.mood() {
            Mood::Cut => reset(&stream),
            mood @ (Mood::Frozen | Mood::Lost) => self.connections.bury(stream, mood),
            Mood::Sound => {}
        }
    }
}
