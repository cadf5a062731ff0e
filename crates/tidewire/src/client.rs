//! The handles of a client.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_core::Stream;
use tidewire_proto::{Close, CloseCode, Stats, Transport, Unconfirmed, Verdict};

use crate::Message;
use crate::backlog::Shared;
use crate::builder::Builder;
use crate::codec::{Decoder, Encoder, Typed};
use crate::env::clock;
use crate::error::{InvalidCloseCode, SendError};
use crate::events::{Events, State};
use crate::messages::Messages;
use crate::receipt::Receipt;

/// A client of a tidewire server, or in bare mode of any WebSocket server.
///
/// It is a [`Sender`], a stream of [`Messages`] and a stream of [`Events`] in one; [`split`](Self::split)
/// takes it apart. When the last of these handles is dropped, the client is undone: its socket is
/// closed, its requests are aborted, its timer and its listeners are removed.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let mut client = tidewire::Client::builder("/live").connect()?;
/// let receipt = client.send("ahoy").await?;
/// receipt.await?; // the server's application has it
/// while let Some(message) = client.next().await {
///     println!("{message:?}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Client {
    sender: Sender,
    messages: Messages,
    events: Events,
}

impl Client {
    /// Begins to configure a client for the server at `url`: `http`, `https`, `ws`, `wss`, or relative
    /// to the page. All transports use this one URL.
    pub fn builder(url: &str) -> Builder {
        Builder::new(url)
    }

    pub(crate) fn new(shared: Rc<Shared>) -> Self {
        Self {
            sender: Sender {
                shared: Rc::clone(&shared),
            },
            messages: Messages::new(Rc::clone(&shared)),
            events: Events::new(shared),
        }
    }

    /// Takes the client apart; the parts can live in different places.
    pub fn split(self) -> (Sender, Messages, Events) {
        (self.sender, self.messages, self.events)
    }

    /// The sending part.
    pub const fn sender(&self) -> &Sender {
        &self.sender
    }

    /// The peer's messages.
    pub const fn messages(&mut self) -> &mut Messages {
        &mut self.messages
    }

    /// The events of the connection.
    pub const fn events(&mut self) -> &mut Events {
        &mut self.events
    }

    /// The next message of the peer; see [`Messages::next`].
    pub async fn next(&mut self) -> Option<Message> {
        self.messages.next().await
    }

    /// See [`Sender::send`].
    pub fn send(&self, message: impl Into<Message>) -> Sending<'_> {
        self.sender.send(message)
    }

    /// See [`Sender::try_send`].
    ///
    /// # Errors
    ///
    /// See [`Sender::try_send`].
    pub fn try_send(&self, message: impl Into<Message>) -> Result<Receipt, SendError<Message>> {
        self.sender.try_send(message)
    }

    /// See [`Sender::close`].
    pub fn close(&self, code: CloseCode, reason: &str) -> Closing {
        self.sender.close(code, reason)
    }

    /// See [`Sender::state`].
    pub fn state(&self) -> State {
        self.sender.state()
    }

    /// See [`Sender::transport`].
    pub fn transport(&self) -> Option<Transport> {
        self.sender.transport()
    }

    /// See [`Sender::verdict`].
    pub fn verdict(&self) -> Option<Verdict> {
        self.sender.verdict()
    }

    /// See [`Sender::stats`].
    pub fn stats(&self) -> Stats {
        self.sender.stats()
    }
}

impl Client {
    /// The same client with typed messages, encoded and decoded by `C`.
    ///
    /// ```no_run
    /// # #[cfg(feature = "json")]
    /// # async fn run(client: tidewire::Client) {
    /// use tidewire::Json;
    ///
    /// // Sends numbers, receives texts.
    /// let mut typed = client.typed::<u32, String, Json>();
    /// drop(typed.try_send(7));
    /// let answer: Option<Result<String, tidewire::DecodeError>> = typed.next().await;
    /// # }
    /// ```
    pub fn typed<O, I, C>(self) -> Typed<O, I, C>
    where
        C: Encoder<O> + Decoder<I>,
    {
        let (sender, messages, events) = self.split();
        Typed::new(sender, messages, events)
    }
}

impl Stream for Client {
    type Item = Message;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Message>> {
        Pin::new(&mut self.messages).poll_next(context)
    }
}

