//! Reads along with a stream of WebSocket frames that is passed on as it is: where a frame ends, and whether a close frame has passed.

/// Follows the frames of one direction.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    header: [u8; 14],
    filled: usize,
    payload_left: u64,
    /// The first bytes of a close frame's payload, unmasked.
    close: Option<CloseBytes>,
}

#[derive(Clone, Copy, Debug, Default)]
struct CloseBytes {
    code: [u8; 2],
    seen: usize,
}

impl Frames {
    /// Takes note of bytes that pass.
    pub(crate) fn scan(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            if self.payload_left > 0 {
                let take = usize::try_from(self.payload_left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                let (payload, rest) = bytes.split_at(take);
                self.note_close(payload);
                self.payload_left -= take as u64;
                bytes = rest;
                continue;
            }
            if let Some(slot) = self.header.get_mut(self.filled) {
                *slot = *first;
            }
            self.filled += 1;
            bytes = rest;
            if self.filled >= 2 && self.filled == self.header_len() {
                self.finish_header();
            }
        }
    }

    /// Whether what passed so far is whole frames, so that another frame may be put in.
    pub(crate) fn is_between(&self) -> bool {
        self.filled == 0 && self.payload_left == 0
    }

    /// Whether a close frame has passed: nothing may follow it.
    pub(crate) fn is_closed(&self) -> bool {
        self.close.is_some()
    }

    /// The code in the close frame that passed, if it had one.
    pub(crate) fn close_code(&self) -> Option<u16> {
        self.close
            .filter(|close| close.seen >= 2)
            .map(|close| u16::from_be_bytes(close.code))
    }

    fn is_masked(&self) -> bool {
        self.header[1] & 0x80 != 0
    }

    fn header_len(&self) -> usize {
        let mask = if self.is_masked() { 4 } else { 0 };
        mask + match self.header[1] & 0x7f {
            126 => 4,
            127 => 10,
            _ => 2,
        }
    }

    fn finish_header(&mut self) {
        let [first, second, a, b, c, d, e, f, g, h, ..] = self.header;
        self.payload_left = match second & 0x7f {
            126 => u64::from(u16::from_be_bytes([a, b])),
            127 => u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            short => u64::from(short),
        };
        self.filled = 0;
        if first & 0x0f == 8 && self.close.is_none() {
            self.close = Some(CloseBytes::default());
        }
    }

    fn note_close(&mut self, payload: &[u8]) {
        // A close frame is shorter than 126 bytes, so its mask follows the second byte.
        let mask: [u8; 2] = match self.is_masked() {
            true => [self.header[2], self.header[3]],
            false => [0, 0],
        };
        let Some(close) = &mut self.close else { return };
        for byte in payload {
            let (Some(slot), Some(mask)) = (close.code.get_mut(close.seen), mask.get(close.seen))
            else {
                return;
            };
            *slot = byte ^ mask;
            close.seen += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_end_where_their_lengths_say_however_the_bytes_are_cut() {
        let mut bytes = vec![0x81, 5];
        bytes.extend(b"hello");
        bytes.extend([0x82, 126, 0, 200]);
        bytes.extend([0; 200]);
        bytes.extend([0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        bytes.extend(vec![0x88; 65_536]);
        for step in [1, 2, 3, 7, 4_096, bytes.len()] {
            let mut frames = Frames::default();
            assert!(frames.is_between());
            for chunk in bytes.chunks(step) {
                frames.scan(chunk);
            }
            assert!(frames.is_between(), "step {step}");
            assert!(!frames.is_closed(), "payload is no frame");
            frames.scan(&[0x81]);
            assert!(!frames.is_between());
        }
    }

    #[test]
    fn the_code_of_a_close_frame_is_read_masked_or_not() {
        let code = 4001_u16.to_be_bytes();
        let mask = [7, 8, 9, 10];
        let plain = [0x88, 3, code[0], code[1], b'x'];
        let masked = [
            0x88,
            0x83,
            7,
            8,
            9,
            10,
            code[0] ^ mask[0],
            code[1] ^ mask[1],
            b'x' ^ mask[2],
        ];
        for bytes in [&plain[..], &masked[..]] {
            for step in [1, 2, bytes.len()] {
                let mut frames = Frames::default();
                bytes.chunks(step).for_each(|chunk| frames.scan(chunk));
                assert!(frames.is_closed() && frames.is_between());
                assert_eq!(frames.close_code(), Some(4001));
            }
        }
        let mut without = Frames::default();
        without.scan(&[0x88, 0]);
        assert!(without.is_closed());
        assert_eq!(without.close_code(), None);
    }
}
