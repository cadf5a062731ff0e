//! What travels once the connection is open: frames (RFC 6455, 5.2).
//!
//! ```text
//!  bit 0   1 2 3    4 ... 7  |  8     9 ... 15
//!     FIN  RSV1-3   opcode   |  MASK  length      then 2 bytes of length where it says 126, or 8 where it says 127,
//!                                                 then 4 bytes of mask where MASK is set, then the payload
//!
//!  81 85  37 fa 21 3d  7f 9f 4d 51 58             "Hello" as a client sends it
//!  81 05               48 65 6c 6c 6f             and as a server does
//! ```
//!
//! What the opcode says is in [`opcode`](crate::opcode), and what the mask is good for in [`mask`](crate::mask).

use crate::close::Violation;
use crate::opcode::Opcode;

/// Everything before the payload.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Header {
    /// Whether this is the last frame of its message.
    pub(crate) fin: bool,
    pub(crate) opcode: Opcode,
    pub(crate) mask: Option<[u8; 4]>,
    /// Bytes of the payload, as announced. Nothing may be allocated by it before it is held against a bound.
    pub(crate) length: u64,
    /// Bytes of the header itself.
    pub(crate) size: usize,
}

impl Header {
    /// Parses the first bytes of a frame; `None` where there are too few of them yet.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Self>, Violation> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & 0x70 != 0 {
            return Err(Violation::protocol(
                "an RSV bit without an extension (RFC 6455, 5.2)",
            ));
        }
        let opcode = Opcode::from_bits(first & 0x0f)
            .ok_or_else(|| Violation::protocol("an unknown opcode (RFC 6455, 5.2)"))?;
        let fin = first & 0x80 != 0;
        let short = second & 0x7f;
        if opcode.is_control() && (!fin || short > 125) {
            return Err(Violation::protocol(
                "a control frame in fragments or above 125 bytes (RFC 6455, 5.5)",
            ));
        }
        let (length, rest) = match short {
            126 => {
                let Some((length, rest)) = rest.split_first_chunk() else {
                    return Ok(None);
                };
                (u64::from(u16::from_be_bytes(*length)), rest)
            }
            127 => {
                let Some((length, rest)) = rest.split_first_chunk() else {
                    return Ok(None);
                };
                (u64::from_be_bytes(*length), rest)
            }
            short => (u64::from(short), rest),
        };
        let least = match short {
            126 => 126,
            127 => 65_536,
            _ => 0,
        };
        if length < least {
            return Err(Violation::protocol(
                "a length in more bytes than it needs (RFC 6455, 5.2)",
            ));
        }
        if length > i64::MAX.unsigned_abs() {
            return Err(Violation::protocol(
                "a length with its highest bit set (RFC 6455, 5.2)",
            ));
        }
        let mask = match second & 0x80 {
            0 => None,
            _ => match rest.first_chunk() {
                Some(mask) => Some(*mask),
                None => return Ok(None),
            },
        };
        Ok(Some(Self {
            fin,
            opcode,
            mask,
            length,
            size: header_size(*second),
        }))
    }
}

/// How long the header is, by its second byte.
pub(crate) fn header_size(second: u8) -> usize {
    let length = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    2 + length + mask
}

/// A whole message or control frame in one frame, as a server sends it: unmasked.
pub(crate) fn encode(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 10);
    frame.push(0x80 | opcode as u8);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ 0..126), _) => frame.push(short),
        (_, Ok(medium)) => {
            frame.push(126);
            frame.extend(medium.to_be_bytes());
        }
        _ => {
            frame.push(127);
            // `usize` has at most 64 bits on every system that Rust builds for, so `as` loses nothing.
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::mask;

    fn parsed(bytes: &[u8]) -> (Header, Vec<u8>) {
        let header = Header::parse(bytes).expect("sound").expect("whole");
        let mut payload = bytes[header.size..].to_vec();
        mask(&mut payload, header.mask.unwrap_or_default());
        (header, payload)
    }

    #[test]
    fn the_examples_of_rfc_6455_are_read() {
        let hello = b"Hello".to_vec();
        let masked = [
            0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ];
        let pong = [
            0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ];
        let long = |head: &[u8], length: usize| [head, &vec![7; length]].concat();
        for (bytes, opcode, fin, payload) in [
            (b"\x81\x05Hello".to_vec(), Opcode::Text, true, hello.clone()),
            (masked.to_vec(), Opcode::Text, true, hello.clone()),
            (
                b"\x01\x03Hel".to_vec(),
                Opcode::Text,
                false,
                b"Hel".to_vec(),
            ),
            (
                b"\x80\x02lo".to_vec(),
                Opcode::Continuation,
                true,
                b"lo".to_vec(),
            ),
            (b"\x89\x05Hello".to_vec(), Opcode::Ping, true, hello.clone()),
            (pong.to_vec(), Opcode::Pong, true, hello),
            (
                long(&[0x82, 0x7e, 0x01, 0x00], 256),
                Opcode::Binary,
                true,
                vec![7; 256],
            ),
            (
                long(&[0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0], 65_536),
                Opcode::Binary,
                true,
                vec![7; 65_536],
            ),
        ] {
            let (header, content) = parsed(&bytes);
            assert_eq!((header.opcode, header.fin), (opcode, fin));
            assert_eq!(content, payload);
            assert_eq!(header.length, payload.len() as u64);
            // What a server would send itself, it writes the same way.
            if header.mask.is_none() && fin && opcode != Opcode::Continuation {
                assert_eq!(encode(opcode, &payload), bytes);
            }
        }
    }

    #[test]
    fn lengths_take_the_shortest_form() {
        for (length, size) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let frame = encode(Opcode::Binary, &vec![0; length]);
            assert_eq!(frame.len(), size + length);
            assert_eq!(parsed(&frame).0.size, size);
        }
    }

    #[test]
    fn a_header_is_read_when_its_last_byte_is_there() {
        for second in [5, 126, 127, 0x85, 0xfe, 0xff] {
            // A length of 2^48 is minimal in eight bytes, one of 256 in two.
            let frame = [0x82, second, 1, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9];
            let size = header_size(second);
            for count in 0..frame.len() {
                let header = Header::parse(&frame[..count]).expect("sound");
                assert_eq!(header.is_some(), count >= size, "{second} {count}");
            }
        }
    }

    #[test]
    fn what_rfc_6455_forbids_is_refused() {
        for frame in [
            &[0xc1, 0x80][..],
            &[0xa1, 0x80],
            &[0x91, 0x80],
            &[0x83, 0x80],
            &[0x87, 0x80],
            &[0x8b, 0x80],
            &[0x8f, 0x80],
            &[0x09, 0x80],
            &[0x08, 0x80],
            &[0x89, 0xfe],
            &[0x88, 0xff],
            &[0x82, 0xfe, 0, 125],
            &[0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
            &[0x82, 0xff, 0x80, 0, 0, 0, 0, 1, 0, 0],
        ] {
            let violation = Header::parse(frame).expect_err("a violation");
            assert_eq!(violation.code, 1002, "{frame:x?}");
        }
    }
}
