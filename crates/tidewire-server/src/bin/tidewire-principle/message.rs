//! A message is one frame, or several: fragments (RFC 6455, 5.4).
//!
//! ```text
//! 01 text, more follows | 89 ping | 00 continuation, more follows | 80 continuation, the last
//! ```
//!
//! The first fragment says what the message is, the others say that they continue it; control frames may come between.
//! Fragments carry no meaning: a proxy may cut them anew. So they are put together here, and the bounds hold for the sum.

use crate::close::Violation;
use crate::frame::Header;
use crate::limits;
use crate::opcode::Opcode;

/// The message that is on its way.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    /// Text or binary, from the first fragment to the last.
    kind: Option<Opcode>,
    payload: Vec<u8>,
    fragments: usize,
    /// How much of a text is known to be UTF-8.
    sound: usize,
}

impl Assembler {
    /// Decides by its header alone whether a frame may come now, and gives its payload's length: a payload that is too
    /// long is not received first.
    pub(crate) fn admit(&self, header: &Header) -> Result<usize, Violation> {
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        if header.opcode.is_control() {
            return Ok(length);
        }
        match (header.opcode, self.kind) {
            (Opcode::Continuation, None) => Err(Violation::protocol(
                "a continuation of no message (RFC 6455, 5.4)",
            )),
            (Opcode::Text | Opcode::Binary, Some(_)) => Err(Violation::protocol(
                "a new message inside another (RFC 6455, 5.4)",
            )),
            _ if length > limits::MESSAGE.saturating_sub(self.payload.len()) => {
                Err(Violation::too_big("a message above 65536 bytes"))
            }
            _ if self.fragments >= limits::FRAGMENTS => {
                Err(Violation::policy("a message of more than 1024 fragments"))
            }
            _ => Ok(length),
        }
    }

    /// Adds the unmasked payload of a data frame that was admitted; gives the message when this was its last.
    pub(crate) fn add(
        &mut self,
        header: &Header,
        payload: &[u8],
    ) -> Result<Option<(Opcode, Vec<u8>)>, Violation> {
        let kind = *self.kind.get_or_insert(header.opcode);
        self.payload.extend(payload);
        self.fragments += 1;
        if kind == Opcode::Text {
            self.check_text(header.fin)?;
        }
        if !header.fin {
            return Ok(None);
        }
        let message = std::mem::take(self);
        Ok(Some((kind, message.payload)))
    }

    /// Text is UTF-8 (RFC 6455, 8.1). A character may be cut by a fragment's end, but not by the message's.
    fn check_text(&mut self, complete: bool) -> Result<(), Violation> {
        let unknown = self.payload.get(self.sound..).unwrap_or_default();
        match str::from_utf8(unknown) {
            Ok(_) => self.sound = self.payload.len(),
            // `error_len` is `None` where more bytes could make it right.
            Err(error) if error.error_len().is_none() && !complete => {
                self.sound += error.valid_up_to();
            }
            Err(_) => {
                return Err(Violation::data("a text that is not UTF-8 (RFC 6455, 8.1)"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(opcode: Opcode, fin: bool, length: u64) -> Header {
        Header {
            fin,
            opcode,
            mask: None,
            length,
            size: 2,
        }
    }

    /// The outcome of frames, up to the first message or violation.
    fn outcome(frames: &[(Opcode, bool, &[u8])]) -> Result<Option<(Opcode, Vec<u8>)>, u16> {
        let mut message = Assembler::default();
        for (opcode, fin, payload) in frames {
            let header = header(*opcode, *fin, payload.len() as u64);
            message.admit(&header).map_err(|violation| violation.code)?;
            let whole = message
                .add(&header, payload)
                .map_err(|violation| violation.code)?;
            if whole.is_some() {
                return Ok(whole);
            }
        }
        Ok(None)
    }

    #[test]
    fn fragments_become_a_message() {
        use Opcode::{Continuation, Text};
        let whole = outcome(&[
            (Text, false, b"Hel"),
            (Continuation, false, b""),
            (Continuation, true, b"lo"),
        ]);
        assert_eq!(whole, Ok(Some((Text, b"Hello".to_vec()))));
    }

    #[test]
    fn a_character_may_be_cut_anywhere_but_at_the_end() {
        use Opcode::{Binary, Continuation, Text};
        let euro = "\u{20ac}".as_bytes();
        for cut in 1..euro.len() {
            let (head, tail) = euro.split_at(cut);
            let whole = outcome(&[(Text, false, head), (Continuation, true, tail)]);
            assert_eq!(whole, Ok(Some((Text, euro.to_vec()))));
            assert_eq!(outcome(&[(Text, true, head)]), Err(1007));
            assert_eq!(
                outcome(&[(Text, false, head), (Continuation, true, b"")]),
                Err(1007)
            );
            assert_eq!(
                outcome(&[(Binary, true, head)]),
                Ok(Some((Binary, head.to_vec())))
            );
        }
        // Nothing can make this right any more, so nobody waits for the end.
        assert_eq!(outcome(&[(Text, false, b"\xff")]), Err(1007));
        assert_eq!(outcome(&[(Text, false, b"\xed\xa0")]), Err(1007));
    }

    #[test]
    fn order_is_kept() {
        use Opcode::{Binary, Continuation, Text};
        assert_eq!(outcome(&[(Continuation, true, b"")]), Err(1002));
        assert_eq!(outcome(&[(Text, false, b""), (Text, true, b"")]), Err(1002));
        assert_eq!(
            outcome(&[(Text, false, b""), (Binary, true, b"")]),
            Err(1002)
        );
    }

    #[test]
    fn the_bounds_hold_for_the_sum() {
        use Opcode::{Binary, Continuation};
        let fill = vec![0; limits::MESSAGE];
        let whole = outcome(&[(Binary, true, &fill)]);
        assert_eq!(whole, Ok(Some((Binary, fill.clone()))));
        assert_eq!(
            outcome(&[(Binary, false, &fill), (Continuation, true, b"x")]),
            Err(1009)
        );
        let huge = header(Binary, true, u64::MAX >> 1);
        let refused = Assembler::default().admit(&huge).expect_err("a violation");
        assert_eq!(refused.code, 1009);

        let mut frames = vec![(Continuation, false, &b""[..]); limits::FRAGMENTS];
        frames[0].0 = Binary;
        assert_eq!(outcome(&frames), Ok(None));
        frames.push((Continuation, true, b""));
        assert_eq!(outcome(&frames), Err(1008));
    }
}
