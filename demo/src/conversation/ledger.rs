//! Compares the echoes that come back with the messages that were sent.

use std::collections::VecDeque;

/// Most messages that may wait for their echo; the page sends no more until some came.
const MAX_OUTSTANDING: usize = 20_000;

/// Most numbers that are remembered as missing, or as gone with a lost session.
const MAX_REMEMBERED: usize = 20_000;

/// Which echoes are still to come, and what was wrong with those that came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// In the order in which they were sent.
    outstanding: VecDeque<u64>,
    /// Passed over by the echo of a later message.
    missing: Numbers,
    /// Without an echo when their session was lost.
    excused: Numbers,
    counts: Counts,
}

/// The judgement of a [`Ledger`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    /// Echoes that came once and in their turn.
    pub(crate) in_order: u64,
    /// Messages passed over by the echo of a later one, and not seen since.
    pub(crate) lost: u64,
    /// Echoes that came again.
    pub(crate) duplicated: u64,
    /// Echoes that came after the echo of a later message.
    pub(crate) reordered: u64,
    /// Messages without an echo when the client reported that their session was lost.
    pub(crate) reported: u64,
    /// Messages whose echo may still come.
    pub(crate) outstanding: usize,
}

impl Ledger {
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            outstanding: self.outstanding.len(),
            ..self.counts
        }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.outstanding.len() < MAX_OUTSTANDING
    }

    /// Messages of lost sessions whose echo never came.
    pub(crate) fn excused(&self) -> Vec<u64> {
        self.excused.0.iter().copied().collect()
    }

    /// The client accepted this message.
    pub(crate) fn sent(&mut self, number: u64) {
        self.outstanding.push_back(number);
    }

    /// The client handed this message back: it was never sent.
    pub(crate) fn withdrawn(&mut self, number: u64) {
        self.outstanding.retain(|other| *other != number);
    }

    /// This message was sent into nothing: no echo of it will come.
    pub(crate) fn gone(&mut self, number: u64) {
        self.withdrawn(number);
        self.counts.lost += 1;
    }

    /// Nothing that has no echo by now will get one, and nobody reports it.
    pub(crate) fn all_gone(&mut self) {
        self.counts.lost += self.outstanding.len() as u64;
        self.outstanding.clear();
    }

    /// The echo of this message came.
    pub(crate) fn echoed(&mut self, number: u64) {
        let Some(index) = self.outstanding.iter().position(|other| *other == number) else {
            return self.echoed_out_of_turn(number);
        };
        for passed_over in self.outstanding.drain(..index) {
            self.counts.lost += 1;
            self.missing.remember(passed_over);
        }
        self.outstanding.pop_front();
        self.counts.in_order += 1;
    }

    /// The client reported that the session is lost: what has no echo by now may never get one.
    pub(crate) fn session_lost(&mut self) {
        for number in self.outstanding.drain(..) {
            self.counts.reported += 1;
            self.excused.remember(number);
        }
    }

    fn echoed_out_of_turn(&mut self, number: u64) {
        if self.missing.remove(number) {
            self.counts.lost -= 1;
            self.counts.reordered += 1;
        } else if self.excused.remove(number) {
            self.counts.reported -= 1;
        } else {
            self.counts.duplicated += 1;
        }
    }
}

/// Some numbers in ascending order, which is how they come: messages are sent, and given up, in the order of their numbers.
#[derive(Clone, Debug, Default)]
struct Numbers(VecDeque<u64>);

impl Numbers {
    fn remember(&mut self, number: u64) {
        self.0.push_back(number);
        if self.0.len() > MAX_REMEMBERED {
            self.0.pop_front();
        }
    }

    /// Whether the number was among them; now it is not.
    fn remove(&mut self, number: u64) -> bool {
        match self.0.binary_search(&number) {
            Ok(index) => self.0.remove(index).is_some(),
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger_of(sent: u64, echoes: &[u64]) -> Ledger {
        let mut ledger = Ledger::default();
        for number in 1..=sent {
            ledger.sent(number);
        }
        for number in echoes {
            ledger.echoed(*number);
        }
        ledger
    }

    #[test]
    fn echoes_in_order_leave_nothing_to_complain_about() {
        let counts = ledger_of(4, &[1, 2, 3]).counts();
        let expected = Counts {
            in_order: 3,
            outstanding: 1,
            ..Counts::default()
        };
        assert_eq!(counts, expected);
    }

    #[test]
    fn a_lost_message_is_counted() {
        assert_eq!(ledger_of(3, &[1, 3]).counts().lost, 1);
    }

    #[test]
    fn a_duplicate_is_counted() {
        assert_eq!(ledger_of(3, &[1, 2, 2, 3]).counts().duplicated, 1);
    }

    #[test]
    fn a_swap_is_counted_as_reordered_and_not_as_lost() {
        let counts = ledger_of(3, &[2, 1, 3]).counts();
        assert_eq!((counts.reordered, counts.lost), (1, 0));
        assert_eq!(counts.duplicated, 0);
    }

    #[test]
    fn a_lost_session_is_no_silent_loss() {
        let mut ledger = ledger_of(3, &[1]);
        ledger.session_lost();
        assert_eq!(ledger.counts().reported, 2);
        ledger.echoed(2);
        ledger.sent(4);
        ledger.echoed(4);
        let counts = ledger.counts();
        assert_eq!((counts.reported, counts.lost, counts.duplicated), (1, 0, 0));
        assert_eq!(counts.in_order, 2);
    }

    #[test]
    fn a_message_that_was_handed_back_has_no_echo() {
        let mut ledger = ledger_of(3, &[]);
        ledger.withdrawn(2);
        ledger.echoed(1);
        ledger.echoed(3);
        assert_eq!(ledger.counts().lost, 0);
    }

    #[test]
    fn what_a_closed_socket_never_echoed_is_lost() {
        let mut ledger = ledger_of(3, &[1]);
        ledger.all_gone();
        ledger.sent(4);
        ledger.gone(4);
        let counts = ledger.counts();
        assert_eq!(
            (counts.lost, counts.in_order, counts.outstanding),
            (3, 1, 0)
        );
    }

    #[test]
    fn there_is_room_for_a_bounded_number_of_messages() {
        let mut ledger = Ledger::default();
        let mut number = 0;
        while ledger.has_room() {
            number += 1;
            ledger.sent(number);
        }
        assert_eq!(ledger.counts().outstanding, MAX_OUTSTANDING);
        ledger.echoed(1);
        assert!(ledger.has_room());
    }
}
