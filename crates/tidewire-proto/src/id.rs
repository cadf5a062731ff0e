//! Identities: of a session, of a message, of a carrier.

use core::fmt;

use crate::entropy::Entropy;

/// The 128-bit secret that names a session and lets its client come back.
///
/// The client draws it. It travels only inside packets, never in a URL, and `Debug` hides it.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SessionKey([u8; 16]);

impl SessionKey {
    /// Draws a new key. The entropy must be the platform's cryptographic generator.
    pub fn draw(entropy: &mut dyn Entropy) -> Self {
        loop {
            let mut bytes = [0; 16];
            let (low, high) = bytes.split_at_mut(8);
            low.copy_from_slice(&entropy.next_u64().to_le_bytes());
            high.copy_from_slice(&entropy.next_u64().to_le_bytes());
            if let Some(key) = Self::from_bytes(bytes) {
                return key;
            }
        }
    }

    /// The key with these bytes, or `None` where all bytes are the same: no generator draws that, a mistake does.
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        let first = bytes[0];
        bytes
            .iter()
            .any(|byte| *byte != first)
            .then_some(Self(bytes))
    }

    /// The secret bytes. They do not belong in a log, a URL or an error text.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(..)")
    }
}

/// Names one message that `send` accepted; it only grows during the life of a handle.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MessageId(pub u64);

/// Names one WebSocket or one HTTP exchange between a state machine and its driver.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CarrierId(pub u64);

/// Tells the sessions of one client apart, in the order in which it had them.
///
/// A message names the session that brought it, so that taking it late never acknowledges a message of the next one.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SessionNumber(pub u32);
