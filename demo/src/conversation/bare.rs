//! The same traffic over the browser's WebSocket, without the library: reconnect as one writes it by hand.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::ledger::{Counts, Ledger};
use super::numbered::Tag;
use crate::socket::{PlainSocket, SocketEvent};

/// Milliseconds between the end of a socket and the next attempt.
const RETRY_AFTER: u32 = 1_000;

/// A bare WebSocket that is opened again whenever it closes; clones share it.
#[derive(Clone)]
pub(crate) struct Bare(Rc<RefCell<Inside>>);

struct Inside {
    url: String,
    tag: Tag,
    next_number: u64,
    socket: Option<PlainSocket>,
    retry: Option<Timeout>,
    ledger: Ledger,
    opened: u64,
    changed: Callback<()>,
}

/// What is seen of a [`Bare`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct BareView {
    pub(crate) is_open: bool,
    /// Times that a socket opened.
    pub(crate) opened: u64,
    pub(crate) counts: Counts,
}

impl Bare {
    fn new(url: String, changed: Callback<()>) -> Self {
        let bare = Self(Rc::new(RefCell::new(Inside {
            url,
            tag: Tag::random(),
            next_number: 1,
            socket: None,
            retry: None,
            ledger: Ledger::default(),
            opened: 0,
            changed,
        })));
        bare.open();
        bare
    }

    /// Sends a text with its own next number. Where no socket is open it is lost, as `WebSocket.send` loses it.
    pub(crate) fn send(&self, text: &str) {
        let mut inside = self.0.borrow_mut();
        if !inside.ledger.has_room() {
            return;
        }
        let number = inside.next_number;
        inside.next_number += 1;
        inside.ledger.sent(number);
        let message = inside.tag.write(number, text);
        let socket = inside.socket.as_ref();
        let is_sent = socket.is_some_and(|socket| socket.send(&message));
        if !is_sent {
            inside.ledger.gone(number);
        }
    }

    /// The tag of its messages.
    pub(crate) fn tag(&self) -> Tag {
        self.0.borrow().tag.clone()
    }

    pub(crate) fn view(&self) -> BareView {
        let inside = self.0.borrow();
        BareView {
            is_open: inside.socket.as_ref().is_some_and(PlainSocket::is_open),
            opened: inside.opened,
            counts: inside.ledger.counts(),
        }
    }

    /// The socket holds its owner weakly, or neither would ever go.
    fn open(&self) {
        let weak = Rc::downgrade(&self.0);
        let url = self.0.borrow().url.clone();
        let socket = PlainSocket::open(&url, move |event| {
            if let Some(inside) = weak.upgrade() {
                Self(inside).take(event);
            }
        });
        let refused = socket.is_none();
        let before = std::mem::replace(&mut self.0.borrow_mut().socket, socket);
        drop(before);
        if refused {
            self.retry();
        }
    }

    fn take(&self, event: SocketEvent) {
        match event {
            SocketEvent::Binary(_) => {}
            // What was sent and not echoed by now will never be: nobody sends it again.
            SocketEvent::Closed { .. } => {
                self.0.borrow_mut().ledger.all_gone();
                self.retry();
            }
            SocketEvent::Opened => self.0.borrow_mut().opened += 1,
            SocketEvent::Text(text) => {
                let mut inside = self.0.borrow_mut();
                // Anything else is a broadcast.
                if let Some((number, _)) = inside.tag.read(&text) {
                    inside.ledger.echoed(number);
                }
            }
        }
        let changed = self.0.borrow().changed.clone();
        changed.emit(());
    }

    fn retry(&self) {
        let weak = Rc::downgrade(&self.0);
        let retry = Timeout::new(RETRY_AFTER, move || {
            if let Some(inside) = weak.upgrade() {
                Self(inside).open();
            }
        });
        self.0.borrow_mut().retry = Some(retry);
    }
}

impl PartialEq for Bare {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// A bare WebSocket as long as the component is there; `changed` hears when there is something new to see.
#[hook]
pub(crate) fn use_bare(url: String, changed: Callback<()>) -> Rc<Bare> {
    use_memo(url, move |url| Bare::new(url.clone(), changed))
}
