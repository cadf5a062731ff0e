//! Hearing that the sessions of a hub have changed, without asking again and again.

use tokio::sync::watch;

use crate::hub::Hub;

/// Tells that the sessions of a hub have changed: one was opened, found its client again, moved to another transport,
/// lost its client for now, or ended. [`Hub::changes`] gives it.
///
/// It says that something changed, not what: [`Hub::sessions`] says how things are. Changes that nobody waited for are
/// told as one, so nothing queues up. A message is no change, in either direction.
#[derive(Clone, Debug)]
pub struct Changes(watch::Receiver<()>);

impl Changes {
    /// Completes at the first change since the last time, or since [`Hub::changes`]; `None` once the hub is dropped. A
    /// call that is cancelled misses nothing.
    pub async fn changed(&mut self) -> Option<()> {
        self.0.changed().await.ok()
    }
}

impl Hub {
    /// Hears of changes of the sessions, from now on.
    ///
    /// ```no_run
    /// # async fn show(hub: tidewire_server::Hub) {
    /// let mut changes = hub.changes();
    /// loop {
    ///     println!("{} sessions", hub.sessions().len());
    ///     if changes.changed().await.is_none() {
    ///         return;
    ///     }
    /// }
    /// # }
    /// ```
    pub fn changes(&self) -> Changes {
        Changes(self.inner.changed.subscribe())
    }
}
