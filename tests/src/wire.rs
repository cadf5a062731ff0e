//! Counts what goes over a connection: WebSocket messages (RFC 6455 section 5.2) and HTTP/1.1 requests (RFC 9112),
//! from bytes that come in any portions.

/// Counts the messages of one direction of a WebSocket.
#[derive(Clone, Debug, Default)]
pub struct FrameCounter {
    /// Text and binary messages.
    pub messages: u64,
    /// The header of the frame that is being read.
    head: Vec<u8>,
    /// Bytes of the frame's masking key and payload that are still to come.
    skip: u64,
}

impl FrameCounter {
    /// Takes the next bytes.
    pub fn read(&mut self, mut bytes: &[u8]) {
        while let Some((&byte, rest)) = bytes.split_first() {
            if self.skip > 0 {
                let skipped = usize::try_from(self.skip)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                self.skip -= u64::try_from(skipped).unwrap_or(self.skip);
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            self.head.push(byte);
            bytes = rest;
            if let Some(skip) = self.body() {
                // A message is counted with its first frame; the others are continuations.
                let opcode = self.head.first().map_or(0, |first| first & 0x0f);
                self.messages += u64::from(matches!(opcode, 1 | 2));
                self.skip = skip;
                self.head.clear();
            }
        }
    }

    /// The bytes that follow the header, once the header is complete.
    fn body(&self) -> Option<u64> {
        let second = *self.head.get(1)?;
        let extended = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let length = self.head.get(2..2 + extended)?;
        let length = match extended {
            0 => u64::from(second & 0x7f),
            _ => length
                .iter()
                .fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
        };
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        Some(length + mask)
    }
}

/// Counts the requests on one connection whose bodies have a `Content-Length`, as browsers send them.
#[derive(Clone, Debug, Default)]
pub struct RequestCounter {
    /// `POST` requests.
    pub posts: u64,
    head: Vec<u8>,
    skip: usize,
}

impl RequestCounter {
    /// Takes the next bytes.
    pub fn read(&mut self, mut bytes: &[u8]) {
        while let Some((&byte, rest)) = bytes.split_first() {
            if self.skip > 0 {
                let skipped = self.skip.min(bytes.len());
                self.skip -= skipped;
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            self.head.push(byte);
            bytes = rest;
            if self.head.ends_with(b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.head).to_ascii_lowercase();
                self.posts += u64::from(head.starts_with("post "));
                self.skip = content_length(&head);
                self.head.clear();
            }
        }
    }
}

fn content_length(head: &str) -> usize {
    head.lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A masked frame, as a browser sends it.
    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match length {
            0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
            126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend(u64::try_from(length).unwrap().to_be_bytes());
            }
        }
        frame.extend([1, 2, 3, 4]);
        // A payload that looks like headers.
        frame.extend(std::iter::repeat_n(0x82, length));
        frame
    }

    #[test]
    fn text_and_binary_messages_of_every_length_are_counted_and_nothing_else() {
        let bytes: Vec<u8> = [
            frame(0x82, 0),
            frame(0x81, 125),
            frame(0x82, 126),
            frame(0x82, 70_000),
            // A ping, a close, and a message in two frames.
            frame(0x89, 3),
            frame(0x02, 10),
            frame(0x80, 10),
            frame(0x88, 2),
        ]
        .concat();
        for portion in [1, 2, 7, 4_096, bytes.len()] {
            let mut counter = FrameCounter::default();
            for bytes in bytes.chunks(portion) {
                counter.read(bytes);
            }
            assert_eq!(counter.messages, 5, "in portions of {portion}");
        }
    }

    #[test]
    fn unmasked_frames_of_a_server_are_counted_as_well() {
        let mut counter = FrameCounter::default();
        counter.read(&[0x82, 2, 0x82, 0x82, 0x81, 0, 0x8a, 0]);
        assert_eq!(counter.messages, 2);
    }

    #[test]
    fn posts_are_counted_and_their_bodies_are_not_read_as_requests() {
        let post = "POST /live HTTP/1.1\r\nContent-Length: 8\r\n\r\nPOST /\r\n";
        let other = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let bytes = [post, other, post].concat();
        for portion in [1, 5, bytes.len()] {
            let mut counter = RequestCounter::default();
            for bytes in bytes.as_bytes().chunks(portion) {
                counter.read(bytes);
            }
            assert_eq!(counter.posts, 2, "in portions of {portion}");
        }
    }
}
