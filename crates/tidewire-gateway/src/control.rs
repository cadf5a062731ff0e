//! What the gateway and a drop-in socket tell each other beside the messages: `docs/GATEWAY.md`, "How the drop-in names its
//! sub-protocols".

use http::StatusCode;
use tidewire_server::{Close, CloseCode, Payload, Refusal};

/// Begins the token of every drop-in, whatever its version.
const FAMILY: &[u8] = b"tidewire-socket/";
/// The version that is spoken.
const VERSION: &str = "1";
/// Begins every control message.
const MARK: &str = "\0tidewire";
/// Sub-protocols that one token may name.
const MAX_PROTOCOLS: usize = 32;
/// Bytes that they may have, with what joins them.
const MAX_PROTOCOL_BYTES: usize = 1_024;

/// What a page's `close()` without a code is told as.
const NO_STATUS: u16 = 1005;

const LITERAL: u8 = 0;
const OPENED: u8 = 1;
const CLOSED: u8 = 2;

/// What a client's token says of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Speaker {
    /// A drop-in socket, which wants one of these sub-protocols and is sent control messages.
    DropIn { protocols: Vec<String> },
    /// Any other tidewire client.
    Ordinary,
}

impl Speaker {
    /// Reads a token.
    pub(crate) fn read(token: &[u8]) -> Result<Self, Refusal> {
        let Some(rest) = token.strip_prefix(FAMILY) else {
            return Ok(Self::Ordinary);
        };
        let malformed = || {
            let reason = "token: it does not follow the form of a drop-in socket's";
            Refusal::new(StatusCode::FORBIDDEN, reason)
        };
        let rest = str::from_utf8(rest).map_err(|_| malformed())?;
        let (version, names) = match rest.split_once(' ') {
            Some((version, names)) => (version, Some(names)),
            None => (rest, None),
        };
        if version != VERSION {
            let reason = "socket-version: this gateway speaks version 1 of the drop-in socket";
            return Err(Refusal::new(StatusCode::UPGRADE_REQUIRED, reason));
        }
        let protocols: Vec<String> = names
            .into_iter()
            .flat_map(|names| names.split(", "))
            .map(str::to_owned)
            .collect();
        let long = names.is_some_and(|names| names.len() > MAX_PROTOCOL_BYTES);
        let twice = (1..protocols.len()).any(|end| {
            let (before, from) = protocols.split_at(end);
            from.first().is_some_and(|name| before.contains(name))
        });
        if long
            || twice
            || protocols.len() > MAX_PROTOCOLS
            || !protocols.iter().all(|name| is_token(name))
        {
            return Err(malformed());
        }
        Ok(Self::DropIn { protocols })
    }
}

/// A token of RFC 9110 section 5.6.2.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// The backend accepted, and chose this sub-protocol.
pub(crate) fn opened(protocol: Option<&str>) -> Payload {
    message(OPENED, protocol.unwrap_or_default().as_bytes())
}

/// The connection to the backend is over.
pub(crate) fn closed(is_clean: bool, code: u16, reason: &str) -> Payload {
    let [high, low] = code.to_be_bytes();
    let mut rest = vec![u8::from(is_clean), high, low];
    rest.extend_from_slice(reason.as_bytes());
    message(CLOSED, &rest)
}

/// A message of the backend, so that no control message is seen in it.
pub(crate) fn literal(payload: Payload) -> Payload {
    match payload {
        Payload::Binary(bytes) if bytes.starts_with(MARK.as_bytes()) => message(LITERAL, &bytes),
        other => other,
    }
}

/// What a message of a drop-in is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Said {
    /// The page's own.
    Message(Payload),
    /// The page closes, with this close frame for the backend; `None` is one without a code.
    Close(Option<Close>),
}

/// A message of a drop-in that no drop-in sends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Malformed;

/// Tells the control messages of a drop-in, which are texts, from its page's messages.
pub(crate) fn read(payload: Payload) -> Result<Said, Malformed> {
    let Some(rest) = payload.as_text().and_then(|text| text.strip_prefix(MARK)) else {
        return Ok(Said::Message(payload));
    };
    if rest.starts_with(MARK) {
        return Ok(Said::Message(Payload::from(rest)));
    }
    let (code, reason) = rest.split_at_checked(4).ok_or(Malformed)?;
    let code = match code.bytes().all(|byte| byte.is_ascii_digit()) {
        true => code.parse().map_err(|_| Malformed)?,
        false => return Err(Malformed),
    };
    match code {
        NO_STATUS if reason.is_empty() => Ok(Said::Close(None)),
        1000 | 3000..=4999 if reason.len() <= Close::MAX_REASON => {
            Ok(Said::Close(Some(Close::new(CloseCode(code), reason))))
        }
        _ => Err(Malformed),
    }
}

