//! Deliberate bugs in the machines, to show that the judge catches them. Compiled in only on demand.

#[cfg(feature = "planted-bugs")]
mod planted {
    use tidewire_proto::planted::Bug;
    use tidewire_proto::{Client, Session};

    /// The bug of a run.
    pub type Planted = Option<Bug>;

    pub(crate) fn plant_client(client: &mut Client, bug: Planted) {
        if let Some(bug) = bug {
            client.plant(bug);
        }
    }

    /// Whether the registry makes a session under a key that lives.
    pub(crate) fn creates_again(bug: Planted, resume: bool) -> bool {
        bug == Some(Bug::CreateNotIdempotent) && !resume
    }

    pub(crate) fn plant_session(session: &mut Session, bug: Planted) {
        if let Some(bug) = bug {
            session.plant(bug);
        }
    }
}

#[cfg(not(feature = "planted-bugs"))]
mod planted {
    use tidewire_proto::{Client, Session};

    /// The bug of a run: this build knows none.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Planted;

    pub(crate) const fn creates_again(_: Planted, _: bool) -> bool {
        false
    }

    pub(crate) const fn plant_client(_: &mut Client, _: Planted) {}

    pub(crate) const fn plant_session(_: &mut Session, _: Planted) {}
}

pub use planted::Planted;
pub(crate) use planted::{creates_again, plant_client, plant_session};
