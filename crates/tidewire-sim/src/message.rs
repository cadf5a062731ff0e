//! The messages of the simulated applications: each can be told from every other.

use std::sync::LazyLock;

use tidewire_proto::Payload;

use crate::random::Random;

/// The longest message that a simulated application sends, in bytes.
pub(crate) const LONGEST: u32 = 100 * 1024;

/// Bytes from which on a message shows its stamp whole; shorter ones are told apart by their place in the order.
pub(crate) const STAMPED: u32 = 8;

/// What a message is made from: a stamp that no other message of the run has, a length and a kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Message {
    pub(crate) stamp: u32,
    pub(crate) length: u32,
    pub(crate) text: bool,
}

impl Message {
    /// The message as the application hands it to `send`.
    pub(crate) fn payload(self) -> Payload {
        let stamp = format!("{:08x}", self.stamp);
        let head = &stamp[..stamp.len().min(self.length as usize)];
        if self.text {
            let mut text = String::with_capacity(self.length as usize);
            text.push_str(head);
            text.push_str(self.text_tail());
            Payload::Text(text)
        } else {
            let mut bytes = Vec::with_capacity(self.length as usize);
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(self.binary_tail());
            Payload::Binary(bytes)
        }
    }

    /// Whether `payload` is this message: kind, length and every byte.
    pub(crate) fn is(self, payload: &Payload) -> bool {
        let tail = match payload {
            Payload::Text(_) if self.text => self.text_tail().as_bytes(),
            Payload::Binary(_) if !self.text => self.binary_tail(),
            Payload::Text(_) | Payload::Binary(_) => return false,
        };
        let stamp = format!("{:08x}", self.stamp);
        let head = &stamp.as_bytes()[..stamp.len().min(self.length as usize)];
        payload.len() == head.len() + tail.len()
            && payload.as_bytes().starts_with(head)
            && payload.as_bytes().ends_with(tail)
    }

    fn text_tail(self) -> &'static str {
        let length = self.length.saturating_sub(STAMPED) as usize;
        let mut end = self.offset() + length;
        while !TEXT.is_char_boundary(end) {
            end -= 1;
        }
        &TEXT[self.offset()..end]
    }

    fn binary_tail(self) -> &'static [u8] {
        let length = self.length.saturating_sub(STAMPED) as usize;
        &BYTES[self.offset()..self.offset() + length]
    }

    /// Where in the pattern the message begins: different messages differ in their bytes too, not in the stamp alone.
    const fn offset(self) -> usize {
        (self.stamp as usize * 7 % 256) * UNIT.len()
    }
}

// Characters of one to four bytes, so that fragments cut through them.
const UNIT: &str = "tide é ∿ 𝄞 wire";

static TEXT: LazyLock<String> = LazyLock::new(|| UNIT.repeat(LONGEST as usize / UNIT.len() + 258));

static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut random = Random::new(0x7469_6465);
    let words = TEXT.len().div_ceil(8);
    (0..words)
        .flat_map(|_| random.next().to_le_bytes())
        .collect()
});

#[cfg(test)]
mod tests {
    use super::{LONGEST, Message};

    #[test]
    fn a_message_is_itself_and_no_other() {
        for text in [false, true] {
            for length in [0, 1, 7, 8, 9, 1_000, LONGEST] {
                let message = Message {
                    stamp: 77,
                    length,
                    text,
                };
                assert!(message.is(&message.payload()));
                assert!(
                    !Message {
                        text: !text,
                        ..message
                    }
                    .is(&message.payload())
                );
                if length >= super::STAMPED {
                    assert!(
                        !Message {
                            stamp: 78,
                            ..message
                        }
                        .is(&message.payload())
                    );
                }
            }
        }
    }
}
