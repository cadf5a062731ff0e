//! How a session comes to its end, and what each side is told: the table of close codes in `docs/GATEWAY.md`.

use tidewire_server::{Cause, Close, CloseCode};
use tokio_tungstenite::tungstenite::error::{CapacityError, Error as WsError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::dial::{BAD_GATEWAY, DialError, GATEWAY_TIMEOUT};

/// A close frame without a code. It never travels.
const NO_STATUS: CloseCode = CloseCode(1005);

/// Who or what ended it.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The backend sent a close frame.
    Backend { code: Option<u16>, reason: String },
    /// The session ended: its client closed it or did not come back, or the gateway stops.
    ByBrowser,
    /// The page of a drop-in closed, with this close frame for the backend; `None` is one without a code.
    ByPage(Option<Close>),
    /// A drop-in broke the rules of control messages.
    Malformed,
    /// The connection to the backend failed.
    Fault(Fault),
    /// It never came about.
    Unopened(DialError),
}

/// What can go wrong with a connection to a backend.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    Frame,
    Lost,
    Message,
    Silent,
    Stalled,
    Unanswered,
}

impl Ending {
    /// A close frame of the backend: its code is the one that was on the wire, whatever the library makes of it.
    pub(crate) fn of_backend(frame: Option<CloseFrame>, code: Option<u16>) -> Self {
        let Some(frame) = frame else {
            return Self::Backend {
                code: None,
                reason: String::new(),
            };
        };
        let read: u16 = frame.code.into();
        match code {
            Some(code) if code == read && frame.code.is_allowed() => Self::Backend {
                code: Some(code),
                reason: frame.reason.to_string(),
            },
            // Registered after the library's list was written, so the library may have dropped the reason.
            Some(code @ 1014) => Self::Backend {
                code: Some(code),
                reason: String::new(),
            },
            _ => Self::Fault(Fault::Frame),
        }
    }

    /// The name in metrics.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Backend { .. } => "backend",
            Self::ByBrowser | Self::ByPage(_) | Self::Malformed => "browser",
            Self::Fault(fault) => fault.name(),
            Self::Unopened(error) => error.name(),
        }
    }

    /// What a drop-in is told in *closed*: whether the backend closed in due form, and code and reason.
    pub(crate) fn closed(&self) -> (bool, Close) {
        match self {
            Self::Backend { code, reason } => {
                let code = code.map_or(NO_STATUS, CloseCode);
                (true, Close::new(code, reason))
            }
            Self::ByBrowser | Self::ByPage(_) => (false, Close::new(CloseCode::ABNORMAL, "")),
            Self::Malformed => (false, malformed()),
            Self::Fault(fault) => (false, Close::new(fault.closed_code(), fault.reason())),
            Self::Unopened(error) => (false, error.close()),
        }
    }

    /// What an ordinary client is told in CLOSE.
    pub(crate) fn close(&self) -> Close {
        match self {
            Self::Backend { code, reason } => {
                Close::new(code.map_or(CloseCode::NORMAL, CloseCode), reason)
            }
            Self::ByBrowser | Self::ByPage(_) => Close::new(CloseCode::NORMAL, ""),
            Self::Malformed => malformed(),
            Self::Fault(fault) => Close::new(fault.code(), fault.reason()),
            Self::Unopened(error) => error.close(),
        }
    }

    /// The close frame for the backend; none where it is beyond hearing one, or has sent its own.
    pub(crate) fn farewell(&self, cause: Option<Cause>, is_stopping: bool) -> Option<Close> {
        let leaving = |reason| Some(Close::new(CloseCode::GOING_AWAY, reason));
        match self {
            Self::Backend { .. } | Self::ByPage(_) | Self::Unopened(_) => None,
            Self::Fault(fault) => fault.farewell(),
            Self::Malformed => Some(Close::new(
                CloseCode::PROTOCOL,
                "client: it broke the rules of control messages",
            )),
            Self::ByBrowser => match cause {
                Some(Cause::Refused(close)) => Some(close),
                Some(Cause::TimedOut) => leaving("gone: the browser did not come back"),
                Some(Cause::PeerMisbehaved(_)) => Some(Close::new(
                    CloseCode::PROTOCOL,
                    "client: it broke the session protocol",
                )),
                _ if is_stopping => leaving("stopping: the gateway stops"),
                _ => leaving("ended: the gateway ended the session"),
            },
        }
    }
}

