//! Sets up a hub.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use http::request::Parts;
use tidewire_proto::ConfigError;

use crate::auth::{Authenticate, Credentials, Principal, Refusal};
use crate::config::HubConfig;
use crate::hub::{Hub, HubInner};
use crate::origin::Origins;

/// Who may come in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) origins: Origins,
    pub(crate) hosts: Vec<String>,
    pub(crate) credentials: bool,
    pub(crate) protocols: Vec<String>,
    pub(crate) authenticate: Option<Authenticate>,
    pub(crate) client_address: Option<fn(&Parts) -> Option<IpAddr>>,
}

/// Sets up a [`Hub`].
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct HubBuilder {
    config: HubConfig,
    rules: Rules,
}

impl HubBuilder {
    /// Limits and times. Default: those of [`HubConfig`].
    pub fn config(mut self, config: HubConfig) -> Self {
        self.config = config;
        self
    }

    /// The pages that may connect. Default: [`Origins::same`].
    pub fn origins(mut self, origins: Origins) -> Self {
        self.rules.origins = origins;
        self
    }

    /// The names of this server that requests may use in `Host`, without port; others are answered 421. This stops DNS
    /// rebinding where the server is reachable by a private address. Default: any.
    pub fn hosts<I: IntoIterator<Item = S>, S: Into<String>>(mut self, hosts: I) -> Self {
        self.rules.hosts = hosts
            .into_iter()
            .map(|host| host.into().to_ascii_lowercase())
            .collect();
        self
    }

    /// Lets pages of other origins send cookies. Cannot go with [`Origins::any`]. Default: no.
    pub fn allow_credentials(mut self) -> Self {
        self.rules.credentials = true;
        self
    }

    /// The WebSocket sub-protocols of the application, best first; the first one that a client offers is chosen. Default:
    /// none.
    pub fn protocols<I: IntoIterator<Item = S>, S: Into<String>>(mut self, protocols: I) -> Self {
        self.rules.protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Judges the first packet of each WebSocket and each HTTP request: who is it, and may they come in. A WebSocket that
    /// was let in and says hello again, because another carrier of its client was faster, is not judged again; to put a
    /// principal out at once, see [`Hub::end_principal`]. Default: everybody may, as nobody in particular.
    pub fn authenticate<F, J>(mut self, hook: F) -> Self
    where
        F: Fn(Credentials) -> J + Send + Sync + 'static,
        J: Future<Output = Result<Principal, Refusal>> + Send + 'static,
    {
        self.rules.authenticate = Some(Authenticate::new(hook));
        self
    }

    /// Finds the client's address for the limit per address, for instance in a header that the own reverse proxy sets.
    /// Where it finds `None`, the limit does not hold. Default: the peer of the TCP connection, as
    /// [`serve`](crate::serve) notes it.
    pub fn client_address(mut self, find: fn(&Parts) -> Option<IpAddr>) -> Self {
        self.rules.client_address = Some(find);
        self
    }

    /// The hub.
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that makes no sense.
    pub fn build(self) -> Result<Hub, ConfigError> {
        self.config.check()?;
        if self.rules.credentials && self.rules.origins.allows_any() {
            return Err(ConfigError {
                field: "allow_credentials",
            });
        }
        Ok(Hub {
            inner: Arc::new(HubInner::new(self.config, self.rules)),
        })
    }
}
