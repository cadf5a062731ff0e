//! Where the server is, and what is asked of it by plain HTTP.

use gloo_net::http::Request;

use crate::json::Json;

/// The server that this page talks to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Server {
    /// Empty where the server is the one that serves the page.
    base: String,
}

/// Why the server did not do what it was asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// It takes no such order: it was started without `--faults`.
    Forbidden,
    /// It answered with this status and this text.
    Status(u16, String),
    /// It did not answer, or not in words that this page understands.
    Unreachable,
}

/// One lasting fault of the server, as `/faults` tells it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FaultLine {
    pub(crate) fault: String,
    /// Whether it happens now.
    pub(crate) is_active: bool,
    /// How often it has happened since the server started.
    pub(crate) hits: u64,
}

/// What an order that happens at once has reached.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Reached {
    pub(crate) connections: u64,
    pub(crate) sessions: u64,
}

impl FaultLine {
    fn read(json: &Json) -> Option<Self> {
        Some(Self {
            fault: json.get("fault").text()?,
            is_active: !json.get("active").is_nothing(),
            hits: json.get("hits").count()?,
        })
    }
}

impl Server {
    /// The server that `<meta name="tidewire-server">` names, else the one that serves the page.
    pub(crate) fn of_page() -> Self {
        let base = web_sys::window()
            .and_then(|window| window.document())
            .and_then(|document| {
                let line = document.query_selector("meta[name=tidewire-server]");
                line.ok().flatten()
            })
            .and_then(|line| line.get_attribute("content"));
        Self {
            base: base.unwrap_or_default().trim_end_matches('/').to_owned(),
        }
    }

    /// The address of the session endpoint.
    pub(crate) fn live(&self) -> String {
        self.at("/live")
    }

    /// The address of the news, without a query.
    pub(crate) fn news(&self) -> String {
        self.at("/news")
    }

    /// The address at which the list of connections is pushed.
    pub(crate) fn live_list(&self) -> String {
        self.at("/connections/live")
    }

    /// The address of `/message` for a WebSocket.
    pub(crate) fn message_socket(&self, query: &str) -> String {
        let origin = self.origin();
        // http becomes ws, https becomes wss.
        let rest = origin.strip_prefix("http").unwrap_or_default();
        format!("ws{rest}/message{query}")
    }

    /// The address of the server's own page of connections.
    pub(crate) fn page_of_connections(&self) -> String {
        self.at("/connections")
    }

    /// The origin, for people.
    pub(crate) fn origin(&self) -> String {
        if !self.base.is_empty() {
            return self.base.clone();
        }
        web_sys::window()
            .and_then(|window| window.location().origin().ok())
            .unwrap_or_default()
    }

    /// What to type where the server does not run.
    pub(crate) fn command(&self) -> &'static str {
        if self.base.is_empty() {
            "cargo xtask demo"
        } else {
            "cargo run -p tidewire-server --bin tidewire-echo -- --faults"
        }
    }

    /// What misbehaves now.
    ///
    /// # Errors
    ///
    /// When the server takes no such orders, answers with an error, or does not answer.
    pub(crate) async fn faults(&self) -> Result<Vec<FaultLine>, Refusal> {
        let text = self.text("/faults").await?;
        let lines = Json::parse(&text).and_then(|json| json.list(FaultLine::read));
        lines.ok_or(Refusal::Unreachable)
    }

    /// Orders something of `/faults`; `settings` is JSON, or empty for the defaults.
    ///
    /// # Errors
    ///
    /// As [`faults`](Self::faults).
    pub(crate) async fn order(&self, name: &str, settings: &str) -> Result<Reached, Refusal> {
        let text = self.post(&format!("/faults/{name}"), settings).await?;
        // Most orders are answered with nothing.
        let json = Json::parse(&text);
        let field = |name| json.as_ref().and_then(|json| json.get(name).count());
        Ok(Reached {
            connections: field("connections").unwrap_or_default(),
            sessions: field("sessions").unwrap_or_default(),
        })
    }

    /// Lets the server say this to every client, unasked; answers how many that were.
    ///
    /// # Errors
    ///
    /// As [`faults`](Self::faults).
    pub(crate) async fn broadcast(&self, text: &str) -> Result<u64, Refusal> {
        let answer = self.post("/broadcast", text).await?;
        let reached = Json::parse(&answer).and_then(|json| json.get("reached").count());
        reached.ok_or(Refusal::Unreachable)
    }

    fn post(
        &self,
        path: &str,
        body: &str,
    ) -> impl Future<Output = Result<String, Refusal>> + use<> {
        answer_to(Request::post(&self.at(path)).body(body))
    }

    /// Asks for a path and answers the text of the answer.
    ///
    /// # Errors
    ///
    /// When the server answers with an error, or does not answer.
    pub(crate) fn text(&self, path: &str) -> impl Future<Output = Result<String, Refusal>> + use<> {
        get(&self.at(path))
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

/// A name under which a server may be asked for what it saw of one connection; in all likelihood nobody else uses it.
pub(crate) fn random_name() -> String {
    let draw = || (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    format!("{:08x}{:08x}", draw(), draw())
}

/// Asks for an address and answers the text of the answer.
///
/// # Errors
///
/// As [`Server::text`].
pub(crate) fn get(url: &str) -> impl Future<Output = Result<String, Refusal>> + use<> {
    answer_to(Request::get(url).build())
}

async fn answer_to(request: Result<Request, gloo_net::Error>) -> Result<String, Refusal> {
    let unreachable = |_| Refusal::Unreachable;
    let answer = request.map_err(unreachable)?.send().await;
    let answer = answer.map_err(unreachable)?;
    let text = answer.text().await;
    match answer.status() {
        200..300 => text.map_err(unreachable),
        403 => Err(Refusal::Forbidden),
        status => {
            let text = text.unwrap_or_default();
            Err(Refusal::Status(status, text.trim().to_owned()))
        }
    }
}
