//! At most two tabs of an origin hold a long poll, by Web Locks.
//!
//! A held poll occupies one of the six HTTP/1.1 connections that a browser opens to a host; six tabs
//! that hold one each would block the page's own loads. Whoever gets one of two locks may hold; the
//! others use scheduled polling until a lock is free. Without the Web Locks interface (an insecure
//! page) every tab may hold.
//!
//! A client counts as permitted until the browser has answered, which takes a few milliseconds, so
//! that the first poll does not wait for it. A tab that is then refused releases its poll at once.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::{Function, Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

use super::{global, promise, property, random, set};

const NAMES: [&str; 2] = ["tidewire-hold-0", "tidewire-hold-1"];

/// Asks for the permit while it is wanted, and gives it back.
pub(crate) struct HoldPermit {
    tell: Rc<dyn Fn(bool)>,
    claim: Option<Rc<Claim>>,
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
                claim.release();
            }
        } else if self.claim.is_none()
            && let Some(claim) = Claim::new(&self.tell)
        {
            claim.ask(0);
            self.claim = Some(claim);
        }
    }
}

impl Drop for HoldPermit {
    fn drop(&mut self) {
        self.want(false);
    }
}

/// One claim to either lock, from the first request to the release.
struct Claim {
    manager: LockManager,
    tell: Rc<dyn Fn(bool)>,
    /// Ends the request that waits.
    abort: AbortController,
    /// Resolves the promise that holds the lock.
    holding: RefCell<Option<Function>>,
    released: Cell<bool>,
}

impl Claim {
    fn new(tell: &Rc<dyn Fn(bool)>) -> Option<Rc<Self>> {
        let manager = property(&global("navigator")?, "locks")?.unchecked_into();
        Some(Rc::new(Self {
            manager,
            tell: Rc::clone(tell),
            abort: AbortController::new().ok()?,
            holding: RefCell::new(None),
            released: Cell::new(false),
        }))
    }

    /// Tries the first lock, then the second, then waits in the queue of either.
    fn ask(self: &Rc<Self>, step: usize) {
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
        let claim = Rc::downgrade(self);
        let answered = promise::once(move |lock| answered(&claim, step, &lock));
        // A rejection means that the claim was aborted, or that this page may not use locks.
        promise::settled(&self.manager.request(name, &options, &answered), drop);
    }

    /// What holds a lock until the claim is released: an object with the one method that makes it a promise to whoever waits.
    fn hold(self: &Rc<Self>) -> JsValue {
        let claim = Rc::downgrade(self);
        let then = promise::once(move |resolve| {
            let resolve = resolve.unchecked_into();
            match claim.upgrade().filter(|claim| !claim.released.get()) {
                Some(claim) => drop(claim.holding.replace(Some(resolve))),
                None => call(&resolve),
            }
            JsValue::UNDEFINED
        });
        let thenable = Object::new();
        set(&thenable, "then", then);
        thenable.into()
    }

    fn release(&self) {
        self.released.set(true);
        self.abort.abort();
        if let Some(resolve) = self.holding.take() {
            call(&resolve);
        }
    }
}

/// The browser's answer: a lock, which lasts until the returned promise is resolved, or null.
fn answered(claim: &Weak<Claim>, step: usize, lock: &JsValue) -> JsValue {
    let Some(claim) = claim.upgrade().filter(|claim| !claim.released.get()) else {
        return JsValue::UNDEFINED;
    };
    if !lock.is_null() {
        let held = claim.hold();
        (claim.tell)(true);
        return held;
    }
    claim.ask(step + 1);
    if step + 1 == NAMES.len() {
        (claim.tell)(false);
    }
    JsValue::UNDEFINED
}

fn call(resolve: &Function) {
    // Resolving a promise does not throw.
    let _ = resolve.call0(&JsValue::UNDEFINED);
}

#[wasm_bindgen]
extern "C" {
    type LockManager;

    #[wasm_bindgen(method)]
    fn request(this: &LockManager, name: &str, options: &Object, answered: &JsValue) -> Promise;
}
