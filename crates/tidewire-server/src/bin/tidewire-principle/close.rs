//! The end of a connection: each side says Close, with a code that tells why (RFC 6455, 5.5.1 and 7).
//!
//! ```text
//! 88 02 03 e8            code 1000, a normal end, and no reason
//! 88 00                  nothing said about it
//! ```

/// The most that a Close frame's reason may have: 125 bytes of a control frame less 2 of the code.
const REASON: usize = 123;

/// A rule that the peer has broken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Violation {
    /// What goes into the Close frame (RFC 6455, 7.4.1).
    pub(crate) code: u16,
    /// The rule, in words.
    pub(crate) rule: &'static str,
}

impl Violation {
    /// It does not speak as RFC 6455 says.
    pub(crate) const fn protocol(rule: &'static str) -> Self {
        Self { code: 1002, rule }
    }

    /// It sent what its kind of message cannot hold.
    pub(crate) const fn data(rule: &'static str) -> Self {
        Self { code: 1007, rule }
    }

    /// RFC 6455 allows it, but this server does not.
    pub(crate) const fn policy(rule: &'static str) -> Self {
        Self { code: 1008, rule }
    }

    /// It is more than this server takes.
    pub(crate) const fn too_big(rule: &'static str) -> Self {
        Self { code: 1009, rule }
    }
}

/// The code in the payload of the peer's Close frame; `None` where it gave none.
pub(crate) fn read(payload: &[u8]) -> Result<Option<u16>, Violation> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return match payload {
            [] => Ok(None),
            _ => Err(Violation::protocol("half a close code (RFC 6455, 5.5.1)")),
        };
    };
    let code = u16::from_be_bytes(*code);
    if !may_be_sent(code) {
        return Err(Violation::protocol(
            "a close code that may not be sent (RFC 6455, 7.4)",
        ));
    }
    if str::from_utf8(reason).is_err() {
        return Err(Violation::data(
            "a close reason that is not UTF-8 (RFC 6455, 5.5.1)",
        ));
    }
    Ok(Some(code))
}

/// The payload of a Close frame.
pub(crate) fn payload(code: Option<u16>, reason: &str) -> Vec<u8> {
    let Some(code) = code else {
        return Vec::new();
    };
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend(reason.bytes().take(REASON));
    payload
}

/// 1004 has no meaning yet; 1005, 1006 and 1015 are what a program tells its user where no code was sent. Codes from
/// 3000 are for frameworks, from 4000 for applications. 1012 to 1014 were registered later with IANA.
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_comes_back_out() {
        assert_eq!(read(&payload(None, "")), Ok(None));
        assert_eq!(read(&payload(Some(1000), "")), Ok(Some(1000)));
        assert_eq!(read(&payload(Some(4999), "bye")), Ok(Some(4999)));
    }

    #[test]
    fn a_reason_fits_into_a_control_frame() {
        assert_eq!(payload(Some(1000), &"x".repeat(500)).len(), 125);
    }

    #[test]
    fn codes_that_may_not_be_sent_are_refused() {
        for code in [
            0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535,
        ] {
            let violation = read(&payload(Some(code), "")).expect_err("a violation");
            assert_eq!(violation.code, 1002, "{code}");
        }
    }

    #[test]
    fn malformed_payloads_are_refused() {
        assert_eq!(read(&[3]).map_err(|it| it.code), Err(1002));
        assert_eq!(read(&[3, 232, 0xff]).map_err(|it| it.code), Err(1007));
    }
}
