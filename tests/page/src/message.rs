//! Messages that say which one they are: text and binary, small and large, each known by its number.

/// Who speaks first, and how big the messages are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flow {
    /// What the page sends and the server sends back.
    Echo,
    /// What the server sends of its own accord.
    Push,
    /// As [`Echo`](Self::Echo), without large messages.
    SmallEcho,
}

impl Flow {
    const ALL: [Self; 3] = [Self::Echo, Self::Push, Self::SmallEcho];

    const fn letter(self) -> char {
        match self {
            Self::Echo => 'e',
            Self::Push => 'p',
            Self::SmallEcho => 's',
        }
    }
}

/// The content of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Content {
    /// A binary message.
    Binary(Vec<u8>),
    /// A text message.
    Text(String),
}

/// Bytes of every hundredth message of the flows that have large ones: more than a fragment of the protocol holds.
const LARGE: usize = 40_000;

/// Message `number` of a flow: every third is binary, and in the flows that have large ones every hundredth is large.
pub fn content(flow: Flow, number: u32) -> Content {
    let head = format!("{}{number}:", flow.letter());
    let size = if flow != Flow::SmallEcho && number % 100 == 50 {
        LARGE
    } else {
        usize::try_from(number % 190).unwrap_or_default()
    };
    // Another filler for each number, so that parts of two messages cannot be taken for one.
    let filler = (number..).take(size);
    if number % 3 == 2 {
        // Never UTF-8, so that nobody takes it for text.
        let filler = std::iter::once(0xff).chain(filler.map(|value| value.to_le_bytes()[0]));
        Content::Binary(head.into_bytes().into_iter().chain(filler).collect())
    } else {
        let letters = ('a'..='z').collect::<Vec<_>>();
        let count = u32::try_from(letters.len()).unwrap_or(1);
        let letter = |value: u32| letters[usize::try_from(value % count).unwrap_or_default()];
        Content::Text(head + &filler.map(letter).collect::<String>())
    }
}

/// The flow and the number of a message; `None` for one that is not exactly as it was sent.
pub fn identify(content_received: &Content) -> Option<(Flow, u32)> {
    let bytes = match content_received {
        Content::Binary(bytes) => bytes,
        Content::Text(text) => text.as_bytes(),
    };
    let flow = Flow::ALL
        .into_iter()
        .find(|flow| Some(flow.letter()) == bytes.first().map(|byte| char::from(*byte)))?;
    let digits = bytes.get(1..)?.split(|byte| *byte == b':').next()?;
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (content(flow, number) == *content_received).then_some((flow, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_tells_its_flow_and_number() {
        for number in 0..400 {
            for flow in Flow::ALL {
                assert_eq!(identify(&content(flow, number)), Some((flow, number)));
            }
        }
    }

    #[test]
    fn there_are_text_and_binary_small_and_large_ones() {
        assert!(matches!(content(Flow::Echo, 0), Content::Text(_)));
        assert!(matches!(content(Flow::Echo, 2), Content::Binary(_)));
        let Content::Binary(large) = content(Flow::Echo, 50) else {
            panic!("message 50 is binary");
        };
        assert!(large.len() > LARGE);
    }

    #[test]
    fn a_message_that_was_changed_is_not_identified() {
        let Content::Text(text) = content(Flow::Echo, 40) else {
            panic!("message 40 is text");
        };
        assert_eq!(identify(&Content::Binary(text.clone().into_bytes())), None);
        assert_eq!(
            identify(&Content::Text(text[..text.len() - 1].to_owned())),
            None
        );
        assert_eq!(identify(&Content::Text(format!("{text}a"))), None);
        for text in ["", "e", "e:", "x1:", "e-1:", "e99999999999:"] {
            assert_eq!(identify(&Content::Text(text.to_owned())), None, "{text}");
        }
    }
}