/// Sends messages, closes the client, and tells how it stands. Clones are cheap.
#[derive(Clone)]
pub struct Sender {
    shared: Rc<Shared>,
}

impl Sender {
    /// Puts a message into the outbox, in the order of the calls; waits for room where the policy is to
    /// [wait](crate::OverflowPolicy::Wait), first come first served.
    ///
    /// The receipt tells what becomes of the message. Dropping the future before it is done takes the
    /// message back.
    ///
    /// # Errors
    ///
    /// As [`try_send`](Self::try_send); [`SendError::Full`] only where the policy is to refuse.
    pub fn send(&self, message: impl Into<Message>) -> Sending<'_> {
        Sending {
            shared: &self.shared,
            message: Some(message.into()),
            ticket: None,
        }
    }

    /// Puts a message into the outbox now, or hands it back.
    ///
    /// # Errors
    ///
    /// - [`SendError::Full`]: there is no room, and the policy is to wait or to refuse.
    /// - [`SendError::TooLarge`]: the server would not take it.
    /// - [`SendError::Closed`]: the client is closed or closing.
    pub fn try_send(&self, message: impl Into<Message>) -> Result<Receipt, SendError<Message>> {
        self.shared.send(message.into())
    }

    /// Closes the client: what was sent goes first (5 s at most), then the reason. The closing begins
    /// at once; the future only tells how it ended.
    ///
    /// The reason is cut at 123 bytes.
    pub fn close(&self, code: CloseCode, reason: &str) -> Closing {
        let code_is_valid = matches!(code.0, 1000 | 3000..=4999);
        if code_is_valid {
            self.shared.close(Close::new(code, reason));
        }
        Closing {
            shared: Rc::clone(&self.shared),
            refused: (!code_is_valid).then_some(InvalidCloseCode(code)),
        }
    }

    /// Where the client stands now.
    pub fn state(&self) -> State {
        State::read(self.shared.read(|machine| machine.state()), clock::now())
    }

    /// The transport that carries the session, if any does now.
    pub fn transport(&self) -> Option<Transport> {
        self.state().transport()
    }

    /// What the server said at the last attach; `None` before the first.
    pub fn verdict(&self) -> Option<Verdict> {
        self.shared.backlog().verdict()
    }

    /// The counters, as of now.
    pub fn stats(&self) -> Stats {
        self.shared.read(|machine| machine.stats())
    }

    /// The longest message that can be sent, in bytes: this client's own limit until the server has
    /// told a smaller one.
    pub fn max_message(&self) -> u64 {
        self.shared.read(|machine| machine.max_message())
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("state", &self.state())
            .finish()
    }
}

/// The future of [`Sender::send`].
#[must_use = "a message is sent when its future is awaited"]
pub struct Sending<'s> {
    shared: &'s Rc<Shared>,
    message: Option<Message>,
    /// Its place among those who wait for room.
    ticket: Option<u64>,
}

impl Future for Sending<'_> {
    type Output = Result<Receipt, SendError<Message>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.shared.backlog().is_first(self.ticket) {
            // A future that is polled after its end stays pending.
            let Some(message) = self.message.take() else {
                return Poll::Pending;
            };
            match self.shared.send(message) {
                Err(SendError::Full(message)) if self.shared.waits() => {
                    self.message = Some(message);
                }
                result => {
                    self.leave();
                    return Poll::Ready(result);
                }
            }
        }
        self.ticket = Some(self.shared.backlog().wait(self.ticket, context.waker()));
        Poll::Pending
    }
}

impl Sending<'_> {
    fn leave(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.shared.backlog().leave(ticket);
        }
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for Sending<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending")
            .field("waits", &self.ticket.is_some())
            .finish_non_exhaustive()
    }
}

/// The future of [`Sender::close`]: resolves when the client is closed, with the messages that were
/// never acknowledged.
#[must_use = "await it to learn what was not acknowledged, or drop it explicitly"]
pub struct Closing {
    shared: Rc<Shared>,
    refused: Option<InvalidCloseCode>,
}

impl Future for Closing {
    type Output = Result<Vec<Unconfirmed>, InvalidCloseCode>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.refused {
            Some(refused) => Poll::Ready(Err(refused)),
            None => self.shared.backlog().poll_end(context.waker()).map(Ok),
        }
    }
}

impl fmt::Debug for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing")
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}
