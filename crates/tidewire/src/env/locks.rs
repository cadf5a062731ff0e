//! At most two tabs of an origin hold a long poll, by Web Locks.
//!
//! A held poll occupies one of the six HTTP/1.1 connections that a browser opens to a host; six tabs
//! that hold one each would block the page's own loads. Whoever gets one of two locks may hold; the
//! others use scheduled polling until a lock is free. Without the Web Locks interface (an insecure
//! page) every tab may hold.
//!
//! A client counts as permitted until the browser has answered, which takes a few milliseconds, so
//! that the first poll does not wait for it. A tab that is then refused releases its poll at once.

use std::rc::Rc;

use js_sys::{Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, AbortSignal};

use super::promise::{once, queue_microtask, settled};
use super::{global, property, random, set};

const NAMES: [&str; 2] = ["tidewire-hold-0", "tidewire-hold-1"];

/// Asks for the permit while it is wanted, and gives it back.
pub(crate) struct HoldPermit {
    tell: Rc<dyn Fn(bool)>,
    claim: Option<AbortController>,
}

impl HoldPermit {
    /// `tell` hears whether a poll may be held, never before [`want`](Self::want) has returned.
    pub(crate) fn new(tell: impl Fn(bool) + 'static) -> Self {
        Self {
            tell: Rc::new(tell),
            claim: None,
        }
    }

    /// Whether the permit is wanted from now on.
    pub(crate) fn want(&mut self, wanted: bool) {
        if !wanted {
            if let Some(claim) = self.claim.take() {
                claim.abort();
            }
        } else if self.claim.is_none()
            && let Some(claim) = Claim::new(&self.tell)
        {
            self.claim = Some(claim.abort.clone());
            claim.ask(0);
        }
    }
}

impl Drop for HoldPermit {
    fn drop(&mut self) {
        self.want(false);
    }
}

/// One claim to either lock, from the first request until it is aborted.
struct Claim {
    manager: LockManager,
    tell: Rc<dyn Fn(bool)>,
    /// Ends the request that waits, and lets go of the lock.
    abort: AbortController,
}

impl Claim {
    fn new(tell: &Rc<dyn Fn(bool)>) -> Option<Self> {
        let manager = property(&global("navigator")?, "locks")?.unchecked_into();
        Some(Self {
            manager,
            tell: Rc::clone(tell),
            abort: AbortController::new().ok()?,
        })
    }

    /// Tries the first lock, then the second, then waits in the queue of either.
    fn ask(self, step: usize) {
        let options = Object::new();
        let name = match NAMES.get(step) {
            Some(name) => {
                set(&options, "ifAvailable", JsValue::TRUE);
                *name
            }
            None => {
                set(&options, "signal", self.abort.signal().into());
                NAMES[usize::from(random::next_u64() & 1 == 1)]
            }
        };
        let manager = self.manager.clone();
        let answered = once(move |lock| self.answered(step, &lock));
        // A rejection means that the claim was aborted, or that this page may not use locks.
        settled(&manager.request(name, &options, &answered), drop);
    }

    /// The browser's answer: a lock, which lasts until the returned promise is resolved, or null.
    fn answered(self, step: usize, lock: &JsValue) -> JsValue {
        let signal = self.abort.signal();
        if signal.aborted() {
            return JsValue::UNDEFINED;
        }
        if !lock.is_null() {
            (self.tell)(true);
            return lasting(signal);
        }
        if step + 1 == NAMES.len() {
            (self.tell)(false);
        }
        self.ask(step + 1);
        JsValue::UNDEFINED
    }
}

/// What holds a lock until the signal: an object with the one method that makes it a promise to whoever waits.
fn lasting(signal: AbortSignal) -> JsValue {
    let then = once(move |resolve| {
        if signal.aborted() {
            queue_microtask(&resolve);
        } else {
            signal.set_onabort(Some(resolve.unchecked_ref()));
        }
        JsValue::UNDEFINED
    });
    let thenable = Object::new();
    set(&thenable, "then", then);
    thenable.into()
}

#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    type LockManager;

    #[wasm_bindgen(method)]
    fn request(this: &LockManager, name: &str, options: &Object, answered: &JsValue) -> Promise;
}
