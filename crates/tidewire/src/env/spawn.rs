//! Futures that run on the browser's microtask queue until they are dropped.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// A running future. Dropping the task drops the future at once, wherever it stands.
pub(crate) struct Task {
    slot: Rc<RefCell<Slot>>,
}

struct Slot {
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    waker: Option<Waker>,
    cancelled: bool,
}

impl Task {
    pub(crate) fn spawn(future: impl Future<Output = ()> + 'static) -> Self {
        let slot = Rc::new(RefCell::new(Slot {
            future: Some(Box::pin(future)),
            waker: None,
            cancelled: false,
        }));
        let running = Rc::clone(&slot);
        wasm_bindgen_futures::spawn_local(poll_fn(move |context| {
            // Out of the slot while it is polled: it may drop its own task.
            let Some(mut future) = running.borrow_mut().future.take() else {
                return Poll::Ready(());
            };
            let poll = future.as_mut().poll(context);
            let mut slot = running.borrow_mut();
            if poll.is_pending() && !slot.cancelled {
                slot.future = Some(future);
                slot.waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            drop(slot);
            drop(future);
            Poll::Ready(())
        }));
        Self { slot }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        let (future, waker) = {
            let mut slot = self.slot.borrow_mut();
            slot.cancelled = true;
            (slot.future.take(), slot.waker.take())
        };
        drop(future);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
