//! Who is at the other end: the application's hook, called at each attach.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::request::Parts;
use tidewire_proto::{Close, CloseCode};

/// The name of whoever a session belongs to.
///
/// A session is bound to the principal that created it: with another principal's credentials its key looks exactly like
/// one that was never used.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Principal(Arc<str>);

impl Principal {
    /// The principal with this name: a user id, not a secret.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a client shows when it attaches.
///
/// `Debug` hides the token and the headers.
#[derive(Clone)]
pub struct Credentials {
    /// The head of the request that carries the attach: the upgrade of a WebSocket, or the POST.
    pub parts: Arc<Parts>,
    /// The token that the client's provider gave; empty where it gave none.
    pub token: Vec<u8>,
    /// The client's address, where it is known.
    pub address: Option<IpAddr>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// The refusal of an attach: what the client hears.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal(Close);

impl Refusal {
    /// A refusal with this HTTP status; a WebSocket is closed with the code 4000 above it. `reason` has the form
    /// `name: human text`, is cut to 123 bytes, and must not echo input.
    ///
    /// 401 asks the client for fresh credentials, 403 makes it give up, 429 and 503 make it come back later.
    pub fn new(status: StatusCode, reason: &str) -> Self {
        let status = match status.as_u16() {
            status @ 400..=599 => status,
            _ => 403,
        };
        Self(Close::new(CloseCode(4_000 + status), reason))
    }

    /// Credentials are missing or no longer good: the client asks its application for fresh ones.
    pub fn unauthenticated() -> Self {
        Self(Close::new(
            CloseCode::UNAUTHENTICATED,
            "unauthenticated: fresh credentials are needed",
        ))
    }

    /// The credentials are good and not enough: the client gives up.
    pub fn forbidden() -> Self {
        Self(Close::new(
            CloseCode::FORBIDDEN,
            "forbidden: these credentials do not allow it",
        ))
    }

    /// The same refusal with advice to wait.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self(self.0.after(delay))
    }

    pub(crate) fn into_close(self) -> Close {
        self.0
    }
}

type Judgement = Pin<Box<dyn Future<Output = Result<Principal, Refusal>> + Send>>;

/// The hook, with its type erased.
#[derive(Clone)]
pub(crate) struct Authenticate(Arc<dyn Fn(Credentials) -> Judgement + Send + Sync>);

impl Authenticate {
    pub(crate) fn new<F, J>(hook: F) -> Self
    where
        F: Fn(Credentials) -> J + Send + Sync + 'static,
        J: Future<Output = Result<Principal, Refusal>> + Send + 'static,
    {
        Self(Arc::new(move |credentials| Box::pin(hook(credentials))))
    }

    pub(crate) fn judge(&self, credentials: Credentials) -> Judgement {
        (self.0)(credentials)
    }
}

impl fmt::Debug for Authenticate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticate(..)")
    }
}
