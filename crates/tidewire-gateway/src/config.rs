//! What can be set on a gateway, and why each default is what it is.

use std::time::Duration;

use tidewire_server::{ConfigError as SettingError, HubConfig, Limits, Origins, ServeConfig};

use crate::error::ConfigError;
use crate::network::Network;
use crate::route::Route;

/// The settings of a [`Gateway`](crate::Gateway).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct GatewayConfig {
    /// The ways through the gateway; at least one.
    pub routes: Vec<Route>,
    /// The pages that may connect. Default [`Origins::same`].
    pub origins: Origins,
    /// The names that requests may use in `Host`, without port; others are answered 421. Default: any.
    pub hosts: Vec<String>,
    /// Lets pages of other origins send cookies with the requests of the HTTP transports. Default: no.
    pub allow_credentials: bool,
    /// The proxies in front of the gateway whose `Forwarded` and `X-Forwarded-*` are believed and continued. What others say of
    /// themselves is replaced. Default: none.
    pub trusted_proxies: Vec<Network>,
    /// Sizes, numbers and times.
    pub limits: GatewayLimits,
}

/// The bounds of a gateway.
///
/// What exceeds one is refused to the side that caused it, or makes it wait.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GatewayLimits {
    /// Sessions in all, those of browsers that are away included; more are refused with 4503. Default 10,000.
    pub sessions: usize,
    /// Sessions of one client address; more are refused with 4429. Default 100.
    pub sessions_per_address: usize,
    /// Plain WebSockets at once; more are answered 503, or closed with 4503. Default 10,000.
    pub plain: usize,
    /// Plain WebSockets of one client address at once; more are answered 429, or closed with 4429. Default 100.
    pub plain_per_address: usize,
    /// Connections at once, of all kinds; further ones wait in the kernel's backlog. Default 15,000.
    pub connections: usize,
    /// Longest message of a session in bytes, in either direction: at least 64 KiB. Default 1 MiB. Plain WebSockets are not
    /// bounded, since nothing of them is kept.
    pub message_bytes: u64,
    /// Bytes of one session on their way to its browser; the backend waits while there are more. At least a longest message
    /// and 64 bytes. Default 4 MiB.
    pub to_browser_bytes: usize,
    /// The same in messages. Default 8,192.
    pub to_browser_messages: usize,
    /// Bytes of one session on their way to its backend; the browser waits while there are more. At least 64 KiB. Default 2 MiB.
    pub to_backend_bytes: u64,
    /// The same in messages. At least 256. Default 4,096.
    pub to_backend_messages: u64,
    /// Bytes that all sessions whose browser is away may hold together; those away longest are ended. Default 64 MiB.
    pub away_bytes: usize,
    /// How long a session, and its backend's connection, waits for a browser that is away. At least 26 s. Default 2 minutes.
    pub away: Duration,
    /// Time to reach a backend: name, connection, TLS and handshake. Default 10 s.
    pub connect: Duration,
    /// Time in which a backend must take a message. Default 60 s.
    pub backend_write: Duration,
    /// Silence of a backend after which it is pinged, and again after which it counts as dead. Default 20 s.
    pub backend_silence: Duration,
    /// Time that a backend has to answer a close frame, and then to end its connection. A page that closes learns only from the
    /// answer how its socket ended, and waits for it as long; without one, its close is not clean. Default 10 s.
    pub backend_close: Duration,
    /// Silence of a client after which a WebSocket without a sub-protocol counts as a plain one. Longer is safer for tidewire clients
    /// on slow links, shorter is quicker for plain clients whose server speaks first. Default 1 s.
    pub plain_after: Duration,
    /// Time that a browser may refuse to read. Default 20 s.
    pub browser_write: Duration,
}

impl Default for GatewayLimits {
    fn default() -> Self {
        let hub = HubConfig::default();
        let limits = hub.session.limits;
        Self {
            sessions: hub.max_sessions,
            sessions_per_address: hub.max_sessions_per_address,
            plain: 10_000,
            plain_per_address: hub.max_sessions_per_address,
            connections: ServeConfig::default().max_connections,
            message_bytes: limits.max_message,
            to_browser_bytes: limits.outbox_bytes,
            to_browser_messages: limits.outbox_messages,
            to_backend_bytes: limits.window_bytes,
            to_backend_messages: limits.window_messages,
            away_bytes: hub.detached_bytes,
            away: hub.session.life,
            connect: Duration::from_secs(10),
            backend_write: Duration::from_secs(60),
            backend_silence: Duration::from_secs(20),
            backend_close: Duration::from_secs(10),
            plain_after: Duration::from_secs(1),
            browser_write: hub.write_stall_timeout,
        }
    }
}

impl GatewayConfig {
    /// A gateway with these routes, and the default of everything else.
    pub fn new(routes: impl IntoIterator<Item = Route>) -> Self {
        Self {
            routes: routes.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Names the first setting that makes no sense.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.routes.is_empty() {
            return Err(ConfigError::NoRoute);
        }
        let mut paths: Vec<_> = self.routes.iter().map(Route::path).collect();
        paths.sort_unstable();
        if let Some([path, _]) = paths.array_windows().find(|[one, next]| one == next) {
            return Err(ConfigError::SamePath(format!("{path}/")));
        }
        self.limits.check()?;
        Ok(())
    }
}

impl GatewayLimits {
    fn check(&self) -> Result<(), SettingError> {
        let longest = usize::try_from(self.message_bytes).unwrap_or(usize::MAX);
        let rules = [
            (self.plain > 0, "plain"),
            (self.plain_per_address > 0, "plain_per_address"),
            (self.connections > 0, "connections"),
            (
                self.to_browser_bytes >= longest.saturating_add(Limits::MESSAGE_COST),
                "to_browser_bytes",
            ),
            (!self.connect.is_zero(), "connect"),
            (!self.backend_write.is_zero(), "backend_write"),
            (!self.backend_silence.is_zero(), "backend_silence"),
            (!self.backend_close.is_zero(), "backend_close"),
            (!self.plain_after.is_zero(), "plain_after"),
            (!self.browser_write.is_zero(), "browser_write"),
        ];
        match rules.iter().find(|(holds, _)| !holds) {
            Some((_, field)) => Err(SettingError { field }),
            None => self.hub().check(),
        }
    }

    /// The same bounds as the sessions know them.
    pub(crate) fn hub(&self) -> HubConfig {
        let mut config = HubConfig::default();
        config.max_sessions = self.sessions;
        config.max_sessions_per_address = self.sessions_per_address;
        config.detached_bytes = self.away_bytes;
        config.write_stall_timeout = self.browser_write;
        let session = &mut config.session;
        session.life = self.away;
        // What a backend said last waits for a browser as long as everything else.
        session.close_timeout = self.away;
        session.limits = Limits::default()
            .max_message(self.message_bytes)
            .window(self.to_backend_bytes, self.to_backend_messages)
            .outbox(self.to_browser_bytes, self.to_browser_messages);
        config
    }

    /// The same bounds as the accept loop knows them.
    pub fn serve(&self) -> ServeConfig {
        let mut config = ServeConfig::default();
        config.max_connections = self.connections;
        config.write_stall_timeout = self.browser_write;
        config
    }
}
