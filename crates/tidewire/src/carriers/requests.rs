//! The HTTP requests of a client.

use tidewire_proto::{Answer, CarrierId, Timestamp};

use super::{Carriers, with};
use crate::net::{Exchange, Request};
use crate::traffic::{RequestOutcome, Traffic};

impl Carriers {
    pub(super) fn request(&mut self, now: Timestamp, carrier: CarrierId, body: &[u8], held: bool) {
        let driver = self.driver.clone();
        let done = move |end| with(&driver, |this, now| this.request_done(now, carrier, end));
        self.observe(Traffic::RequestStarted {
            id: carrier.0,
            transport: self.machine.http_transport(),
            held,
            bytes: body.len(),
        });
        match Request::post(&self.address.http, body, self.credentials, done) {
            Ok(request) => self.requests.push((carrier, request)),
            Err(_) => {
                self.observe(Traffic::RequestEnded {
                    id: carrier.0,
                    outcome: RequestOutcome::Failed,
                });
                self.machine.handle_failed(now, carrier);
            }
        }
    }

    fn request_done(&mut self, now: Timestamp, carrier: CarrierId, end: Exchange) {
        let outcome = match &end {
            Exchange::Answered { status, body, .. } => RequestOutcome::Answered {
                status: *status,
                bytes: body.len(),
            },
            Exchange::Failed => RequestOutcome::Failed,
        };
        if !self.end_request(carrier, outcome) {
            return;
        }
        match end {
            Exchange::Answered {
                status,
                body,
                retry_after,
            } => {
                let answer = Answer {
                    status,
                    body: &body,
                    retry_after,
                };
                self.machine.handle_answer(now, carrier, &answer);
            }
            Exchange::Failed => self.machine.handle_failed(now, carrier),
        }
    }

    /// Lets go of a request; answers whether it was still there.
    pub(super) fn end_request(&mut self, carrier: CarrierId, outcome: RequestOutcome) -> bool {
        let mut requests = self.requests.iter();
        let Some(index) = requests.position(|(other, _)| *other == carrier) else {
            return false;
        };
        drop(self.requests.swap_remove(index));
        let id = carrier.0;
        self.observe(Traffic::RequestEnded { id, outcome });
        true
    }
}
