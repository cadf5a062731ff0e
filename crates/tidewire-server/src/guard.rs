//! Two rules of RFC 6455 that the WebSocket library below does not hold: minimal lengths (section 5.2), and a bound on
//! the frames of one message (section 10.4).
//!
//! The guard reads along: it parses the headers of the frames that pass and leaves everything as it is.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A frame that breaks a rule; it comes out of a read as the inner error of [`io::Error`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FrameViolation {
    LengthNotMinimal,
    TooManyParts,
}

impl fmt::Display for FrameViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LengthNotMinimal => "frame-length: the length is not in its shortest form",
            Self::TooManyParts => "parts: the message comes in too many frames",
        })
    }
}

impl std::error::Error for FrameViolation {}

/// Follows a stream of frames from a client.
#[derive(Debug)]
struct FrameScanner {
    header: [u8; 14],
    filled: usize,
    payload_left: u64,
    parts: u32,
    max_parts: u32,
}

impl FrameScanner {
    fn new(max_parts: u32) -> Self {
        Self {
            header: [0; 14],
            filled: 0,
            payload_left: 0,
            parts: 0,
            max_parts,
        }
    }

    fn scan(&mut self, mut bytes: &[u8]) -> Result<(), FrameViolation> {
        while let Some((first, rest)) = bytes.split_first() {
            if self.payload_left > 0 {
                let skip = usize::try_from(self.payload_left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                self.payload_left -= skip as u64;
                bytes = bytes.get(skip..).unwrap_or_default();
                continue;
            }
            if let Some(slot) = self.header.get_mut(self.filled) {
                *slot = *first;
            }
            self.filled += 1;
            bytes = rest;
            if self.filled >= 2 && self.filled == self.header_len() {
                self.finish_header()?;
            }
        }
        Ok(())
    }

    fn header_len(&self) -> usize {
        let mask = if self.header[1] & 0x80 == 0 { 0 } else { 4 };
        mask + match self.header[1] & 0x7f {
            126 => 4,
            127 => 10,
            _ => 2,
        }
    }

    fn finish_header(&mut self) -> Result<(), FrameViolation> {
        let [first, second, a, b, c, d, e, f, g, h, ..] = self.header;
        let (length, least) = match second & 0x7f {
            126 => (u64::from(u16::from_be_bytes([a, b])), 126),
            127 => (u64::from_be_bytes([a, b, c, d, e, f, g, h]), 1 << 16),
            short => (u64::from(short), 0),
        };
        self.filled = 0;
        self.payload_left = length;
        if length < least {
            return Err(FrameViolation::LengthNotMinimal);
        }
        if first & 0x08 == 0 {
            self.parts += 1;
            if self.parts > self.max_parts {
                return Err(FrameViolation::TooManyParts);
            }
            if first & 0x80 != 0 {
                self.parts = 0;
            }
        }
        Ok(())
    }
}

/// A connection whose incoming frames are checked while they are read.
#[derive(Debug)]
pub(crate) struct Guarded<S> {
    inner: S,
    scanner: FrameScanner,
}

impl<S> Guarded<S> {
    pub(crate) fn new(inner: S, max_parts: u32) -> Self {
        Self {
            inner,
            scanner: FrameScanner::new(max_parts),
        }
    }

    /// The connection itself, past the checks.
    pub(crate) fn inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.inner).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => {
                let fresh = buf.filled().get(before..).unwrap_or_default();
                Poll::Ready(
                    self.scanner
                        .scan(fresh)
                        .map_err(|violation| io::Error::new(io::ErrorKind::InvalidData, violation)),
                )
            }
            other => other,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, length: &[u8], payload: usize) -> Vec<u8> {
        let mut bytes = vec![first];
        bytes.extend_from_slice(length);
        bytes.extend_from_slice(&[7, 7, 7, 7]);
        bytes.extend(std::iter::repeat_n(0xff, payload));
        bytes
    }

    fn scan_in_steps(bytes: &[u8], step: usize, max_parts: u32) -> Result<(), FrameViolation> {
        let mut scanner = FrameScanner::new(max_parts);
        bytes.chunks(step).try_for_each(|chunk| scanner.scan(chunk))
    }

    #[test]
    fn minimal_lengths_pass_however_the_bytes_are_cut() {
        let mut bytes = frame(0x82, &[0x80 | 5], 5);
        bytes.extend(frame(0x82, &[0x80 | 126, 0, 126], 126));
        bytes.extend(frame(0x82, &[0x80 | 127, 0, 0, 0, 0, 0, 1, 0, 0], 65_536));
        bytes.extend(frame(0x89, &[0x80], 0));
        for step in [1, 2, 3, 7, 4_096, bytes.len()] {
            assert_eq!(scan_in_steps(&bytes, step, 1), Ok(()), "step {step}");
        }
    }

    #[test]
    fn a_longer_form_than_needed_is_found() {
        let short_as_16 = frame(0x82, &[0x80 | 126, 0, 125], 125);
        let short_as_64 = frame(0x82, &[0x80 | 127, 0, 0, 0, 0, 0, 0, 255, 255], 65_535);
        for bytes in [short_as_16, short_as_64] {
            for step in [1, 4_096] {
                assert_eq!(
                    scan_in_steps(&bytes, step, 9),
                    Err(FrameViolation::LengthNotMinimal)
                );
            }
        }
    }

    #[test]
    fn parts_are_counted_per_message_and_control_frames_are_not_parts() {
        let mut message = frame(0x02, &[0x81], 1);
        message.extend(frame(0x89, &[0x81], 1));
        message.extend(frame(0x00, &[0x81], 1));
        message.extend(frame(0x80, &[0x81], 1));
        let twice = message.repeat(2);
        assert_eq!(scan_in_steps(&twice, 5, 3), Ok(()));
        assert_eq!(
            scan_in_steps(&twice, 5, 2),
            Err(FrameViolation::TooManyParts)
        );
    }
}
