//! The bytes of one connection, kept so that they can be shown.
//!
//! A page sees neither the key nor the frames of its own WebSocket; the browser keeps them to itself. This server has
//! them all, and writes them down for whoever learns from them. It does so as lines of text, each ended by a line feed,
//! with bytes in lower-case hexadecimal:
//!
//! ```text
//! opening 474554202f77617463682f61...              the request, up to and with its empty line
//! answer 485454502f312e312031303120...             the answer to it
//! frame 1 in 11 818537fa213d7f9f4d5158             a frame from the client: its number, all its bytes counted, the bytes
//! frame 2 out 7 810548656c6c6f                     a frame from the server
//! ended 1000 by-client                             how it ended, once it has
//! ```
//!
//! - `opening` and `answer` come once each and whole; values of `Cookie`, `Authorization` and `Proxy-Authorization` are stars.
//! - `frame` lines are in the order of what happened and numbered from 1 without a gap. The newest 64 are kept, so a
//!   reader who has seen number 12 already goes on at 13, and one who comes late may find that the first is 70.
//! - The count is of the frame's bytes, header and payload; at most the first 256 of them are shown. Of a frame that is
//!   refused by its header, the header alone is shown, with the count that it announces; where the header is malformed,
//!   the count is of the bytes shown.
//! - `ended` gives a close code and one word: `by-client` (it said Close; 1005 where it gave no code), `by-server` (it
//!   broke a rule; the Close before tells which), and with 1006 `lost` (it went without a Close), `silent` (it sent
//!   nothing for 60 s and did not answer a ping, or did not end a frame) or `stalled` (it did not read).

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits;

/// Which way a frame went, as seen from the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Direction {
    In,
    Out,
}

/// A transcript that is being written by one thread and may be read by others.
#[derive(Clone, Debug)]
pub(crate) struct Recording(Arc<Mutex<Transcript>>);

#[derive(Debug)]
struct Transcript {
    opening: Vec<u8>,
    answer: Vec<u8>,
    frames: VecDeque<Frame>,
    /// The number of the newest frame.
    count: u64,
    end: Option<(u16, &'static str)>,
}

#[derive(Debug)]
struct Frame {
    direction: Direction,
    total: u64,
    shown: Vec<u8>,
}

impl Recording {
    pub(crate) fn new(opening: &[u8], answer: &[u8]) -> Self {
        Self(Arc::new(Mutex::new(Transcript {
            opening: opening.to_vec(),
            answer: answer.to_vec(),
            frames: VecDeque::with_capacity(limits::FRAMES_SHOWN),
            count: 0,
            end: None,
        })))
    }

    /// Adds a frame of so many bytes, with the first of them or all.
    pub(crate) fn frame(&self, direction: Direction, bytes: &[u8], total: u64) {
        let frame = Frame {
            direction,
            total,
            shown: bytes.iter().take(limits::FRAME_SHOWN).copied().collect(),
        };
        let mut transcript = self.lock();
        if transcript.frames.len() == limits::FRAMES_SHOWN {
            transcript.frames.pop_front();
        }
        transcript.frames.push_back(frame);
        transcript.count += 1;
    }

    /// Says how it ended.
    pub(crate) fn end(&self, code: u16, word: &'static str) {
        self.lock().end = Some((code, word));
    }

    /// The lines that this module's documentation describes.
    pub(crate) fn lines(&self) -> String {
        let transcript = self.lock();
        let mut lines = format!(
            "opening {}\nanswer {}",
            hex(&transcript.opening),
            hex(&transcript.answer)
        );
        let numbers = (0..=transcript.count).rev();
        let mut frames = Vec::with_capacity(limits::FRAMES_SHOWN);
        for (number, frame) in numbers.zip(transcript.frames.iter().rev()) {
            let way = match frame.direction {
                Direction::In => "in",
                Direction::Out => "out",
            };
            let (total, bytes) = (frame.total, hex(&frame.shown));
            frames.push(format!("\nframe {number} {way} {total} {bytes}"));
        }
        lines.extend(frames.iter().rev().map(String::as_str));
        if let Some((code, word)) = transcript.end {
            lines += &format!("\nended {code} {word}");
        }
        lines
    }

    /// Another thread may have panicked with the lock; a transcript is right at each moment, so that does no harm.
    fn lock(&self) -> MutexGuard<'_, Transcript> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_lines() {
        let recording = Recording::new(b"GET", b"HTTP");
        assert_eq!(recording.lines(), "opening 474554\nanswer 48545450");
        recording.frame(Direction::In, b"\x88\x80\x01\x02\x03\x04", 6);
        recording.frame(Direction::Out, b"\x88\x00", 2);
        recording.end(1005, "by-client");
        assert_eq!(
            recording.lines(),
            "opening 474554\nanswer 48545450\nframe 1 in 6 888001020304\nframe 2 out 2 8800\n\
             ended 1005 by-client"
        );
    }

    #[test]
    fn the_newest_frames_are_kept_and_the_first_bytes_of_each() {
        let recording = Recording::new(b"", b"");
        for _ in 0..99 {
            recording.frame(Direction::In, b"", 0);
        }
        recording.frame(Direction::Out, &[0xab; 70_000], 70_000);
        let lines = recording.lines();
        let frames: Vec<_> = lines.lines().skip(2).collect();
        assert_eq!(frames.len(), 64);
        assert_eq!(frames[0], "frame 37 in 0 ");
        assert_eq!(
            frames[63],
            format!("frame 100 out 70000 {}", "ab".repeat(256))
        );
    }
}
