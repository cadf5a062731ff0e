//! Typed messages: what an application means, and how it travels.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::Message;
use crate::client::Sender;
use crate::error::{CodecError, DecodeError, SendError};
use crate::events::Events;
use crate::messages::Messages;
use crate::receipt::Receipt;

/// Turns values of type `T` into messages.
pub trait Encoder<T> {
    /// The message that carries `value`.
    ///
    /// # Errors
    ///
    /// When the value cannot be written in this form.
    fn encode(value: &T) -> Result<Message, CodecError>;
}

/// Turns messages into values of type `T`.
pub trait Decoder<T> {
    /// The value that `message` carries.
    ///
    /// # Errors
    ///
    /// When the message carries no such value.
    fn decode(message: &Message) -> Result<T, CodecError>;
}

/// JSON in text messages, by serde; binary messages are read as well.
#[cfg(feature = "json")]
#[derive(Clone, Copy, Debug)]
pub struct Json;

#[cfg(feature = "json")]
impl<T: serde::Serialize> Encoder<T> for Json {
    fn encode(value: &T) -> Result<Message, CodecError> {
        serde_json::to_string(value)
            .map(Message::Text)
            .map_err(error)
    }
}

#[cfg(feature = "json")]
impl<T: serde::de::DeserializeOwned> Decoder<T> for Json {
    fn decode(message: &Message) -> Result<T, CodecError> {
        serde_json::from_slice(message.as_bytes()).map_err(error)
    }
}

/// [postcard](https://docs.rs/postcard) in binary messages, by serde: compact, for peers that share the
/// types.
#[cfg(feature = "postcard")]
#[derive(Clone, Copy, Debug)]
pub struct Postcard;

#[cfg(feature = "postcard")]
impl<T: serde::Serialize> Encoder<T> for Postcard {
    fn encode(value: &T) -> Result<Message, CodecError> {
        postcard::to_allocvec(value)
            .map(Message::Binary)
            .map_err(error)
    }
}

#[cfg(feature = "postcard")]
impl<T: serde::de::DeserializeOwned> Decoder<T> for Postcard {
    fn decode(message: &Message) -> Result<T, CodecError> {
        postcard::from_bytes(message.as_bytes()).map_err(error)
    }
}

#[cfg(any(feature = "json", feature = "postcard"))]
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is the last stop of an error"
)]
fn error(error: impl ToString) -> CodecError {
    CodecError::new(error.to_string())
}

/// A client that sends values of type `O` and receives values of type `I`; see
/// [`Client::typed`](crate::Client::typed).
pub struct Typed<O, I, C> {
    sender: TypedSender<O, C>,
    messages: TypedMessages<I, C>,
    events: Events,
}

impl<O, I, C> Typed<O, I, C>
where
    C: Encoder<O> + Decoder<I>,
{
    pub(crate) const fn new(sender: Sender, messages: Messages, events: Events) -> Self {
        Self {
            sender: TypedSender {
                sender,
                types: PhantomData,
            },
            messages: TypedMessages {
                messages,
                types: PhantomData,
            },
            events,
        }
    }

    /// Takes the client apart.
    pub fn split(self) -> (TypedSender<O, C>, TypedMessages<I, C>, Events) {
        (self.sender, self.messages, self.events)
    }

    /// See [`TypedSender::send`].
    ///
    /// # Errors
    ///
    /// See [`TypedSender::send`].
    pub async fn send(&self, value: O) -> Result<Receipt, SendError<O>> {
        self.sender.send(value).await
    }

    /// See [`TypedSender::try_send`].
    ///
    /// # Errors
    ///
    /// See [`TypedSender::try_send`].
    pub fn try_send(&self, value: O) -> Result<Receipt, SendError<O>> {
        self.sender.try_send(value)
    }

    /// The next value of the peer; see [`TypedMessages::next`].
    pub async fn next(&mut self) -> Option<Result<I, DecodeError>> {
        self.messages.next().await
    }

    /// The events of the connection.
    pub const fn events(&mut self) -> &mut Events {
        &mut self.events
    }

    /// The untyped sending part, which also closes the client and tells its state.
    pub const fn sender(&self) -> &Sender {
        self.sender.untyped()
    }
}

impl<O, I, C> fmt::Debug for Typed<O, I, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Typed")
            .field("sender", &self.sender)
            .finish_non_exhaustive()
    }
}

/// Sends values of type `O`.
pub struct TypedSender<O, C> {
    sender: Sender,
    types: PhantomData<fn(O) -> C>,
}

impl<O, C: Encoder<O>> TypedSender<O, C> {
    /// Encodes a value and puts it into the outbox, as [`Sender::send`] does.
    ///
    /// # Errors
    ///
    /// [`SendError::Encode`] when the codec fails; else those of [`Sender::send`]. The value is handed
    /// back.
    pub async fn send(&self, value: O) -> Result<Receipt, SendError<O>> {
        match C::encode(&value) {
            Ok(message) => self
                .sender
                .send(message)
                .await
                .map_err(|error| error.with(value)),
            Err(error) => Err(SendError::Encode(value, error)),
        }
    }

    /// Encodes a value and puts it into the outbox now, as [`Sender::try_send`] does.
    ///
    /// # Errors
    ///
    /// [`SendError::Encode`] when the codec fails; else those of [`Sender::try_send`]. The value is
    /// handed back.
    pub fn try_send(&self, value: O) -> Result<Receipt, SendError<O>> {
        match C::encode(&value) {
            Ok(message) => self
                .sender
                .try_send(message)
                .map_err(|error| error.with(value)),
            Err(error) => Err(SendError::Encode(value, error)),
        }
    }
}

impl<O, C> TypedSender<O, C> {
    /// The untyped sender, which also closes the client and tells its state.
    pub const fn untyped(&self) -> &Sender {
        &self.sender
    }
}

impl<O, C> Clone for TypedSender<O, C> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            types: PhantomData,
        }
    }
}

impl<O, C> fmt::Debug for TypedSender<O, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sender.fmt(f)
    }
}

/// The stream of the peer's values. What cannot be decoded comes as an error that holds the message;
/// it is acknowledged all the same, and the stream goes on.
pub struct TypedMessages<I, C> {
    messages: Messages,
    types: PhantomData<fn(C) -> I>,
}

impl<I, C: Decoder<I>> TypedMessages<I, C> {
    /// The next value, or `None` after the last.
    pub async fn next(&mut self) -> Option<Result<I, DecodeError>> {
        self.messages.next().await.map(decode::<I, C>)
    }
}

impl<I, C: Decoder<I>> Stream for TypedMessages<I, C> {
    type Item = Result<I, DecodeError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.messages)
            .poll_next(context)
            .map(|next| next.map(decode::<I, C>))
    }
}

impl<I, C> fmt::Debug for TypedMessages<I, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.messages.fmt(f)
    }
}

fn decode<I, C: Decoder<I>>(message: Message) -> Result<I, DecodeError> {
    C::decode(&message).map_err(|error| DecodeError { message, error })
}
