//! Renders at most once per frame, and in a steady pulse while the page is seen.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_render::{AnimationFrame, request_animation_frame};
use gloo_timers::callback::Timeout;
use yew::prelude::*;

/// How often what changes by itself is drawn, in milliseconds, where nobody asks for more.
const PULSE_MS: u32 = 1_000;

/// Asks for the next frame; clones ask for the same one.
#[derive(Clone)]
pub(crate) struct Frames {
    pending: Rc<RefCell<Option<AnimationFrame>>>,
    update: UseForceUpdateHandle,
}

impl Frames {
    /// Renders in the next frame, however often it is called before. A hidden page has no frames.
    pub(crate) fn request(&self) {
        if self.pending.borrow().is_some() {
            return;
        }
        let frames = self.clone();
        let frame = request_animation_frame(move |_| {
            frames.pending.take();
            frames.update.force_update();
        });
        self.pending.replace(Some(frame));
    }
}

/// Frames of this component, one a second at least.
#[hook]
pub(crate) fn use_frames() -> Frames {
    use_frames_every(PULSE_MS)
}

/// Frames of this component, at least one each so many milliseconds.
#[hook]
pub(crate) fn use_frames_every(pulse_ms: u32) -> Frames {
    let frames = Frames {
        pending: use_mut_ref(|| None),
        update: use_force_update(),
    };
    // A timer per render: a page that is not drawn, since it is hidden, is not woken either.
    let pulse = frames.clone();
    use_effect(move || {
        let timeout = Timeout::new(pulse_ms, move || pulse.request());
        move || drop(timeout)
    });
    frames
}
