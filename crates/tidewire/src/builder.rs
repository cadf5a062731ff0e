//! How a client is configured.

use std::fmt;
use std::future::Future;
use std::rc::Weak;

use js_sys::Array;
use tidewire_proto as proto;
use tidewire_proto::{BareConfig, ClientConfig, Limits, Mode, OverflowPolicy, Transport};
use wasm_bindgen::JsValue;

use crate::backlog::{ApplicationSettings, Shared};
use crate::carriers::Parts;
use crate::client::Client;
use crate::driver::Driver;
use crate::env::random;
use crate::env::spawn::Task;
use crate::env::store::Store;
use crate::error::ConfigError;
use crate::net::Address;
#[cfg(feature = "observe")]
use crate::traffic::{Observe, Traffic};

/// The settings of a client to be; see [`Client::builder`].
#[must_use = "a builder does nothing until `connect` is called"]
pub struct Builder {
    settings: Settings,
    provide: Option<Provide>,
    #[cfg(feature = "observe")]
    observe: Option<Observe>,
    protocols: Vec<String>,
}

/// What a client is made with, whoever is told what happens to it.
#[cfg_attr(
    not(feature = "binding"),
    allow(unreachable_pub, reason = "only a binding is made with them")
)]
pub struct Settings {
    /// The address of the server, absolute or relative to the page. Where the listener is asked for it, any that is valid.
    pub url: String,
    /// What the server's authentication gets to see.
    pub token: Vec<u8>,
    /// Undefined, or an array of texts: the sub-protocols, each a token of RFC 9110 section 5.6.2 and there once.
    pub protocols: JsValue,
    /// What happens to a message that finds the outbox full.
    pub policy: OverflowPolicy,
    /// Which requests carry cookies.
    pub credentials: Credentials,
    /// Whether the transport that worked is remembered.
    pub remembers: bool,
    /// Whether URL and token are asked for before each attempt to connect.
    pub has_provider: bool,
    /// All other settings.
    pub config: ClientConfig,
}

/// Which requests carry the browser's cookies and client certificates, as in the Fetch standard. A
/// WebSocket handshake always carries them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Credentials {
    /// All requests; the server must allow it by CORS where its origin is another.
    Include,
    /// None.
    Omit,
    /// Requests to the page's own origin.
    #[default]
    SameOrigin,
}

/// Where and as whom to connect: what a [provider](Builder::provider) answers.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Endpoint {
    pub(crate) url: Option<String>,
    pub(crate) token: Vec<u8>,
}

/// What a [provider](Builder::provider) is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Attempt {
    /// Tells this attempt of a client from its others; the first is 1.
    pub number: u32,
    /// The server refused the last token as unauthenticated: a new one is needed.
    pub reauthenticate: bool,
}

impl Builder {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            settings: Settings::new(url.into()),
            provide: None,
            #[cfg(feature = "observe")]
            observe: None,
            protocols: Vec::new(),
        }
    }

    /// Only these transports. Default: all.
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.settings.config.transports = [false; 3];
        for transport in transports {
            for (allowed, other) in self
                .settings
                .config
                .transports
                .iter_mut()
                .zip(Transport::ALL)
            {
                *allowed |= other == transport;
            }
        }
        self
    }

    /// Sizes that this client allows itself and tells the server. See [`Limits`] for the defaults.
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.settings.config.limits = limits;
        self
    }

    /// What happens to a message that finds the outbox full. Default: [`OverflowPolicy::Wait`].
    pub const fn overflow(mut self, policy: OverflowPolicy) -> Self {
        self.settings.policy = policy;
        self
    }

    /// What the server's authentication gets to see, in the first frame of each attach. Default: nothing.
    ///
    /// It never travels in a URL.
    pub fn token(mut self, token: impl Into<Vec<u8>>) -> Self {
        self.settings.token = token.into();
        self
    }

    /// Asks for URL and token before each attempt to connect, instead of using fixed ones.
    ///
    /// An error, or no answer within [`ClientConfig::prepare_timeout`] (10 s), fails the attempt with
    /// [`Cause::Provider`](crate::Cause::Provider); the next one follows after a backoff. The future is
    /// dropped when its answer is no longer of use.
    ///
    /// ```no_run
    /// # async fn fetch_token() -> Result<String, String> { Ok(String::new()) }
    /// use tidewire::{Client, Endpoint};
    ///
    /// # fn main() -> Result<(), tidewire::ConfigError> {
    /// let client = Client::builder("/live")
    ///     .provider(|_attempt| async { Ok(Endpoint::token(fetch_token().await?)) })
    ///     .connect()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn provider<P, F>(mut self, mut provider: P) -> Self
    where
        P: FnMut(Attempt) -> F + 'static,
        F: Future<Output = Result<Endpoint, String>> + 'static,
    {
        self.provide = Some(Box::new(move |attempt, reply| {
            let endpoint = provider(attempt);
            Task::spawn(async move { reply.send(endpoint.await) })
        }));
        self
    }

    /// Sub-protocols of the application, passed through in `Sec-WebSocket-Protocol`. Default: none.
    ///
    /// Common proxies drop that header, and then the handshake fails; what tidewire itself needs
    /// travels elsewhere.
    pub fn protocols<I, S>(mut self, protocols: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Which HTTP requests carry cookies. Default: those to the page's own origin.
    pub const fn credentials(mut self, credentials: Credentials) -> Self {
        self.settings.credentials = credentials;
        self
    }

    /// Speaks plain WebSocket to any server, without the session protocol: messages are delivered at
    /// most once, and a receipt says no more than that the browser took the message.
    pub fn bare(mut self, bare: BareConfig) -> Self {
        self.settings.config.mode = Mode::Bare(bare);
        self
    }

    /// Whether the transport that worked last is remembered for a day, in the page's `localStorage`,
    /// and tried first by the next page. Default: yes. It is remembered for the server of the builder's address; where a
    /// provider names another one, nothing is.
    pub const fn remember_transport(mut self, remember: bool) -> Self {
        self.settings.remembers = remember;
        self
    }

    /// Tells what goes over the network: requests, sockets and packets with their sizes, for charts, logs and
    /// meters. A second call replaces the first. Needs the feature `observe`.
    ///
    /// `observe` is called at once, in the order in which things happen, and before the client's messages and
    /// events tell what followed from them. It may send, close the client or drop it. The last calls come
    /// while the client is being dropped: they say what ends with it. An observer that keeps a
    /// [`Sender`](crate::Sender) keeps the client alive.
    ///
    /// ```no_run
    /// use tidewire::{Client, Traffic};
    ///
    /// # fn main() -> Result<(), tidewire::ConfigError> {
    /// let client = Client::builder("/live")
    ///     .observe(|traffic| {
    ///         if let Traffic::RequestStarted { id, held, bytes, .. } = traffic {
    ///             println!("request {id} of {bytes} bytes, held: {held}");
    ///         }
    ///     })
    ///     .connect()?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "observe")]
    pub fn observe(mut self, observe: impl Fn(&Traffic) + 'static) -> Self {
        self.observe = Some(Box::new(observe));
        self
    }

    /// Changes any other setting, the timings above all. See [`ClientConfig`] for the defaults.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), tidewire::ConfigError> {
    /// let client = tidewire::Client::builder("/live")
    ///     .configure(|config| config.backoff_cap = Duration::from_secs(20))
    ///     .connect()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn configure(mut self, change: impl FnOnce(&mut ClientConfig)) -> Self {
        change(&mut self.settings.config);
        self
    }

    /// Makes the client, which begins to connect at the end of this turn. Messages can be sent at once.
    ///
    /// # Errors
    ///
    /// When the address or a setting cannot be used; nothing was sent then. A server that cannot be
    /// reached is no error here: the client keeps trying and tells by [events](crate::Events).
    pub fn connect(mut self) -> Result<Client, ConfigError> {
        self.settings.has_provider = self.provide.is_some();
        self.settings.protocols = check_protocols(&self.protocols)?.into();
        let application = ApplicationSettings {
            provide: self.provide,
            #[cfg(feature = "observe")]
            observe: self.observe,
            is_bare: self.settings.is_bare(),
        };
        Ok(Client::new(Shared::start(
            self.settings.open()?,
            application,
        )))
    }
}

