//! The configuration file, in TOML. `docs/GATEWAY.md` lists what can be in it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use tidewire_server::Origins;

use crate::config::{GatewayConfig, GatewayLimits};
use crate::error::ConfigError;
use crate::route::Route;

/// Everything that the program needs to know.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The address for clients. Default `127.0.0.1:5001`.
    pub listen: String,
    /// The address for `/metrics` and `/health`. Default: none.
    pub metrics: Option<String>,
    /// Time that clients have to leave once the program is asked to stop. Default 10 s.
    pub drain: Duration,
    /// The gateway itself.
    pub gateway: GatewayConfig,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:5001".to_owned(),
            metrics: None,
            drain: Duration::from_secs(10),
            gateway: GatewayConfig::default(),
        }
    }
}

impl Settings {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`] names the file, and the line or the setting.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::File {
            path: path.to_owned(),
            source,
        })?;
        let file: File = toml::from_str(&text).map_err(|source| ConfigError::Syntax {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        file.into_settings()
    }
}

/// The file as it is written; what is not in it has its default.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<String>,
    metrics: Option<String>,
    drain: Option<Time>,
    #[serde(default)]
    origins: Vec<String>,
    #[serde(default)]
    any_origin: bool,
    #[serde(default)]
    loopback_origins: bool,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    allow_credentials: bool,
    #[serde(default)]
    trusted_proxies: Vec<String>,
    #[serde(default)]
    limits: FileLimits,
    #[serde(default)]
    routes: Vec<FileRoute>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRoute {
    path: Option<String>,
    backend: String,
    forward_headers: Option<Vec<String>>,
    forward_cookies: Option<Vec<String>>,
    #[serde(default)]
    preserve_host: bool,
    ca_file: Option<PathBuf>,
}

/// Each field as [`GatewayLimits`] has it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileLimits {
    sessions: Option<usize>,
    sessions_per_address: Option<usize>,
    plain: Option<usize>,
    plain_per_address: Option<usize>,
    connections: Option<usize>,
    message_bytes: Option<u64>,
    to_browser_bytes: Option<usize>,
    to_browser_messages: Option<usize>,
    to_backend_bytes: Option<u64>,
    to_backend_messages: Option<u64>,
    away_bytes: Option<usize>,
    away: Option<Time>,
    connect: Option<Time>,
    backend_write: Option<Time>,
    backend_silence: Option<Time>,
    backend_close: Option<Time>,
    plain_after: Option<Time>,
    browser_write: Option<Time>,
}

/// A time with its unit: `250ms`, `12s`, `2m`.
#[derive(Clone, Copy, Debug)]
struct Time(Duration);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = humantime::parse_duration(&text).map_err(|error| {
            serde::de::Error::custom(format_args!(
                "`{text}` is not a time such as 250ms, 12s or 2m: {error}"
            ))
        })?;
        Ok(Self(time))
    }
}

impl File {
    fn into_settings(self) -> Result<Settings, ConfigError> {
        let mut settings = Settings::default();
        set(&mut settings.listen, self.listen);
        settings.metrics = self.metrics;
        set(&mut settings.drain, self.drain.map(|Time(time)| time));
        let mut origins = match self.any_origin {
            true => Origins::any(),
            false => Origins::same(),
        };
        for origin in self.origins {
            origins = origins
                .and(&origin)
                .map_err(|_| ConfigError::Origin(origin))?;
        }
        if self.loopback_origins {
            origins = origins.and_loopback();
        }
        let gateway = &mut settings.gateway;
        gateway.origins = origins;
        gateway.hosts = self.hosts;
        gateway.allow_credentials = self.allow_credentials;
        gateway.trusted_proxies = self
            .trusted_proxies
            .iter()
            .map(|network| network.parse())
            .collect::<Result<_, _>>()?;
        gateway.routes = self
            .routes
            .into_iter()
            .map(FileRoute::into_route)
            .collect::<Result<_, _>>()?;
        self.limits.apply(&mut gateway.limits);
        Ok(settings)
    }
}

impl FileRoute {
    fn into_route(self) -> Result<Route, ConfigError> {
        let mut route = match &self.path {
            Some(path) => Route::new(path, &self.backend)?,
            None => Route::to(&self.backend)?,
        };
        if let Some(names) = &self.forward_headers {
            route = route.forward_headers(names.iter().map(String::as_str))?;
        }
        if let Some(names) = self.forward_cookies {
            route = route.forward_cookies(names);
        }
        if self.preserve_host {
            route = route.preserve_host();
        }
        if let Some(path) = self.ca_file {
            route = route.ca_file(path);
        }
        Ok(route)
    }
}

impl FileLimits {
    fn apply(self, limits: &mut GatewayLimits) {
        let time = |time: Option<Time>| time.map(|Time(time)| time);
        set(&mut limits.sessions, self.sessions);
        set(&mut limits.sessions_per_address, self.sessions_per_address);
        set(&mut limits.plain, self.plain);
        set(&mut limits.plain_per_address, self.plain_per_address);
        set(&mut limits.connections, self.connections);
        set(&mut limits.message_bytes, self.message_bytes);
        set(&mut limits.to_browser_bytes, self.to_browser_bytes);
        set(&mut limits.to_browser_messages, self.to_browser_messages);
        set(&mut limits.to_backend_bytes, self.to_backend_bytes);
        set(&mut limits.to_backend_messages, self.to_backend_messages);
        set(&mut limits.away_bytes, self.away_bytes);
        set(&mut limits.away, time(self.away));
        set(&mut limits.connect, time(self.connect));
        set(&mut limits.backend_write, time(self.backend_write));
        set(&mut limits.backend_silence, time(self.backend_silence));
        set(&mut limits.backend_close, time(self.backend_close));
        set(&mut limits.plain_after, time(self.plain_after));
        set(&mut limits.browser_write, time(self.browser_write));
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
