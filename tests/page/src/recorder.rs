//! Writes down which messages of a flow arrived, and sees what is wrong with that.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What arrived of a flow.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Recorder {
    /// Messages that arrived, each counted as often as it came.
    pub received: u32,
    /// One more than the highest number that arrived.
    next: u32,
    /// Numbers below `next` that did not arrive, or not yet.
    missing: BTreeSet<u32>,
    /// Numbers that came again, in the order of arrival.
    duplicates: Vec<u32>,
    /// Numbers that came after a higher one, in the order of arrival.
    late: Vec<u32>,
}

impl Recorder {
    /// A message has arrived.
    pub fn record(&mut self, number: u32) {
        self.received += 1;
        if number >= self.next {
            self.missing.extend(self.next..number);
            self.next = number + 1;
        } else if self.missing.remove(&number) {
            self.late.push(number);
        } else {
            self.duplicates.push(number);
        }
    }

    /// What is wrong with the messages so far, of which `sent` were sent; `None` when each of these arrived
    /// exactly once and in order.
    pub fn complaint(&self, sent: u32) -> Option<String> {
        let mut lost = self.missing.clone();
        lost.extend(self.next..sent);
        let wrongs = [
            ("lost", lost.into_iter().collect::<Vec<_>>()),
            ("duplicate", self.duplicates.clone()),
            ("out of order", self.late.clone()),
            ("never sent", (sent..self.next).collect()),
        ];
        let complaints: Vec<_> = wrongs
            .iter()
            .filter(|(_, numbers)| !numbers.is_empty())
            .map(|(wrong, numbers)| format!("{} {wrong}: {}", numbers.len(), abridged(numbers)))
            .collect();
        (!complaints.is_empty()).then(|| complaints.join("; "))
    }

    /// Whether this message has arrived.
    pub fn has(&self, number: u32) -> bool {
        number < self.next && !self.missing.contains(&number)
    }
}

fn abridged(numbers: &[u32]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<_> = numbers.iter().take(SHOWN).map(u32::to_string).collect();
    let dots = if numbers.len() > SHOWN { ", …" } else { "" };
    shown.join(", ") + dots
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(numbers: impl IntoIterator<Item = u32>) -> Recorder {
        let mut recorder = Recorder::default();
        for number in numbers {
            recorder.record(number);
        }
        recorder
    }

    #[test]
    fn messages_that_arrive_once_and_in_order_give_no_cause_for_complaint() {
        assert_eq!(recorded(0..100).complaint(100), None);
        assert_eq!(recorded([]).complaint(0), None);
    }

    #[test]
    fn a_planted_loss_is_seen_in_the_middle_and_at_the_end() {
        assert_eq!(recorded([0, 1, 3]).complaint(4).unwrap(), "1 lost: 2");
        assert_eq!(recorded(0..3).complaint(4).unwrap(), "1 lost: 3");
        assert_eq!(recorded([]).complaint(2).unwrap(), "2 lost: 0, 1");
    }

    #[test]
    fn a_planted_duplicate_is_seen() {
        assert_eq!(
            recorded([0, 1, 1, 2]).complaint(3).unwrap(),
            "1 duplicate: 1"
        );
        assert_eq!(
            recorded([0, 1, 2, 2]).complaint(3).unwrap(),
            "1 duplicate: 2"
        );
        assert_eq!(
            recorded([0, 1, 2, 0]).complaint(3).unwrap(),
            "1 duplicate: 0"
        );
    }

    #[test]
    fn a_planted_swap_is_seen_as_such_and_not_as_a_loss() {
        assert_eq!(
            recorded([0, 2, 1, 3]).complaint(4).unwrap(),
            "1 out of order: 1"
        );
    }

    #[test]
    fn a_message_from_nowhere_is_seen() {
        assert_eq!(recorded(0..4).complaint(3).unwrap(), "1 never sent: 3");
    }

    #[test]
    fn several_wrongs_are_told_together() {
        let complaint = recorded([0, 2, 1, 1, 4]).complaint(5).unwrap();
        assert_eq!(complaint, "1 lost: 3; 1 duplicate: 1; 1 out of order: 1");
    }
}
