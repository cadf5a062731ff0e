//! What to do where the server does not answer.

use yew::prelude::*;

use crate::clock;
use crate::parts::remedy;
use crate::server::Server;

/// Milliseconds for which attempts fail before the server counts as unreachable: a cut or a restart takes less.
const PATIENCE: f64 = 2_000.0;

/// Attempts that failed since the last success.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Failures {
    /// When the first and the last one failed, in milliseconds of the page.
    span: Option<(f64, f64)>,
}

impl Failures {
    /// Another one failed now.
    pub(crate) fn note(&mut self) {
        self.note_at(clock::now());
    }

    /// Whether they have gone on for too long to be a passing one.
    pub(crate) fn are_lasting(&self) -> bool {
        self.span
            .is_some_and(|(first, last)| last - first >= PATIENCE)
    }

    fn note_at(&mut self, now: f64) {
        let first = self.span.map_or(now, |(first, _)| first);
        self.span = Some((first, now));
    }
}

/// `trouble` says why the server cannot be reached; nothing is shown where it can. The region is there all the same: what comes
/// together with its region is not read out.
pub(crate) fn notice(server: &Server, trouble: Option<&str>) -> Html {
    html! {
        <div role="status">
            if let Some(cause) = trouble {
                <div class="notice">
                    <p>{ format!("{} cannot be reached: {cause}.", server.origin()) }</p>
                    { remedy("If no server runs there, start one: this page connects by itself. After a refusal, load it again.", server.command()) }
                </div>
            }
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_a_moment_do_not_count() {
        let mut failures = Failures::default();
        for at in [100.0, 500.0, 2_000.0] {
            failures.note_at(at);
            assert!(!failures.are_lasting());
        }
        failures.note_at(2_100.0);
        assert!(failures.are_lasting());
    }
}
