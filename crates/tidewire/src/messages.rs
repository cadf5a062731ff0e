//! What the peer sends, as a stream or through a callback.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use tidewire_proto::SessionNumber;

use crate::Message;
use crate::backlog::Shared;

/// The stream of the peer's messages, in order, each exactly once; it ends when the client is closed
/// and everything was taken.
///
/// Taking a message from the stream acknowledges it to the peer. What is not taken stays in the queue,
/// which is bounded by the window of [`Limits`](crate::Limits): a slow application slows the peer down.
/// So does one that drops this handle while others keep the client alive; where messages do not matter,
/// [discard](Self::deliver_to) them.
pub struct Messages {
    shared: Rc<Shared>,
}

impl Messages {
    pub(crate) const fn new(shared: Rc<Shared>) -> Self {
        Self { shared }
    }

    /// The next message, or `None` after the last.
    pub async fn next(&mut self) -> Option<Message> {
        poll_fn(|context| self.poll(context)).await
    }

    /// Calls `handler` with each message, at once when it arrives, until the returned guard is dropped.
    ///
    /// A message is acknowledged when the handler returns. The handler may send, close the client and
    /// drop the guard.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), tidewire::ConfigError> {
    /// let (sender, messages, _events) = tidewire::Client::builder("/live").connect()?.split();
    /// let _delivery = messages.deliver_to(move |message| {
    ///     drop(sender.try_send(message));
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn deliver_to(self, handler: impl FnMut(Message) + 'static) -> Delivery {
        let handler: Handler = Rc::new(RefCell::new(handler));
        self.shared.backlog().inbox.borrow_mut().handler = Some(Rc::downgrade(&handler));
        // What is here already goes out in the next turn: the caller may not be ready for it yet.
        self.shared.schedule();
        Delivery {
            shared: Rc::clone(&self.shared),
            _handler: handler,
        }
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Message>> {
        let mut inbox = self.shared.backlog().inbox.borrow_mut();
        let Some((session, message)) = inbox.queue.pop_front() else {
            if inbox.ended {
                return Poll::Ready(None);
            }
            inbox.waker = Some(context.waker().clone());
            return Poll::Pending;
        };
        drop(inbox);
        self.shared.consumed(session);
        Poll::Ready(Some(message))
    }
}

impl Stream for Messages {
    type Item = Message;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Message>> {
        self.poll(context)
    }
}

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").finish_non_exhaustive()
    }
}

/// Keeps a handler of messages in place. Dropping it lets go of the handler and of this hold on the
/// client.
#[must_use = "dropping the guard ends the delivery"]
pub struct Delivery {
    shared: Rc<Shared>,
    _handler: Handler,
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.shared.backlog().inbox.borrow_mut().handler = None;
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}

/// What the application wants done with each message.
pub(crate) type Handler = Rc<HandlerCell>;

type HandlerCell = RefCell<dyn FnMut(Message)>;

/// The messages that wait to be taken; bounded by the window that the peer was told.
#[derive(Default)]
pub(crate) struct Inbox {
    pub(crate) queue: VecDeque<(SessionNumber, Message)>,
    waker: Option<Waker>,
    /// Weak, so that a handler which holds the client does not keep itself alive.
    handler: Option<Weak<HandlerCell>>,
    ended: bool,
}

impl Inbox {
    pub(crate) fn push(&mut self, session: SessionNumber, message: Message, wake: &mut Vec<Waker>) {
        self.queue.push_back((session, message));
        wake.extend(self.waker.take());
    }

    pub(crate) fn end(&mut self, wake: &mut Vec<Waker>) {
        self.ended = true;
        wake.extend(self.waker.take());
    }

    pub(crate) fn handler(&self) -> Option<Handler> {
        self.handler.as_ref()?.upgrade()
    }
}
