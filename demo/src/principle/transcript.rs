//! What the server of bare sockets recorded of one connection: every byte, in hexadecimal.

/// The record of a connection.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Transcript {
    /// The request that asks for the upgrade.
    pub(crate) opening: Vec<u8>,
    pub(crate) answer: Vec<u8>,
    pub(crate) frames: Vec<RecordedFrame>,
    /// How the connection ended, where it did.
    pub(crate) ended: Option<String>,
}

/// One frame; of a long one only the beginning was kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct RecordedFrame {
    /// Counted from the first of the connection.
    pub(crate) number: u64,
    /// Whether the client sent it.
    pub(crate) is_from_client: bool,
    /// Its whole length in bytes.
    pub(crate) length: u64,
    pub(crate) bytes: Vec<u8>,
}

impl Transcript {
    /// Reads a transcript; none where a line is not what it should be.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut transcript = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "opening" => transcript.opening = unhex(rest)?,
                "answer" => transcript.answer = unhex(rest)?,
                "frame" => transcript.frames.push(RecordedFrame::read(rest)?),
                "ended" => transcript.ended = Some(rest.to_owned()),
                _ => return None,
            }
        }
        Some(transcript)
    }

    /// Whether it was recorded after `other` of the same connection.
    pub(crate) fn is_later_than(&self, other: &Self) -> bool {
        let last = |transcript: &Self| {
            let frame = transcript.frames.last().map(|frame| frame.number);
            (
                transcript.ended.is_some(),
                frame,
                !transcript.opening.is_empty(),
            )
        };
        last(self) > last(other)
    }
}

impl RecordedFrame {
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let number = words.next()?.parse().ok()?;
        let is_from_client = match words.next()? {
            "in" => true,
            "out" => false,
            _ => return None,
        };
        Some(Self {
            number,
            is_from_client,
            length: words.next()?.parse().ok()?,
            bytes: unhex(words.next().unwrap_or_default())?,
        })
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let digit = |digit: u8| char::from(digit).to_digit(16);
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
            _ => None,
        })
        .collect()
}

/// Bytes as `81 05 48`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_read() {
        let text = "opening 4745\nanswer 4854\nframe 1 in 7 818537fa213d\nframe 2 out 7 8105\nended 1000 normal\n";
        let transcript = Transcript::read(text).expect("a transcript");
        assert_eq!(transcript.opening, b"GE");
        assert_eq!(transcript.answer, b"HT");
        assert_eq!(transcript.frames.len(), 2);
        assert!(transcript.frames[0].is_from_client);
        assert_eq!(transcript.frames[1].bytes, [0x81, 0x05]);
        assert_eq!(transcript.ended.as_deref(), Some("1000 normal"));
    }

    #[test]
    fn what_is_no_transcript_is_refused() {
        for text in [
            "hello",
            "opening 4",
            "opening zz",
            "frame 1 up 3 00",
            "frame x in 3 00",
        ] {
            assert_eq!(Transcript::read(text), None, "{text}");
        }
    }
}
