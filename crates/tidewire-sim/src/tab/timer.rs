//! The one timer of a simulated tab.

use std::time::Duration;

use crate::host::MAX_SPIN;
use crate::plan::{MILLISECOND, SECOND};
use crate::queue::Happening;
use crate::world::World;

/// The shortest timer that a hidden page may ask for.
const HIDDEN_PAUSE: Duration = Duration::from_secs(1);

/// Timer events that one tab may cause within a second of its own time.
const STORM: u32 = 400;

impl World {
    /// Arms the one timer, as late as the browser's policy for this tab makes it.
    pub(crate) fn rearm(&mut self, tab: usize) {
        let hosted = &mut self.tabs[tab];
        let deadline = if hosted.dropped {
            None
        } else {
            hosted.client.poll_timeout()
        };
        let asked = deadline.map(|(at, _)| at);
        let earlier = match (asked, hosted.asked) {
            (Some(asked), Some(before)) => asked < before,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let soon = hosted.time(self.now) + HIDDEN_PAUSE;
        let hurries = earlier && asked.is_some_and(|asked| asked < soon);
        let hurries = hurries && hosted.hidden_since.is_some() && !hosted.is_gone();
        hosted.asked = asked;
        let at = deadline.map(|(at, _)| {
            // A browser's timer has whole milliseconds and never fires early.
            let due = (at.as_micros() + hosted.clock_lost)
                .saturating_sub(hosted.clock_gained)
                .max(self.now);
            let step = match hosted.hidden_since {
                Some(since) if self.now >= since + self.plan.throttle_grace => 60 * SECOND,
                Some(_) => SECOND,
                None => MILLISECOND,
            };
            due.div_ceil(step) * step
        });
        let unchanged = at == hosted.armed;
        hosted.armed = at;
        if hurries {
            return self.breaks("a hidden client asks for a timer of less than a second");
        }
        if unchanged {
            return;
        }
        if let Some(at) = at {
            self.queue.schedule(at, Happening::TabTimer { tab, at });
        }
    }

    pub(crate) fn tab_timer(&mut self, tab: usize, at: u64) {
        let hosted = &mut self.tabs[tab];
        if hosted.armed != Some(at) {
            return;
        }
        hosted.armed = None;
        hosted.asked = None;
        let repeats = if hosted.spin.0 == self.now {
            hosted.spin.1 + 1
        } else {
            0
        };
        hosted.spin = (self.now, repeats);
        let second = self.now / SECOND;
        let fired = if hosted.storm.0 == second {
            hosted.storm.1 + 1
        } else {
            0
        };
        hosted.storm = (second, fired);
        if repeats > MAX_SPIN || fired > STORM {
            return self.breaks("a client asks for a timer again and again");
        }
        self.trace.number(at);
        self.tell_tab(tab, |client, now| client.handle_timeout(now));
    }
}
