//! A listener that drops its binding in the middle of being told is told nothing more, not even what has happened already.

#![cfg(feature = "binding")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tidewire::Attempt;
use tidewire::binding::{Binding, Event, Listener, Settings};
use wasm_bindgen_test::*;

use crate::support::{turn, until, url};

/// Drops its binding at the first event.
struct Leaver {
    binding: Rc<RefCell<Option<Binding>>>,
    told: Rc<Cell<u32>>,
}

impl Listener for Leaver {
    fn event(&self, _event: Event) {
        self.told.set(self.told.get() + 1);
        let binding = self.binding.take();
        drop(binding);
    }

    fn prepare(&self, _attempt: Attempt) {
        unreachable!("the settings have the address");
    }
}

/// The first turn has more than one thing to tell: the state, and each message that found no room.
#[wasm_bindgen_test]
async fn not_even_what_happened_in_the_same_turn() {
    let (binding, told) = (Rc::default(), Rc::<Cell<u32>>::default());
    let leaver = Leaver {
        binding: Rc::clone(&binding),
        told: Rc::clone(&told),
    };
    let mut settings = Settings::new(url("/live"));
    settings.remembers = false;
    settings.policy = tidewire::OverflowPolicy::DropOldest;
    settings.config.limits = tidewire::Limits::default().outbox(10_000, 1);
    let made = Binding::new(settings, leaver).unwrap();
    for _ in 0..3 {
        made.send("one of three, for one place").unwrap();
    }
    binding.replace(Some(made));
    until("it is told", || told.get() > 0).await;
    turn().await;
    assert_eq!(told.get(), 1);
    assert!(binding.borrow().is_none());
}
