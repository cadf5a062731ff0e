//! How a client behaves while nothing works: it tries, and does not hammer.

use std::collections::VecDeque;

use tidewire_proto::{CarrierId, Client, ClientConfig, ConfigError, Output, Timestamp};

use crate::plan::{MILLISECOND, SECOND};
use crate::random::Random;

/// What a client tried during an outage.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Outage {
    /// Times that it asked for URL and credentials and began anew.
    pub attempts: u32,
    /// WebSockets that it opened.
    pub handshakes: u32,
    /// HTTP requests that it made.
    pub requests: u32,
}

/// Lets a client with default settings try for so many virtual seconds to reach a server that is not there.
///
/// The seed decides whether connections are refused at once or vanish without an answer.
///
/// # Errors
///
/// As [`Client::new`]; default settings have none.
pub fn outage(seed: u64, seconds: u64) -> Result<Outage, ConfigError> {
    let mut chance = Random::new(seed);
    let refuses = chance.permille(500);
    let mut draws = chance.fork();
    let mut client = Client::new(ClientConfig::default(), Box::new(move || draws.next()))?;
    let mut tried = Outage::default();
    let mut refused: VecDeque<(u64, CarrierId, bool)> = VecDeque::new();
    let mut now = 0;
    client.connect(Timestamp::ZERO);
    while now < seconds * SECOND {
        let time = Timestamp::from_micros(now);
        let mut prepares = false;
        while let Some(output) = client.poll_output(time) {
            match output {
                Output::OpenSocket { carrier } => {
                    tried.handshakes += 1;
                    refused.push_back((now + 20 * MILLISECOND, carrier, true));
                }
                Output::Prepare { .. } => {
                    tried.attempts += 1;
                    prepares = true;
                }
                Output::Request { carrier, .. } => {
                    tried.requests += 1;
                    refused.push_back((now + 20 * MILLISECOND, carrier, false));
                }
                _ => {}
            }
        }
        if prepares {
            client.handle_prepared(time, Ok(Vec::new()));
            continue;
        }
        let deadline = client
            .poll_timeout()
            .map(|(at, _)| at.as_micros().max(now + 1));
        let answer = refused.front().filter(|_| refuses).map(|(at, ..)| *at);
        match (answer, deadline) {
            (Some(at), due) if due.is_none_or(|due| at <= due) => {
                now = at;
                if let Some((_, carrier, is_socket)) = refused.pop_front() {
                    let time = Timestamp::from_micros(now);
                    if is_socket {
                        client.handle_closed(time, carrier, 1006, "");
                    } else {
                        client.handle_failed(time, carrier);
                    }
                }
            }
            (_, Some(due)) => {
                now = due;
                client.handle_timeout(Timestamp::from_micros(now));
            }
            (_, None) => break,
        }
    }
    Ok(tried)
}
