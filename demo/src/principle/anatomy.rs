//! A frame taken apart, as RFC 6455 section 5.2 draws it.

/// The parts of a frame, in order, each with its bytes as bits or in hexadecimal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Anatomy {
    pub(crate) is_final: bool,
    pub(crate) reserved: u8,
    pub(crate) opcode: u8,
    pub(crate) is_masked: bool,
    /// The seven bits that are the length, or say how long it is.
    pub(crate) short_length: u8,
    /// The bytes of a longer length.
    pub(crate) long_length: Vec<u8>,
    pub(crate) mask: Option<[u8; 4]>,
    /// As on the wire.
    pub(crate) payload: Vec<u8>,
}

impl Anatomy {
    /// Takes the beginning of a frame apart; none where even its head is not complete.
    pub(crate) fn of(frame: &[u8]) -> Option<Self> {
        let (&[first, second], rest) = frame.split_first_chunk()?;
        let short_length = second & 0x7f;
        let longer = match short_length {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let (long_length, rest) = rest.split_at_checked(longer)?;
        let is_masked = second & 0x80 != 0;
        let (mask, payload) = if is_masked {
            let (mask, payload) = rest.split_first_chunk()?;
            (Some(*mask), payload)
        } else {
            (None, rest)
        };
        Some(Self {
            is_final: first & 0x80 != 0,
            reserved: (first >> 4) & 0x07,
            opcode: first & 0x0f,
            is_masked,
            short_length,
            long_length: long_length.to_vec(),
            mask,
            payload: payload.to_vec(),
        })
    }

    /// The payload without the mask (section 5.3).
    pub(crate) fn unmasked(&self) -> Vec<u8> {
        let mask = self.mask.unwrap_or_default();
        self.payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, key)| byte ^ key)
            .collect()
    }

    /// The length of the payload, as the head says it.
    pub(crate) fn length(&self) -> u64 {
        if self.long_length.is_empty() {
            return u64::from(self.short_length);
        }
        self.long_length
            .iter()
            .fold(0, |length, byte| length << 8 | u64::from(*byte))
    }

    /// The name of the opcode (section 11.8).
    pub(crate) const fn kind(&self) -> &'static str {
        match self.opcode {
            0x0 => "continuation",
            0x1 => "text",
            0x2 => "binary",
            0x8 => "close",
            0x9 => "ping",
            0xa => "pong",
            _ => "reserved",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_masked_hello_of_the_rfc_is_taken_apart() {
        let frame = [
            0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ];
        let anatomy = Anatomy::of(&frame).expect("a frame");
        assert!(anatomy.is_final && anatomy.is_masked);
        assert_eq!((anatomy.kind(), anatomy.length()), ("text", 5));
        assert_eq!(anatomy.unmasked(), b"Hello");
    }

    #[test]
    fn longer_lengths_have_bytes_of_their_own() {
        let medium = Anatomy::of(&[0x82, 0x7e, 0x01, 0x00]).expect("a frame");
        assert_eq!(medium.length(), 256);
        let long = Anatomy::of(&[0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]).expect("a frame");
        assert_eq!(long.length(), 65_536);
    }

    #[test]
    fn a_head_that_is_cut_off_is_no_frame() {
        assert_eq!(Anatomy::of(&[]), None);
        assert_eq!(Anatomy::of(&[0x81]), None);
        assert_eq!(Anatomy::of(&[0x81, 0xfe, 0x01]), None);
        assert_eq!(Anatomy::of(&[0x81, 0x85, 0x37, 0xfa]), None);
    }
}
