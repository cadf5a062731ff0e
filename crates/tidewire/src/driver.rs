//! Joins the state machine with the application: commands go in, events come out.
//!
//! The rule of the loop: whatever changes the machine is followed by one [`Driver::drain`]. Facts drain
//! at once, commands of the application at the end of the turn, so that everything sent in one turn
//! travels together. No cell is borrowed while the application is called or woken; it may send, close
//! or drop the client from anywhere.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::mem;
use std::rc::{Rc, Weak};

use tidewire_proto as proto;
use tidewire_proto::{Close, MessageId, OverflowPolicy, SessionNumber, Timestamp};

use crate::Message;
use crate::builder::Endpoint;
use crate::carriers::{Carriers, Parts, Told};
use crate::env::{clock, promise};

/// Who is told what happens: the handles of this crate, or a binding to another language.
///
/// Its methods are called outside of any borrow, and may call the driver. What is told comes in the order in which
/// it happened, and one thing after the other, also where a call of the driver from within makes more happen.
pub(crate) trait Application {
    /// Something happened, or is asked for.
    fn tell(&self, driver: &Driver, told: Told);

    /// Everything that happened was told. Called from no other method of this trait.
    fn settle(&self, _driver: &Driver) {}

    /// The driver is gone: the last that is told.
    fn end(&self, told: VecDeque<Told>);
}

/// One client at work. The callbacks of the browser hold it weakly; dropping it undoes everything.
pub(crate) struct Driver {
    this: Weak<Self>,
    carriers: RefCell<Carriers>,
    application: Rc<dyn Application>,
    /// What happens to a message that finds no room.
    pub(crate) policy: OverflowPolicy,
    /// A drain at the end of this turn is on its way.
    is_scheduled: Cell<bool>,
    /// The application is being told what happened.
    is_telling: Cell<bool>,
    /// The application wants to be told nothing more.
    is_silent: Cell<bool>,
}

impl Driver {
    /// Begins to connect, at the end of this turn.
    pub(crate) fn start(parts: Parts, application: Rc<dyn Application>) -> Rc<Self> {
        let driver = Rc::new_cyclic(|this: &Weak<Self>| Self {
            this: this.clone(),
            policy: parts.policy,
            carriers: RefCell::new(Carriers::new(parts, this)),
            application,
            is_scheduled: Cell::new(false),
            is_telling: Cell::new(false),
            is_silent: Cell::new(false),
        });
        driver.command(|carriers, now| carriers.connect(now));
        driver
    }

    /// For what calls back later, and must not keep the client alive.
    pub(crate) fn downgrade(&self) -> Weak<Self> {
        self.this.clone()
    }

    // Commands of the application.

    pub(crate) fn send(&self, message: Message) -> Result<MessageId, proto::SendError> {
        let policy = self.policy;
        self.command(|carriers, now| carriers.machine.send(now, message, policy))
    }

    pub(crate) fn close(&self, close: Close) {
        self.command(|carriers, now| carriers.machine.close(now, close));
    }

    /// The application has taken so many messages.
    pub(crate) fn consumed(&self, session: SessionNumber, messages: u64) {
        self.command(|carriers, now| carriers.machine.consumed(now, session, messages));
    }

    /// Changes the machine, and drains it at the end of this turn.
    fn command<R>(&self, change: impl FnOnce(&mut Carriers, Timestamp) -> R) -> R {
        let result = change(&mut self.carriers.borrow_mut(), clock::now());
        self.schedule();
        result
    }

    pub(crate) fn schedule(&self) {
        if self.is_scheduled.replace(true) {
            return;
        }
        let this = self.downgrade();
        promise::defer(move || {
            if let Some(this) = this.upgrade() {
                this.is_scheduled.set(false);
                this.drain();
            }
        });
    }

    // Facts of the browser.

    /// Changes the machine, and drains it now.
    pub(crate) fn fact(&self, change: impl FnOnce(&mut Carriers, Timestamp)) {
        change(&mut self.carriers.borrow_mut(), clock::now());
        self.drain();
    }

    /// The provider has answered what it was asked for this attempt.
    pub(crate) fn prepared(&self, attempt: u32, endpoint: Result<Endpoint, String>) {
        self.fact(|carriers, now| carriers.prepared(now, attempt, endpoint));
    }

    /// Tells the application nothing more, also of what has happened already.
    #[cfg(feature = "binding")]
    pub(crate) fn silence(&self) {
        self.is_silent.set(true);
    }

    fn drain(&self) {
        self.carriers.borrow_mut().perform();
        if !self.is_telling.replace(true) {
            // A borrow that ends before the application is called.
            while let Some(told) = { self.carriers.borrow_mut().told.pop_front() } {
                if !self.is_silent.get() {
                    self.application.tell(self, told);
                }
            }
            self.is_telling.set(false);
            self.application.settle(self);
        }
        self.carriers.borrow_mut().arm();
    }

    /// Asks the machine what changes nothing.
    pub(crate) fn read<R>(&self, read: impl FnOnce(&proto::Client) -> R) -> R {
        read(&self.carriers.borrow().machine)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let carriers = self.carriers.get_mut();
        carriers.abandon();
        self.application.end(mem::take(&mut carriers.told));
    }
}
