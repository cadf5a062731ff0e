//! A session as the application has it.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use futures_core::Stream;
use futures_util::Sink;
use http::request::Parts;
use tidewire_proto::{Close, CloseCode, MessageId, Payload, SendError, SendErrorKind, Transport};

use crate::auth::Principal;
use crate::driver::{Driver, End, SessionCounts};
use crate::handshake::SubProtocol;

/// One client, across all its connections: a [`Stream`] of its messages, and ways to answer.
///
/// Each message comes once and in order. Yielding it is what acknowledges it to the client, so a session that is not
/// polled makes its client's `send` wait. The stream ends when the session has ended; [`end`](Self::end) says why.
///
/// Dropping it closes the session: with 1000, or with 1011 where the task panics.
#[must_use = "a session that is dropped is closed"]
pub struct Session {
    handle: SessionHandle,
    parts: Arc<Parts>,
    token: Vec<u8>,
    /// A message that the sink took while the outbox was full.
    pending: Option<Payload>,
}

impl Session {
    pub(crate) fn new(driver: Arc<Driver>, parts: Arc<Parts>, token: Vec<u8>) -> Self {
        Self {
            handle: SessionHandle::new(driver),
            parts,
            token,
            pending: None,
        }
    }

    /// The span that names this session in logs, by its public id; [`Hub::run`](crate::Hub::run) runs handlers in it.
    pub(crate) fn span(&self) -> tracing::Span {
        self.handle.driver.span().clone()
    }

    /// A handle that other tasks can send with; it does not keep the session open.
    pub fn handle(&self) -> SessionHandle {
        self.handle.clone()
    }

    /// The head of the request that opened the session.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The token with which the client opened the session, at most 8 KiB; empty where it gave none.
    pub fn token(&self) -> &[u8] {
        &self.token
    }

    /// The WebSocket sub-protocol that was agreed on when the session was opened; `None` where none was, or over HTTP.
    pub fn protocol(&self) -> Option<&str> {
        self.parts
            .extensions
            .get::<SubProtocol>()
            .and_then(SubProtocol::name)
    }

    /// The number of this session on this hub. It is no secret and never used twice.
    pub fn id(&self) -> u64 {
        self.handle.id()
    }

    /// Whose session it is, where the hub authenticates.
    pub fn principal(&self) -> Option<&Principal> {
        self.handle.principal()
    }

    /// What carries the session; `None` while the client is away.
    pub fn transport(&self) -> Option<Transport> {
        self.handle.transport()
    }

    /// Sends a message, waiting while the outbox is full. See [`SessionHandle::send`].
    ///
    /// # Errors
    /// As [`SessionHandle::send`].
    pub async fn send(&self, message: impl Into<Payload>) -> Result<Receipt, SendError> {
        self.handle.send(message).await
    }

    /// Sends a message, or hands it back at once. See [`SessionHandle::try_send`].
    ///
    /// # Errors
    /// As [`SessionHandle::try_send`].
    pub fn try_send(&self, message: impl Into<Payload>) -> Result<Receipt, SendError> {
        self.handle.try_send(message)
    }

    /// Closes the session gracefully. See [`SessionHandle::close`].
    pub fn close(&self, code: CloseCode, reason: &str) {
        self.handle.close(code, reason);
    }

    /// How the session ended; `None` while it lives.
    pub fn end(&self) -> Option<Arc<End>> {
        self.handle.end()
    }

