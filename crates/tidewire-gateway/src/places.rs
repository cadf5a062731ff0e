//! The places of plain WebSockets: so many in all, and so many for each client address.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tidewire_server::{Close, CloseCode, counted_as};

/// Counts who has a place.
#[derive(Debug)]
pub(crate) struct Places {
    most: usize,
    most_per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// Only those that have one, so it is as bounded as the places are.
    by_address: BTreeMap<IpAddr, usize>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

/// Why a client gets none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoPlace {
    /// This address has all of its own.
    Address,
    /// All are taken.
    Full,
    /// New clients are not taken any more.
    Stopping,
}

impl Places {
    pub(crate) fn new(most: usize, most_per_address: usize) -> Self {
        Self {
            most,
            most_per_address,
            taken: Mutex::default(),
        }
    }

    /// Takes a place for a client of this address.
    pub(crate) fn take(self: &Arc<Self>, client: IpAddr) -> Result<Place, NoPlace> {
        let address = counted_as(client);
        let mut taken = self.lock();
        if taken.all >= self.most {
            return Err(NoPlace::Full);
        }
        let own = taken.by_address.entry(address).or_default();
        if *own >= self.most_per_address {
            return Err(NoPlace::Address);
        }
        *own += 1;
        taken.all += 1;
        Ok(Place {
            places: Arc::clone(self),
            address,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        // Each change is complete in itself.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all -= 1;
        if let Some(own) = taken.by_address.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

impl NoPlace {
    /// The status of a handshake that is not answered yet.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Address => StatusCode::TOO_MANY_REQUESTS,
            Self::Full | Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The close of a WebSocket that is open already.
    pub(crate) fn close(self) -> Close {
        let code = match self {
            Self::Address => CloseCode::RATE,
            Self::Full | Self::Stopping => CloseCode::DRAINING,
        };
        Close::new(code, self.reason()).after(Duration::from_secs(self.retry_after()))
    }

    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Address => "plain: this address has all the plain WebSockets that it may have",
            Self::Full => "full: the gateway has all the WebSockets that it takes",
            Self::Stopping => "stopping: the gateway stops",
        }
    }

    /// In seconds.
    pub(crate) fn retry_after(self) -> u64 {
        match self {
            Self::Address | Self::Full => 10,
            Self::Stopping => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn places_come_back_and_leave_nothing_behind() {
        let places = Arc::new(Places::new(3, 2));
        let [one, two] = ["192.0.2.1", "192.0.2.2"].map(address);
        let held = [places.take(one), places.take(one)];
        assert_eq!(places.take(one).err(), Some(NoPlace::Address));
        let other = places.take(two);
        assert!(other.is_ok());
        assert_eq!(places.take(two).err(), Some(NoPlace::Full));
        drop(held);
        assert!(places.take(one).is_ok());
        drop(other);
        assert_eq!(places.lock().all, 0);
        assert!(places.lock().by_address.is_empty());
    }

    #[test]
    fn an_ipv6_client_counts_by_its_network() {
        let places = Arc::new(Places::new(9, 1));
        let _held = places.take(address("2001:db8::1"));
        let same = places.take(address("2001:db8::2"));
        assert_eq!(same.err(), Some(NoPlace::Address));
        assert!(places.take(address("2001:db8:0:1::1")).is_ok());
    }
}