fn malformed() -> Close {
    Close::new(
        CloseCode::MALFORMED,
        "malformed: not as control messages are",
    )
}

impl Fault {
    /// What an error of the library means.
    pub(crate) fn of(error: &WsError) -> Self {
        match error {
            WsError::Capacity(CapacityError::MessageTooLong { .. }) => Self::Message,
            WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Lost,
            WsError::Capacity(_) | WsError::Protocol(_) | WsError::Utf8(_) => Self::Frame,
            _ => Self::Lost,
        }
    }

    fn name(self) -> &'static str {
        self.reason().split(':').next().unwrap_or_default()
    }

    fn reason(self) -> &'static str {
        match self {
            Self::Frame => "backend-frame: the backend broke RFC 6455",
            Self::Lost => "backend-lost: the backend's connection ended without a close frame",
            Self::Message => "backend-message: the backend sent a longer message than is taken",
            Self::Silent => "backend-silent: the backend answers no ping",
            Self::Stalled => "backend-stalled: the backend does not read",
            Self::Unanswered => "backend-unanswered: the backend did not answer the close frame",
        }
    }

    /// As a browser would see it without a gateway, where it would see it at all.
    fn closed_code(self) -> CloseCode {
        match self {
            Self::Frame => CloseCode::PROTOCOL,
            Self::Lost | Self::Silent | Self::Unanswered => CloseCode::ABNORMAL,
            Self::Message | Self::Stalled => self.code(),
        }
    }

    /// As it can travel.
    fn code(self) -> CloseCode {
        match self {
            Self::Frame | Self::Lost => BAD_GATEWAY,
            Self::Message => CloseCode::TOO_BIG,
            Self::Silent | Self::Stalled | Self::Unanswered => GATEWAY_TIMEOUT,
        }
    }

    /// The close frame for the backend, where it may still hear one.
    fn farewell(self) -> Option<Close> {
        let code = match self {
            Self::Frame => CloseCode::PROTOCOL,
            Self::Message => CloseCode::TOO_BIG,
            Self::Lost | Self::Silent | Self::Stalled | Self::Unanswered => return None,
        };
        Some(Close::new(code, self.reason()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_table() {
        let of = |code: u16| {
            let frame = CloseFrame {
                code: code.into(),
                reason: "bye".into(),
            };
            Ending::of_backend(Some(frame), Some(code))
        };
        for code in (1000..=1003).chain(1007..=1013).chain([3000, 4001, 4999]) {
            let (is_clean, told) = of(code).closed();
            assert!(is_clean);
            assert_eq!((told.code.0, told.reason.as_str()), (code, "bye"));
            assert_eq!(of(code).close(), told);
        }
        let without = Ending::of_backend(None, None);
        assert_eq!(without.closed().1.code, NO_STATUS);
        assert_eq!(without.close().code, CloseCode::NORMAL);
        for (fault, closed, close) in [
            (Fault::Frame, 1002, 4502),
            (Fault::Lost, 1006, 4502),
            (Fault::Message, 1009, 1009),
            (Fault::Silent, 1006, 4504),
            (Fault::Stalled, 4504, 4504),
            (Fault::Unanswered, 1006, 4504),
        ] {
            let ending = Ending::Fault(fault);
            assert!(!ending.closed().0);
            assert_eq!(ending.closed().1.code.0, closed, "{fault:?}");
            assert_eq!(ending.close().code.0, close, "{fault:?}");
        }
    }
}
