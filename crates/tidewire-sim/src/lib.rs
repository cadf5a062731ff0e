//! A client and a server machine of tidewire joined by a seeded network in virtual time.
