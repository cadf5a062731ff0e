//! Which sessions there are: the one place that maps keys to sessions.
//!
//! The interface is narrow on purpose (admit, remove, list), so that another store can stand behind it. Its lock is never
//! held while a session's lock is taken.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tidewire_proto::server::{Admission, Lookup, admit};
use tidewire_proto::wire::Hello;
use tidewire_proto::{Close, CloseCode, SessionKey};

use crate::auth::Principal;
use crate::driver::Driver;

/// The full name of a session: its secret key, and whose it is.
///
/// The principal is part of the name, so a key under another principal is simply another session. Lookup goes by a hash
/// with a random secret, and the comparison takes the same time wherever two keys differ.
#[derive(Clone, Eq)]
pub(crate) struct SessionName {
    key: SessionKey,
    principal: Option<Principal>,
}

impl SessionName {
    pub(crate) fn new(key: SessionKey, principal: Option<Principal>) -> Self {
        Self { key, principal }
    }

    pub(crate) fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }
}

impl PartialEq for SessionName {
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.key.as_bytes().iter().zip(other.key.as_bytes());
        let difference = pairs.fold(0, |sum, (a, b)| std::hint::black_box(sum | (a ^ b)));
        difference == 0 && self.principal == other.principal
    }
}

impl Hash for SessionName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
        self.principal.hash(state);
    }
}

impl fmt::Debug for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionName")
            .field("principal", &self.principal)
            .finish_non_exhaustive()
    }
}

/// The bounds of a registry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) sessions: usize,
    pub(crate) sessions_per_address: usize,
    pub(crate) tombstones: usize,
}

/// What is left of a session that ended.
#[derive(Debug)]
pub(crate) struct Grave {
    /// Why it ended.
    pub(crate) close: Close,
    /// Whether its client was told.
    pub(crate) told: bool,
}

/// Whom an attach reached.
pub(crate) enum Admitted {
    Created(Arc<Driver>),
    Known(Arc<Driver>),
}

#[derive(Default)]
struct Tables {
    live: HashMap<SessionName, Entry>,
    /// Sessions by the addresses that count as one client: see [`counted_as`].
    by_address: BTreeMap<IpAddr, usize>,
    ended: HashMap<SessionName, Grave>,
    /// The same names, oldest first.
    ended_order: VecDeque<SessionName>,
}

struct Entry {
    driver: Arc<Driver>,
    /// As it is counted.
    address: Option<IpAddr>,
}

pub(crate) struct Registry {
    bounds: Bounds,
    tables: Mutex<Tables>,
}

impl Registry {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            tables: Mutex::new(Tables::default()),
        }
    }

    /// Finds the session that a hello means, or creates it: one step, so that two equal hellos never make two sessions.
    pub(crate) fn admit(
        &self,
        name: &SessionName,
        hello: &Hello,
        address: Option<IpAddr>,
        create: impl FnOnce() -> Result<Arc<Driver>, Close>,
    ) -> Result<Admitted, Close> {
        let address = address.map(counted_as);
        let mut tables = self.lock();
        let known = tables.live.get(name).map(|entry| Arc::clone(&entry.driver));
        let lookup = match (&known, tables.ended.get_mut(name)) {
            (Some(_), _) => Lookup::Known,
            // It says the same as the machine would, and why: evicted, not just expired.
            (None, Some(grave)) if grave.close.code == CloseCode::EXPIRED => {
                return Err(grave.close.clone());
            }
            (None, Some(grave)) => Lookup::Ended {
                close: grave.close.clone(),
                told: std::mem::replace(&mut grave.told, true),
            },
            (None, None) => Lookup::Unknown,
        };
        match (admit(lookup, hello)?, known) {
            (Admission::Attach, Some(driver)) => Ok(Admitted::Known(driver)),
            (Admission::Attach | Admission::Create, _) => {
                tables.check_room(&self.bounds, address)?;
                let driver = create()?;
                if let Some(address) = address {
                    *tables.by_address.entry(address).or_default() += 1;
                }
                let entry = Entry {
                    driver: Arc::clone(&driver),
                    address,
                };
                tables.live.insert(name.clone(), entry);
                Ok(Admitted::Created(driver))
            }
        }
    }

    /// Removes a session and remembers what a late client is told, if anything; `false` when it was not there.
    pub(crate) fn remove(&self, name: &SessionName, id: u64, grave: Option<Grave>) -> bool {
        let mut tables = self.lock();
        if tables
            .live
            .get(name)
            .is_none_or(|entry| entry.driver.id() != id)
        {
            return false;
        }
        let address = tables.live.remove(name).and_then(|entry| entry.address);
        if let Some(address) = address
            && let Some(count) = tables.by_address.get_mut(&address)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                tables.by_address.remove(&address);
            }
        }
        if let Some(grave) = grave {
            tables.bury(name.clone(), grave, self.bounds.tombstones);
        }
        true
    }

    /// Forgets all ended sessions: their keys are unknown from now on.
    pub(crate) fn forget_ended(&self) {
        let mut tables = self.lock();
        tables.ended.clear();
        tables.ended_order.clear();
    }

    /// All sessions that live, in no particular order.
    pub(crate) fn list(&self) -> Vec<Arc<Driver>> {
        self.lock()
            .live
            .values()
            .map(|entry| Arc::clone(&entry.driver))
            .collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().live.len()
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        // Nothing under this lock runs foreign code, and each change is complete in itself.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn check_room(&self, bounds: &Bounds, address: Option<IpAddr>) -> Result<(), Close> {
        if self.live.len() >= bounds.sessions {
            let full = Close::new(
                CloseCode::DRAINING,
                "full: the server has all the sessions that it takes",
            );
            return Err(full.after(Duration::from_secs(10)));
        }
        let used = address
            .and_then(|address| self.by_address.get(&address))
            .copied()
            .unwrap_or(0);
        if used >= bounds.sessions_per_address {
            let many = Close::new(
                CloseCode::RATE,
                "sessions: this address has all the sessions that it may have",
            );
            return Err(many.after(Duration::from_secs(10)));
        }
        Ok(())
    }

    fn bury(&mut self, name: SessionName, grave: Grave, most: usize) {
        if most == 0 {
            return;
        }
        while self.ended_order.len() >= most {
            if let Some(oldest) = self.ended_order.pop_front() {
                self.ended.remove(&oldest);
            }
        }
        if self.ended.insert(name.clone(), grave).is_none() {
            self.ended_order.push_back(name);
        }
    }
}

/// The address that stands for a client in the count per address: an IPv4 address, also one that comes mapped into IPv6,
/// or the first 64 bits of an IPv6 address, since every subscriber has all the addresses behind them.
pub fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_client_counts_by_its_network_and_a_mapped_one_as_ipv4() {
        for (address, counted) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"),
            ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ] {
            let address = address.parse().expect("an address");
            assert_eq!(counted_as(address).to_string(), counted, "{address}");
        }
    }
}
