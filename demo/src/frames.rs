//! Renders at most once per frame, and in a steady pulse while the page is seen.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_render::{AnimationFrame, request_animation_frame};
use gloo_timers::callback::Timeout;
use yew::prelude::*;

use crate::clock;

/// How often a component is drawn.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// At least once in so many milliseconds, for what changes by itself.
    pub(crate) pulse: u32,
    /// At most once in so many milliseconds; below the length of a frame, once per frame.
    pub(crate) gap: u32,
}

/// Asks for the next frame; clones ask for the same one.
#[derive(Clone)]
pub(crate) struct Frames {
    state: Rc<RefCell<State>>,
    gap: u32,
    update: UseForceUpdateHandle,
}

#[derive(Default)]
struct State {
    pending: Option<Pending>,
    /// When the last one was drawn.
    drawn: f64,
}

/// What is under way; dropping it calls it off.
enum Pending {
    Frame(#[expect(dead_code, reason = "kept to be dropped")] AnimationFrame),
    Later(#[expect(dead_code, reason = "kept to be dropped")] Timeout),
}

impl Frames {
    /// Renders as soon as the pace allows, however often it is called before. A hidden page has no frames.
    pub(crate) fn request(&self) {
        let drawn = match &*self.state.borrow() {
            State {
                pending: Some(_), ..
            } => return,
            state => state.drawn,
        };
        let wait = f64::from(self.gap) - (clock::now() - drawn);
        if wait < 1.0 {
            return self.in_a_frame();
        }
        let frames = self.clone();
        let later = Timeout::new(wait as u32, move || frames.in_a_frame());
        self.wait_for(Pending::Later(later));
    }

    fn in_a_frame(&self) {
        let frames = self.clone();
        let frame = request_animation_frame(move |_| {
            frames.state.replace(State {
                pending: None,
                drawn: clock::now(),
            });
            frames.update.force_update();
        });
        self.wait_for(Pending::Frame(frame));
    }

    fn wait_for(&self, pending: Pending) {
        // What it replaces is dropped when the borrow is over.
        let before = self.state.borrow_mut().pending.replace(pending);
        drop(before);
    }
}

/// Frames of this component.
#[hook]
pub(crate) fn use_frames(pace: Pace) -> Frames {
    let frames = Frames {
        state: use_mut_ref(State::default),
        gap: pace.gap,
        update: use_force_update(),
    };
    // A timer per render: a page that is not drawn, since it is hidden, is not woken either.
    let pulse = frames.clone();
    use_effect(move || {
        let timeout = Timeout::new(pace.pulse, move || pulse.request());
        move || drop(timeout)
    });
    frames
}
