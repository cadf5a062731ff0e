//! How a connection can end; only one of the ways is a good one.

use crate::close::Violation;

/// How a connection ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// The client said Close, perhaps with a code.
    ByClient(Option<u16>),
    /// The client broke a rule.
    ByServer(Violation),
    /// The client has gone without a word.
    Lost,
    /// The client said nothing, or did not end what it began to say.
    Silent,
    /// The client did not read.
    Stalled,
}

impl End {
    /// A close code, with 1005 and 1006 for those that were never sent (RFC 6455, 7.4.1), and a word.
    pub(crate) fn describe(self) -> (u16, &'static str) {
        match self {
            Self::ByClient(code) => (code.unwrap_or(1005), "by-client"),
            Self::ByServer(violation) => (violation.code, "by-server"),
            Self::Lost => (1006, "lost"),
            Self::Silent => (1006, "silent"),
            Self::Stalled => (1006, "stalled"),
        }
    }
}

impl From<Violation> for End {
    fn from(violation: Violation) -> Self {
        Self::ByServer(violation)
    }
}