/// The close frame for the backend of a drop-in that closed its session so, without a control message: as a browser's own WebSocket
/// would send it when its page is left, which gives no reason.
pub(crate) fn close_frame(close: Close) -> Close {
    match close.code {
        CloseCode::GOING_AWAY => Close::new(CloseCode::GOING_AWAY, ""),
        _ => close,
    }
}

fn message(kind: u8, rest: &[u8]) -> Payload {
    let mut bytes = Vec::with_capacity(MARK.len() + 1 + rest.len());
    bytes.extend_from_slice(MARK.as_bytes());
    bytes.push(kind);
    bytes.extend_from_slice(rest);
    Payload::Binary(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drop_in(protocols: &[&str]) -> Result<Speaker, Refusal> {
        let protocols = protocols.iter().map(|&name| name.to_owned()).collect();
        Ok(Speaker::DropIn { protocols })
    }

    #[test]
    fn a_drop_in_names_its_sub_protocols_in_order() {
        assert_eq!(Speaker::read(b"tidewire-socket/1"), drop_in(&[]));
        assert_eq!(
            Speaker::read(b"tidewire-socket/1 graphql-transport-ws, foo"),
            drop_in(&["graphql-transport-ws", "foo"])
        );
        for token in ["", "secret", "tidewire-socket", "Tidewire-Socket/1"] {
            assert_eq!(
                Speaker::read(token.as_bytes()),
                Ok(Speaker::Ordinary),
                "{token}"
            );
        }
    }

    #[test]
    fn a_token_out_of_form_is_refused() {
        let long = format!("tidewire-socket/1 {}", "a".repeat(1_025));
        let many = format!("tidewire-socket/1 {}", ["a"; 33].join(", "));
        for token in [
            "tidewire-socket/1 ",
            "tidewire-socket/1 a,b",
            "tidewire-socket/1 a, ",
            "tidewire-socket/1 a, a",
            "tidewire-socket/1 a\r\nX: y",
            "tidewire-socket/1 \u{fc}",
            &long,
            &many,
        ] {
            let refusal = Speaker::read(token.as_bytes()).expect_err(token);
            assert!(
                format!("{refusal:?}").contains("4403"),
                "{token}: {refusal:?}"
            );
        }
        let other = Speaker::read(b"tidewire-socket/2").expect_err("another version");
        assert!(format!("{other:?}").contains("4426"), "{other:?}");
    }

    #[test]
    fn control_messages_have_the_documented_bytes() {
        assert_eq!(opened(Some("foo")).as_bytes(), b"\0tidewire\x01foo");
        assert_eq!(opened(None).as_bytes(), b"\0tidewire\x01");
        assert_eq!(
            closed(true, 4001, "bye").as_bytes(),
            b"\0tidewire\x02\x01\x0f\xa1bye"
        );
        let looks_like_one = Payload::from(&b"\0tidewire\x01"[..]);
        assert_eq!(
            literal(looks_like_one).as_bytes(),
            b"\0tidewire\0\0tidewire\x01"
        );
        for other in [
            Payload::from("\0tidewire\x01"),
            Payload::from(&b"\0tide"[..]),
        ] {
            assert_eq!(literal(other.clone()), other);
        }
    }

    #[test]
    fn a_close_of_a_page_is_told_from_what_it_sends() {
        let close = |code, reason: &str| Ok(Said::Close(Some(Close::new(CloseCode(code), reason))));
        let read = |text: &str| read(Payload::from(text));
        assert_eq!(read("\0tidewire1005"), Ok(Said::Close(None)));
        assert_eq!(read("\0tidewire1000"), close(1000, ""));
        assert_eq!(read("\0tidewire3000bye"), close(3000, "bye"));
        let longest = "x".repeat(123);
        assert_eq!(
            read(&format!("\0tidewire4999{longest}")),
            close(4999, &longest)
        );
        for own in [
            Payload::from(""),
            Payload::from("\0tide"),
            Payload::from(&b"\0tidewire3000bye"[..]),
        ] {
            assert_eq!(super::read(own.clone()), Ok(Said::Message(own)));
        }
        for own in ["\0tidewire", "\0tidewire3000bye", "\0tidewire\0tidewire"] {
            let message = Ok(Said::Message(Payload::from(own)));
            assert_eq!(read(&format!("\0tidewire{own}")), message);
        }
        for malformed in [
            "",
            "300",
            "+300",
            "1001",
            "1005x",
            "1006",
            "2999",
            "5000",
            "30\u{fc}",
            "300\u{fc}",
            &format!("3000{longest}x"),
        ] {
            assert_eq!(
                read(&format!("\0tidewire{malformed}")),
                Err(Malformed),
                "{malformed}"
            );
        }
    }
}
