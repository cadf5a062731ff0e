//! Reads a packet without trusting it.

use crate::error::Violation;

/// Walks over the bytes of a packet.
///
/// It fails once and for all: after the first violation it reads zeros and nothing, and [`check`](Self::check) tells what
/// was broken. So what reads the fields of a frame need not ask after each of them.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    broken: Option<Violation>,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            broken: None,
        }
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything so far was well-formed.
    ///
    /// # Errors
    ///
    /// The first rule that was broken.
    pub fn check(&self) -> Result<(), Violation> {
        self.broken.map_or(Ok(()), Err)
    }

    /// Breaks off, unless that has happened before.
    #[inline(never)]
    pub(super) fn fail(&mut self, violation: Violation) {
        self.broken.get_or_insert(violation);
        self.rest = &[];
    }

    /// Breaks off for a malformed packet unless the rule holds.
    pub(super) fn require(&mut self, holds: bool, rule: &'static str) {
        if !holds {
            self.fail(Violation::malformed(rule));
        }
    }

    /// The next byte; 0 where there is none.
    pub(super) fn byte(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    /// The next `length` bytes.
    pub(super) fn bytes(&mut self, length: u64) -> &'a [u8] {
        let split = usize::try_from(length)
            .ok()
            .and_then(|length| self.rest.split_at_checked(length));
        let Some((head, rest)) = split else {
            self.require(false, PAST_END);
            return &[];
        };
        self.rest = rest;
        head
    }

    /// The next `N` bytes as an array.
    pub(super) fn array<const N: usize>(&mut self) -> [u8; N] {
        let Some((head, rest)) = self.rest.split_first_chunk() else {
            self.require(false, TRUNCATED);
            return [0; N];
        };
        self.rest = rest;
        *head
    }

    /// The next unsigned integer: LEB128, at most ten bytes, in its shortest form; 0 where there is none.
    pub fn varint(&mut self) -> u64 {
        let mut value = 0;
        for (index, byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                let is_padded = *byte == 0 && index > 0;
                let overflows = *byte > 1 && index == 9;
                if is_padded || overflows {
                    break;
                }
                self.rest = self.rest.get(index + 1..).unwrap_or_default();
                return value;
            }
        }
        self.require(false, VARINT);
        0
    }
}

const TRUNCATED: &str = "length: the packet ends inside a frame";
const PAST_END: &str = "length: a length reaches past the end of the packet";
const VARINT: &str = "varint: an integer is cut off, too long or not in its shortest form";

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::wire::Writer;

    #[test]
    fn integers_come_back_as_they_went() {
        for value in [
            0,
            1,
            127,
            128,
            16_383,
            16_384,
            u64::from(u32::MAX),
            1 << 53,
            1 << 63,
            u64::MAX,
        ] {
            let mut writer = Writer::default();
            writer.varint(value);
            assert_eq!(writer.len(), Writer::varint_len(value));
            let packet = writer.into_packet();
            let mut reader = Reader::new(&packet);
            assert_eq!(reader.varint(), value);
            assert_eq!(reader.check(), Ok(()));
            assert!(reader.is_empty());
        }
    }

    #[test]
    fn integers_that_are_cut_long_or_padded_are_refused() {
        let padded: &[u8] = &[0x80, 0x00];
        let eleven: &[u8] = &[0xff; 11];
        let overflow: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        for bytes in [&[][..], &[0x80], padded, eleven, overflow] {
            let mut reader = Reader::new(bytes);
            reader.varint();
            assert_eq!(
                reader.check(),
                Err(Violation::malformed(VARINT)),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn a_length_past_the_end_is_refused_before_anything_is_allocated() {
        for length in [u64::MAX, 4] {
            let mut reader = Reader::new(b"abc");
            assert_eq!(reader.bytes(length), b"");
            assert_eq!(reader.check(), Err(Violation::malformed(PAST_END)));
        }
        assert_eq!(Reader::new(b"abc").bytes(3), b"abc");
    }

    #[test]
    fn what_follows_the_first_violation_is_not_read() {
        let mut reader = Reader::new(&[0x80, 0x00, 7]);
        reader.varint();
        assert_eq!(
            (reader.byte(), reader.check()),
            (0, Err(Violation::malformed(VARINT)))
        );
    }
}
