//! Simulated HTTP: every exchange goes its own way, and may be lost, doubled, delayed, cut or answered by a stranger.

use std::time::Duration;

use tidewire_proto::CarrierId;
use tidewire_proto::server::SessionAnswer;

use crate::plan::{MILLISECOND, SECOND};
use crate::queue::Happening;
use crate::world::World;

const PORTAL: &[u8] = b"<!DOCTYPE html><title>Welcome</title>Please accept our terms.";
const PROXY_ERROR: &[u8] = b"<html><body><h1>Bad gateway</h1></body></html>";

/// One HTTP request and what is known of it on both sides.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) tab: usize,
    /// The client's name for it; none for the request that a page leaves behind.
    carrier: Option<CarrierId>,
    body: Vec<u8>,
    /// The browser still waits for the answer.
    pub(crate) waiting: bool,
    /// The server's names for the request and for its repetition, while they wait for an answer.
    open: [Option<CarrierId>; 2],
}

impl World {
    /// Exchanges that the browser waits for.
    pub(crate) fn live_exchanges(&self) -> Vec<usize> {
        let live = self
            .exchanges
            .iter()
            .enumerate()
            .filter(|(_, exchange)| exchange.waiting);
        live.map(|(index, _)| index).collect()
    }

    /// A tab sends a request.
    pub(crate) fn request(&mut self, tab: usize, carrier: Option<CarrierId>, body: Vec<u8>) {
        self.observe_hello(tab, &body);
        let index = self.exchanges.len();
        let length = body.len() as u64;
        self.exchanges.push(Exchange {
            tab,
            carrier,
            body,
            waiting: carrier.is_some(),
            open: [None; 2],
        });
        self.tabs[tab].waiting += usize::from(carrier.is_some());
        self.tallies.requests += 1;
        let faults = self.plan.exchange;
        let arrives = self.now + self.flight() + length * MILLISECOND / self.plan.line.bandwidth;
        if self.tabs[tab].offline {
            return self.queue.schedule(
                self.now + MILLISECOND,
                Happening::RequestFailed { exchange: index },
            );
        }
        if let Some(limit) = self.plan.hold_cut {
            self.cut_by_proxy(index, limit);
        }
        if self.chance.permille(faults.portal) {
            let at = arrives + self.flight();
            return self.answer_by_stranger(index, at, 200, PORTAL);
        }
        if self.chance.permille(faults.unauthenticated) {
            let at = arrives + self.flight();
            return self.answer_by_stranger(index, at, 401, PROXY_ERROR);
        }
        if self.chance.permille(faults.bad_status) {
            let status = self.chance.choose([404, 429, 500, 502, 503, 504]);
            let at = arrives + self.flight();
            self.answer_by_stranger(index, at, status, PROXY_ERROR);
            // Some proxies pass the request on and then lose patience.
            if self.chance.permille(700) {
                return;
            }
        }
        if self.chance.permille(faults.request_lost) {
            return self.fail_later(index);
        }
        let delay = if self.chance.permille(faults.delayed) {
            self.chance.below(12 * SECOND)
        } else {
            0
        };
        self.queue.schedule(
            arrives + delay,
            Happening::Requested {
                exchange: index,
                copy: 0,
            },
        );
        if self.chance.permille(faults.request_twice) {
            let span = self.chance.choose([SECOND / 10, 10 * SECOND, 150 * SECOND]);
            let again = arrives + self.chance.below(span);
            self.queue.schedule(
                again,
                Happening::Requested {
                    exchange: index,
                    copy: 1,
                },
            );
        }
    }

    fn cut_by_proxy(&mut self, index: usize, limit: u64) {
        let at = self.now + limit;
        if self.chance.permille(500) {
            self.answer_by_stranger(index, at, 504, PROXY_ERROR);
        } else {
            self.queue
                .schedule(at, Happening::RequestFailed { exchange: index });
        }
    }

    fn answer_by_stranger(&mut self, exchange: usize, at: u64, status: u16, body: &[u8]) {
        let advises = matches!(status, 429 | 503) && self.chance.permille(500);
        let retry_after = advises.then(|| self.chance.between(0, 10) * SECOND);
        self.advised |= advises;
        let body = body.to_vec();
        self.queue.schedule(
            at,
            Happening::Answered {
                exchange,
                status,
                body,
                retry_after,
            },
        );
    }

    /// The browser may hear of a lost exchange after a while, or never.
    fn fail_later(&mut self, exchange: usize) {
        if self.chance.permille(500) {
            let at = self.now + self.chance.below(30 * SECOND);
            self.queue
                .schedule(at, Happening::RequestFailed { exchange });
        }
    }

