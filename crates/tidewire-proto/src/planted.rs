//! Deliberate bugs, each chosen at run time, that prove the simulation able to fail.
//!
//! Without the feature `planted-bugs` nothing of this is compiled: [`planted!`] is `false`, and there is no field to ask.

/// Whether this machine, or part of one, has the named bug.
#[cfg(feature = "planted-bugs")]
macro_rules! planted {
    ($part:expr, $bug:ident) => {
        $part.bug == Some($crate::planted::Bug::$bug)
    };
}

/// Whether this machine, or part of one, has the named bug: never.
#[cfg(not(feature = "planted-bugs"))]
macro_rules! planted {
    ($part:expr, $bug:ident) => {
        false
    };
}

pub(crate) use planted;

#[cfg(feature = "planted-bugs")]
pub use catalogue::Bug;

#[cfg(feature = "planted-bugs")]
mod catalogue {
    use crate::client::Client;
    use crate::server::Session;

    /// One deliberate bug.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    #[non_exhaustive]
    pub enum Bug {
        /// What was told on a carrier that lost is not told again.
        AckLostOnSwitch,
        /// One message more than was taken is acknowledged.
        AckOffByOne,
        /// What was received counts as taken.
        AckOnReceipt,
        /// A second client with the same key takes a session over.
        AnotherClientAccepted,
        /// The outbox asks whether there is room only for what it already holds.
        BoundCheckedAfterInsert,
        /// What the application takes late is counted for the session that came after.
        ConsumedForAnotherSession,
        /// A session may be created under a key that lives: the registry must ask for this one itself.
        CreateNotIdempotent,
        /// A client that comes back goes on where it was, whatever the server has.
        ClientDoesNotReplay,
        /// The overflow policy drops what has left already.
        DropsWhatHasLeft,
        /// A part of a message counts as the whole.
        FragmentCountsAsMessage,
        /// What a leaving page flushes is forgotten.
        KeepaliveForgets,
        /// The receiver delivers what it has delivered before.
        NoDeduplication,
        /// A handshake that is never answered is never given up.
        ProbeNeverClosed,
        /// A replay leaves out the first message that is missing.
        ReplayFromWrongPlace,
        /// A session never expires.
        ResumePastExpiry,
        /// A new session goes on with the numbers of the old one.
        SequenceNotReset,
        /// A server whose client comes back goes on where it was, whatever the client has.
        ServerDoesNotReplay,
        /// Answers to requests that were given up are taken all the same.
        StaleAnswerAccepted,
        /// An attach with a lower number wins.
        StaleCarrierAccepted,
        /// A session is taken for another one that had its key.
        SessionNameIgnored,
        /// What was never acknowledged is not reported.
        UnconfirmedForgotten,
        /// What was acknowledged is reported as unconfirmed.
        UnconfirmedTooMuch,
    }

    impl Bug {
        /// All of them.
        pub const ALL: [Self; 22] = [
            Self::AckLostOnSwitch,
            Self::AckOffByOne,
            Self::AckOnReceipt,
            Self::AnotherClientAccepted,
            Self::BoundCheckedAfterInsert,
            Self::ConsumedForAnotherSession,
            Self::CreateNotIdempotent,
            Self::ClientDoesNotReplay,
            Self::DropsWhatHasLeft,
            Self::FragmentCountsAsMessage,
            Self::KeepaliveForgets,
            Self::NoDeduplication,
            Self::ProbeNeverClosed,
            Self::ReplayFromWrongPlace,
            Self::ResumePastExpiry,
            Self::SequenceNotReset,
            Self::ServerDoesNotReplay,
            Self::SessionNameIgnored,
            Self::StaleAnswerAccepted,
            Self::StaleCarrierAccepted,
            Self::UnconfirmedForgotten,
            Self::UnconfirmedTooMuch,
        ];
    }

    impl Client {
        /// Gives this client a bug.
        pub fn plant(&mut self, bug: Bug) {
            self.bug = Some(bug);
            if bug != Bug::ServerDoesNotReplay {
                self.duplex.plant(bug);
            }
        }
    }

    impl Session {
        /// Gives this session a bug.
        pub fn plant(&mut self, bug: Bug) {
            self.bug = Some(bug);
            if bug != Bug::ClientDoesNotReplay {
                self.duplex.plant(bug);
            }
        }
    }
}
