//! The four eras of server push.

use tidewire::Transport;

/// How news came from a server to a page, in the order of history.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Era {
    /// The server cannot send: the user asks.
    Ask,
    /// The server sends responses only: it holds one back until it has something to say.
    HeldResponse,
    /// Scheduled requests imitate push.
    Schedule,
    /// Both sides speak at will.
    WebSocket,
}

impl Era {
    pub(crate) const ALL: [Self; 4] = [
        Self::Ask,
        Self::HeldResponse,
        Self::Schedule,
        Self::WebSocket,
    ];

    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Ask => 1,
            Self::HeldResponse => 2,
            Self::Schedule => 3,
            Self::WebSocket => 4,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ask => "Ask and be answered",
            Self::HeldResponse => "A response held back",
            Self::Schedule => "Scheduled requests",
            Self::WebSocket => "WebSocket",
        }
    }

    pub(crate) const fn what(self) -> &'static str {
        match self {
            Self::Ask => {
                "The server cannot send. What it has to say waits until somebody presses the button."
            }
            Self::HeldResponse => {
                "The server sends responses only, so it holds one back until there is news: long polling."
            }
            Self::Schedule => {
                "The page asks again and again. News waits for the next request; a shorter schedule waits less and asks more."
            }
            Self::WebSocket => {
                "One connection stays open, and the server speaks the moment it has something to say."
            }
        }
    }

    /// The lines of the document that this era shows.
    pub(crate) const fn lines(self) -> &'static [&'static str] {
        match self {
            Self::Ask => &["S3"],
            Self::HeldResponse => &["S4"],
            Self::Schedule => &["S5"],
            Self::WebSocket => &["S2", "S10"],
        }
    }

    /// The one transport of this era's client; none where there is no client.
    pub(crate) const fn transport(self) -> Option<Transport> {
        match self {
            Self::Ask => None,
            Self::HeldResponse => Some(Transport::LongPolling),
            Self::Schedule => Some(Transport::Polling),
            Self::WebSocket => Some(Transport::WebSocket),
        }
    }
}