    /// A request, or its repetition, reaches the server.
    pub(crate) fn requested(&mut self, index: usize, copy: usize) {
        if !self.host.is_up {
            return self.fail_exchange(index);
        }
        let name = self.host.name_exchange(index, copy);
        self.exchanges[index].open[copy] = Some(name);
        let body = if copy == 1 {
            std::mem::take(&mut self.exchanges[index].body)
        } else {
            self.exchanges[index].body.clone()
        };
        self.trace.number(name.0);
        self.trace.bytes(&body);
        self.trace.line(self.now, || {
            format!(
                "server <- request {} {}",
                name.0,
                crate::wire::describe(&body)
            )
        });
        self.take_request(name, &body);
    }

    /// The server answers.
    pub(crate) fn respond(&mut self, name: CarrierId, answer: SessionAnswer) {
        let Some((index, copy)) = self.host.exchange_named(name) else {
            return self.breaks("the server answers a carrier that is no request");
        };
        if self.exchanges[index].open[copy].take().is_none() {
            return self
                .breaks("the server answers a request twice, or one that its client has given up");
        }
        let faults = self.plan.exchange;
        if self.chance.permille(faults.answer_lost) {
            return self.fail_later(index);
        }
        let SessionAnswer {
            status,
            mut body,
            close,
        } = answer;
        if self.chance.permille(faults.answer_truncated) {
            let left = self.chance.below(body.len() as u64);
            body.truncate(usize::try_from(left).unwrap_or(0));
        }
        let retry_after = close.and_then(|close| close.retry_after).map(micros);
        let mut arrives =
            self.now + self.flight() + body.len() as u64 * MILLISECOND / self.plan.line.bandwidth;
        if self.chance.permille(faults.delayed) {
            arrives += self.chance.below(12 * SECOND);
        }
        if self.chance.permille(faults.answer_twice) {
            let again = arrives + self.chance.below(5 * SECOND);
            let body = body.clone();
            self.queue.schedule(
                again,
                Happening::Answered {
                    exchange: index,
                    status,
                    body,
                    retry_after,
                },
            );
        }
        self.queue.schedule(
            arrives,
            Happening::Answered {
                exchange: index,
                status,
                body,
                retry_after,
            },
        );
    }

    /// An answer reaches the browser.
    pub(crate) fn answered(
        &mut self,
        index: usize,
        status: u16,
        body: &[u8],
        retry_after: Option<u64>,
    ) {
        let Some((tab, carrier)) = self.stop_waiting_for(index) else {
            return;
        };
        self.trace.number(u64::from(status));
        self.trace.bytes(body);
        self.trace.line(self.now, || {
            format!(
                "tab {tab} <- answer {} {status} {}",
                carrier.0,
                crate::wire::describe(body)
            )
        });
        let answer = tidewire_proto::Answer {
            status,
            body,
            retry_after: retry_after.map(Duration::from_micros),
        };
        self.tell_tab(tab, |client, now| {
            client.handle_answer(now, carrier, &answer);
        });
    }

    /// Whom the end of a request is told, if anybody: it may slip in after the request was aborted.
    fn stop_waiting_for(&mut self, index: usize) -> Option<(usize, CarrierId)> {
        let Exchange {
            tab,
            carrier,
            waiting,
            ..
        } = self.exchanges[index];
        let carrier = carrier?;
        if !waiting && !self.chance.permille(self.plan.late_facts) {
            return None;
        }
        self.stop_waiting(index);
        Some((tab, carrier))
    }

    fn stop_waiting(&mut self, index: usize) {
        let exchange = &mut self.exchanges[index];
        if std::mem::take(&mut exchange.waiting) {
            self.tabs[exchange.tab].waiting -= 1;
        }
    }

    /// An exchange breaks at once.
    pub(crate) fn fail_exchange(&mut self, exchange: usize) {
        self.queue
            .schedule(self.now, Happening::RequestFailed { exchange });
    }

    /// The browser learns that an exchange broke.
    pub(crate) fn request_failed(&mut self, index: usize) {
        let Some((tab, carrier)) = self.stop_waiting_for(index) else {
            return;
        };
        self.trace.line(self.now, || {
            format!("tab {tab} <- request {} failed", carrier.0)
        });
        self.tell_tab(tab, |client, now| client.handle_failed(now, carrier));
    }

    /// A tab no longer waits for an answer.
    pub(crate) fn abort(&mut self, tab: usize, carrier: CarrierId) {
        let found = self
            .exchanges
            .iter()
            .rposition(|other| other.tab == tab && other.carrier == Some(carrier));
        let Some(index) = found else {
            return self.breaks("the client aborts a request that it never made");
        };
        self.stop_waiting(index);
        for name in self.exchanges[index].open.into_iter().flatten() {
            if self.chance.permille(700) {
                let at = self.now + self.flight();
                self.queue
                    .schedule(at, Happening::RequestForgotten { carrier: name.0 });
            }
        }
    }

    /// The server learns that nobody waits for an answer. It may answer all the same: HTTP servers race here too.
    pub(crate) fn request_forgotten(&mut self, carrier: CarrierId) {
        if let Some((index, copy)) = self.host.exchange_named(carrier)
            && self.exchanges[index].open[copy].is_some()
        {
            self.exchanges[index].open[copy] = None;
            self.carrier_closed(carrier);
        }
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
