//! Reads a packet without trusting it.

use crate::error::Violation;

/// Walks over the bytes of a packet.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next byte.
    pub fn byte(&mut self) -> Result<u8, Violation> {
        let (first, rest) = self.rest.split_first().ok_or(TRUNCATED)?;
        self.rest = rest;
        Ok(*first)
    }

    /// The next `length` bytes.
    pub fn bytes(&mut self, length: u64) -> Result<&'a [u8], Violation> {
        let length = usize::try_from(length).map_err(|_| PAST_END)?;
        let (head, rest) = self.rest.split_at_checked(length).ok_or(PAST_END)?;
        self.rest = rest;
        Ok(head)
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Violation> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(TRUNCATED)?;
        self.rest = rest;
        Ok(*head)
    }

    /// The next unsigned integer: LEB128, at most ten bytes, in its shortest form.
    pub fn varint(&mut self) -> Result<u64, Violation> {
        let mut value = 0_u64;
        for shift in (0..).step_by(7) {
            let byte = self.byte().map_err(|_| VARINT)?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && byte > 1 {
                return Err(VARINT);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 {
                    Err(VARINT)
                } else {
                    Ok(value)
                };
            }
        }
        Err(VARINT)
    }
}

const TRUNCATED: Violation = Violation::malformed("length: the packet ends inside a frame");
const PAST_END: Violation =
    Violation::malformed("length: a length reaches past the end of the packet");
const VARINT: Violation =
    Violation::malformed("varint: an integer is cut off, too long or not in its shortest form");

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
            assert_eq!(reader.varint(), Ok(value));
            assert!(reader.is_empty());
        }
    }

    #[test]
    fn integers_that_are_cut_long_or_padded_are_refused() {
        let padded: &[u8] = &[0x80, 0x00];
        let eleven: &[u8] = &[0xff; 11];
        let overflow: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        for bytes in [&[][..], &[0x80], padded, eleven, overflow] {
            assert_eq!(Reader::new(bytes).varint(), Err(VARINT), "{bytes:?}");
        }
    }

    #[test]
    fn a_length_past_the_end_is_refused_before_anything_is_allocated() {
        assert_eq!(Reader::new(b"abc").bytes(u64::MAX), Err(PAST_END));
        assert_eq!(Reader::new(b"abc").bytes(4), Err(PAST_END));
        assert_eq!(Reader::new(b"abc").bytes(3), Ok(&b"abc"[..]));
    }
}