#[cfg_attr(
    not(feature = "binding"),
    allow(unreachable_pub, reason = "only a binding calls it from outside")
)]
impl Settings {
    /// The defaults, with this address.
    pub fn new(url: String) -> Self {
        Self {
            url,
            token: Vec::new(),
            protocols: JsValue::UNDEFINED,
            policy: OverflowPolicy::default(),
            credentials: Credentials::default(),
            remembers: true,
            has_provider: false,
            config: ClientConfig::default(),
        }
    }

    const fn is_bare(&self) -> bool {
        matches!(self.config.mode, Mode::Bare(_))
    }

    /// Checks the settings, and opens what of the browser the client is made with.
    pub(crate) fn open(mut self) -> Result<Parts, ConfigError> {
        if !random::is_available() {
            return Err(ConfigError::NoRandomness);
        }
        let address = Address::parse(&self.url)?;
        let mut store = Store::none();
        if self.remembers && !self.is_bare() {
            store = Store::open(&address.host);
            self.config.remembered = store.recall().or(self.config.remembered);
        }
        Ok(Parts {
            machine: proto::Client::new(self.config, Box::new(random::next_u64))?,
            address,
            token: self.token,
            protocols: self.protocols,
            policy: self.policy,
            credentials: self.credentials,
            store,
            has_provider: self.has_provider,
        })
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the address nor the token: both may hold secrets.
        f.debug_struct("Settings")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    /// The builder's URL, with this token.
    pub fn token(token: impl Into<Vec<u8>>) -> Self {
        Self {
            url: None,
            token: token.into(),
        }
    }

    /// The same endpoint at another URL.
    #[must_use]
    pub fn at(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Endpoint(..)")
    }
}

/// The application's provider, with the future that it makes.
pub(crate) type Provide = Box<dyn FnMut(Attempt, Reply) -> Task>;

/// Takes the answer of a provider to its client.
pub(crate) struct Reply {
    driver: Weak<Driver>,
    attempt: u32,
}

impl Reply {
    pub(crate) const fn new(driver: Weak<Driver>, attempt: Attempt) -> Self {
        Self {
            driver,
            attempt: attempt.number,
        }
    }

    fn send(self, endpoint: Result<Endpoint, String>) {
        if let Some(driver) = self.driver.upgrade() {
            driver.prepared(self.attempt, endpoint);
        }
    }
}

/// RFC 6455 section 4.1: each a token of RFC 9110, none twice. A browser would throw later.
fn check_protocols(protocols: &[String]) -> Result<Array, ConfigError> {
    let is_token = |name: &String| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    let is_known = |index: usize| {
        protocols
            .iter()
            .take(index)
            .any(|name| name == &protocols[index])
    };
    let broken = (0..protocols.len()).any(|index| !is_token(&protocols[index]) || is_known(index));
    if broken {
        return Err(proto::ConfigError { field: "protocols" }.into());
    }
    Ok(protocols
        .iter()
        .map(|name| JsValue::from_str(name))
        .collect())
}
