//! The fault `unreachable`: for a while nothing gets through to the endpoints that faults are about.

use std::time::Duration;

use axum::extract::Request;
use http_body_util::BodyExt;
use tokio::time::Instant;

use super::{FaultKind, Faults};

/// The longest outage: beyond it the clock might have no such moment.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

impl Faults {
    /// Whether nothing gets through now.
    pub(crate) fn is_unreachable(&self) -> bool {
        self.inner.outage.borrow().is_some()
    }

    /// Lets nothing through from now on. An outage under way takes this as its new end.
    pub(super) fn begin_outage(&self, span: Duration) {
        let end = Instant::now() + span.min(LONGEST);
        self.inner.outage.send_replace(Some(end));
        // After that: a request that did not see the outage is on a connection that is frozen here.
        let frozen = self.inner.connections.lose_all();
        self.hit(FaultKind::Unreachable, frozen);
    }

    /// Resets all that was frozen and held, if there is an outage.
    pub(super) fn end_outage(&self) {
        if self.inner.outage.send_replace(None).is_some() {
            self.inner.connections.reset_lost();
        }
    }

    /// Gives a request back at once, or, where nothing gets through, lets it wait for the end of that, and drops it.
    pub(super) async fn admit(&self, request: Request) -> Option<Request> {
        let mut outage = self.inner.outage.subscribe();
        if outage.borrow_and_update().is_none() {
            return Some(request);
        }
        self.hit(FaultKind::Unreachable, 1);
        // The body is taken, since the HTTP library sees only behind it that a client has gone, and then drops all of this.
        let waste = async {
            let mut body = request.into_body();
            while let Some(Ok(_)) = body.frame().await {}
            std::future::pending::<()>().await;
        };
        tokio::select! {
            // The sender lives as long as these faults, so this ends with the outage alone.
            _ = outage.wait_for(Option::is_none) => None,
            () = waste => None,
        }
    }

    /// Ends each outage in its time.
    pub(super) async fn end_outages(self) {
        let mut outage = self.inner.outage.subscribe();
        loop {
            let end = *outage.borrow_and_update();
            let over = async {
                match end {
                    Some(end) => tokio::time::sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = outage.changed() => if changed.is_err() { return },
                () = over => self.clear(FaultKind::Unreachable),
            }
        }
    }
}
