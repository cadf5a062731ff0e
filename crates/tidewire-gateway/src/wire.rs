//! Two wrappers of a connection: one that gives back what was read ahead, one that reads along.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::frames::Frames;

/// A connection of which something was read already, and is read again first.
#[derive(Debug)]
pub(crate) struct Rewound<S> {
    ahead: Bytes,
    inner: S,
}

impl<S> Rewound<S> {
    pub(crate) fn new(ahead: Bytes, inner: S) -> Self {
        Self { ahead, inner }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Rewound<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let take = self.ahead.len().min(buf.remaining());
        buf.put_slice(&self.ahead.copy_to_bytes(take));
        Poll::Ready(Ok(()))
    }
}

/// A connection whose incoming frames are followed.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    inner: S,
    frames: Arc<Mutex<Frames>>,
}

impl<S> Watched<S> {
    /// The connection, and what is known of what came on it.
    pub(crate) fn new(inner: S) -> (Self, Arc<Mutex<Frames>>) {
        let frames = Arc::new(Mutex::new(Frames::default()));
        let watched = Self {
            inner,
            frames: Arc::clone(&frames),
        };
        (watched, frames)
    }

    /// The code in the close frame that came, if it had one.
    pub(crate) fn close_code(&self) -> Option<u16> {
        // Nothing under this lock can panic.
        let frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        frames.close_code()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        let fresh = buf.filled().get(before..).unwrap_or_default();
        // Nothing under this lock can panic.
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        frames.scan(fresh);
        read
    }
}

/// Writing is the inner connection's.
macro_rules! write_through {
    ($wrapper:ident) => {
        impl<S: AsyncWrite + Unpin> AsyncWrite for $wrapper<S> {
            fn poll_write(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.inner).poll_write(cx, buf)
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.inner).poll_flush(cx)
            }

            fn poll_shutdown(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
            ) -> Poll<io::Result<()>> {
                Pin::new(&mut self.inner).poll_shutdown(cx)
            }
        }
    };
}

write_through!(Rewound);
write_through!(Watched);