    /// Takes over the message that waits for room; `Ready(Ok)` when none waits any more.
    fn poll_pending(&mut self, cx: &Context<'_>) -> Poll<Result<(), SendError>> {
        let Some(message) = self.pending.take() else {
            return Poll::Ready(Ok(()));
        };
        // First the waker, then the attempt: room that comes in between is not missed.
        self.handle.driver.wake_sink(cx);
        match self.handle.driver.try_send(message) {
            Ok(_) => Poll::Ready(Ok(())),
            Err(SendError {
                payload,
                kind: SendErrorKind::Full,
            }) => {
                self.pending = Some(payload);
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl Stream for Session {
    type Item = Payload;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Payload>> {
        self.handle.driver.poll_message(cx)
    }
}

/// Back-pressure: `poll_ready` waits while the outbox is full. `poll_flush` says that the session has taken the messages,
/// not that the client has them; [`Receipt`] says that.
impl Sink<Payload> for Session {
    type Error = SendError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.poll_pending(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Payload) -> Result<(), SendError> {
        if self.pending.is_some() {
            return Err(SendError {
                payload: message,
                kind: SendErrorKind::Full,
            });
        }
        match self.handle.driver.try_send(message) {
            Ok(_) => Ok(()),
            Err(SendError {
                payload,
                kind: SendErrorKind::Full,
            }) => {
                self.pending = Some(payload);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.poll_pending(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        ready!(self.poll_pending(cx))?;
        self.close(CloseCode::NORMAL, "done: the server has finished");
        Poll::Ready(Ok(()))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.handle
                .close(CloseCode::INTERNAL, "panic: the server's handler failed");
        } else {
            self.handle
                .close(CloseCode::NORMAL, "done: the server has finished");
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id())
            .field("transport", &self.transport())
            .finish_non_exhaustive()
    }
}

/// Another end of a session: cheap to clone, to be kept in lists and sent between tasks.
///
/// It does not keep the session open: once the [`Session`] is dropped or has ended, sending fails.
#[derive(Clone)]
pub struct SessionHandle {
    driver: Arc<Driver>,
}

impl SessionHandle {
    pub(crate) fn new(driver: Arc<Driver>) -> Self {
        Self { driver }
    }

    /// The number of this session on this hub. It is no secret and never used twice.
    pub fn id(&self) -> u64 {
        self.driver.id()
    }

    /// Whose session it is, where the hub authenticates.
    pub fn principal(&self) -> Option<&Principal> {
        self.driver.name().principal()
    }

    /// What carries the session; `None` while the client is away, or when the session has ended.
    pub fn transport(&self) -> Option<Transport> {
        self.driver.transport()
    }

    /// The other end of the TCP connection that attached last, where [`serve`](crate::serve) noted it.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.driver.peer()
    }

    /// When the session was opened.
    pub fn since(&self) -> SystemTime {
        self.driver.since()
    }

    /// What the session has counted.
    pub fn counts(&self) -> SessionCounts {
        self.driver.counts()
    }

    /// How the session ended; `None` while it lives.
    pub fn end(&self) -> Option<Arc<End>> {
        self.driver.end()
    }

    /// Completes when the session has ended; messages that came before may still wait in the [`Session`].
    pub async fn ended(&self) -> Arc<End> {
        loop {
            let mut over = pin!(self.driver.over());
            over.as_mut().enable();
            if let Some(end) = self.driver.end() {
                return end;
            }
            over.await;
        }
    }

    /// Sends a message, waiting while the outbox is full (the client is away or does not keep up).
    ///
    /// `Ok` means that the session has it and will deliver it as long as the session lives; the [`Receipt`] tells when the
    /// client's application has it. Cancelling before `Ok` sends nothing.
    ///
    /// # Errors
    /// The message is handed back: [`SendErrorKind::Closed`] when the session is closing or has ended,
    /// [`SendErrorKind::TooLarge`] when the client takes no message of this length.
    pub async fn send(&self, message: impl Into<Payload>) -> Result<Receipt, SendError> {
        let mut message = message.into();
        loop {
            let mut capacity = pin!(self.driver.capacity());
            capacity.as_mut().enable();
            match self.driver.try_send(message) {
                Ok(id) => return Ok(Receipt::new(Arc::clone(&self.driver), id)),
                Err(SendError {
                    payload,
                    kind: SendErrorKind::Full,
                }) => message = payload,
                Err(error) => return Err(error),
            }
            capacity.await;
        }
    }

    /// Sends a message, or hands it back at once.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`SendErrorKind::Full`] when the outbox is full.
    pub fn try_send(&self, message: impl Into<Payload>) -> Result<Receipt, SendError> {
        let id = self.driver.try_send(message.into())?;
        Ok(Receipt::new(Arc::clone(&self.driver), id))
    }

    /// Closes the session: what was sent before goes first, for [`close_timeout`](crate::SessionConfig::close_timeout) (8 s)
    /// at most. The reason has the form `name: human text` and is cut to 123 bytes; [`CloseCode`] says how clients react. A client that is away hears it when it comes back.
    ///
    /// A code that RFC 6455 lets no one send (anything but 1000 to 1003, 1007 to 1014 and 3000 to 4999) is replaced by 1011.
    pub fn close(&self, code: CloseCode, reason: &str) {
        self.close_with(Close::new(code, reason));
    }

    /// The same, with advice to the client when to come back, where the close has one.
    pub fn close_with(&self, close: Close) {
        self.driver.close(close);
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionHandle")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

/// Resolves when the client's application has the message.
///
/// Dropping it changes nothing about the message.
pub struct Receipt {
    driver: Arc<Driver>,
    id: MessageId,
    waits: bool,
}

impl Receipt {
    fn new(driver: Arc<Driver>, id: MessageId) -> Self {
        Self {
            driver,
            id,
            waits: false,
        }
    }

    /// The message's name in [`End::unconfirmed`].
    pub fn id(&self) -> MessageId {
        self.id
    }
}

impl Future for Receipt {
    /// `Err` when the session ended first: the message may or may not have arrived.
    type Output = Result<(), Arc<End>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = self.driver.poll_receipt(self.id, cx);
        self.waits = answer.is_pending();
        answer
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if self.waits {
            self.driver.forget_receipt(self.id);
        }
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
