//! The client's state machine over real sockets and real requests.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tidewire_proto::{
    Answer, CarrierId, Client, ClientConfig, Close, CloseCode, Event, MessageId, Output,
    OverflowPolicy, Payload, Stats, Timestamp, Transport,
};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::raw::{self, PATIENCE};

/// What a carrier's task reports.
enum Fact {
    Answered(CarrierId, raw::Answer),
    Closed(CarrierId, u16, String),
    Failed(CarrierId),
    Message(CarrierId, Payload),
    Opened(CarrierId),
    Writable(CarrierId),
}

enum Order {
    Close,
    /// Drop all sockets and requests as a network does.
    Cut,
    Send(Payload, oneshot::Sender<MessageId>),
    /// Tell when all that was begun on sockets and requests is done.
    Settle(oneshot::Sender<()>),
    Stats(oneshot::Sender<Stats>),
}

/// A server and one of its paths.
type Endpoint = (SocketAddr, &'static str);

/// A client that runs by itself.
pub(crate) struct TestClient {
    orders: mpsc::UnboundedSender<Order>,
    events: mpsc::UnboundedReceiver<Event>,
}

/// The settings for one transport only, with short delays.
pub(crate) fn only(transport: Transport) -> ClientConfig {
    let mut config = quick();
    config.transports = Transport::ALL.map(|other| other == transport);
    config
}

/// The default settings with short delays.
pub(crate) fn quick() -> ClientConfig {
    let mut config = ClientConfig::default();
    config.backoff_base = Duration::from_millis(20);
    config.backoff_cap = Duration::from_millis(200);
    config.polling_floor = Duration::from_millis(20);
    config.polling_ceiling = Duration::from_millis(200);
    config.promotion_base = Duration::from_millis(200);
    config.request_timeout = Duration::from_secs(2);
    config
}

impl TestClient {
    pub(crate) fn connect(server: SocketAddr, config: ClientConfig) -> Self {
        Self::connect_as(server, config, b"")
    }

    /// Connects with this token.
    pub(crate) fn connect_as(server: SocketAddr, config: ClientConfig, token: &[u8]) -> Self {
        Self::start(server, "/live", config, token)
    }

    /// Connects to another endpoint than `/live`.
    pub(crate) fn connect_to(server: SocketAddr, path: &'static str, config: ClientConfig) -> Self {
        Self::start(server, path, config, b"")
    }

    /// A client on each transport, connected.
    pub(crate) async fn one_of_each(server: SocketAddr) -> Vec<Self> {
        let mut clients = Vec::new();
        for transport in Transport::ALL {
            let mut client = Self::connect(server, only(transport));
            client.connected().await;
            clients.push(client);
        }
        clients
    }

    fn start(server: SocketAddr, path: &'static str, config: ClientConfig, token: &[u8]) -> Self {
        let (orders, order_queue) = mpsc::unbounded_channel();
        let (event_queue, events) = mpsc::unbounded_channel();
        let token = token.to_vec();
        // The machine stays on one thread, as it does in a browser. It ends when this handle is dropped.
        std::thread::spawn(move || {
            let machine =
                Client::new(config, Box::new(entropy())).expect("a sensible configuration");
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let task = Task::new((server, path), machine, token, event_queue);
            runtime.expect("a runtime").block_on(task.run(order_queue));
        });
        Self { orders, events }
    }

    /// Sends a message that must be taken.
    pub(crate) async fn send(&self, payload: impl Into<Payload>) -> MessageId {
        let (answer, id) = oneshot::channel();
        self.order(Order::Send(payload.into(), answer));
        id.await.expect("the message is taken")
    }

    pub(crate) async fn stats(&self) -> Stats {
        let (answer, stats) = oneshot::channel();
        self.order(Order::Stats(answer));
        stats.await.expect("the client runs")
    }

    /// Cuts everything that carries the session now.
    pub(crate) fn cut(&self) {
        self.order(Order::Cut);
    }

    /// Closes the client and waits until it is closed and has said so to the server.
    pub(crate) async fn close(&mut self) {
        self.order(Order::Close);
        self.until(|event| matches!(event, Event::Closed { .. }).then_some(()))
            .await;
        let (answer, settled) = oneshot::channel();
        self.order(Order::Settle(answer));
        settled.await.expect("the client runs");
    }

    /// The next event.
    pub(crate) async fn event(&mut self) -> Event {
        let event = tokio::time::timeout(PATIENCE, self.events.recv())
            .await
            .expect("an event in time");
        event.expect("the client runs")
    }

    /// The first event that `choose` takes; others are passed over.
    pub(crate) async fn until<T>(&mut self, mut choose: impl FnMut(&Event) -> Option<T>) -> T {
        loop {
            let event = self.event().await;
            if let Some(chosen) = choose(&event) {
                return chosen;
            }
        }
    }

    /// Waits until a transport carries the session.
    pub(crate) async fn connected(&mut self) -> Transport {
        self.until(|event| match event {
            Event::Connected { transport, .. } => Some(*transport),
            _ => None,
        })
        .await
    }

    /// Waits until this transport carries the session.
    pub(crate) async fn moved_to(&mut self, transport: Transport) {
        self.until(|event| match event {
            Event::Connected { transport: now, .. } | Event::TransportChanged { to: now, .. } => {
                (*now == transport).then_some(())
            }
            _ => None,
        })
        .await;
    }

    pub(crate) async fn message(&mut self) -> Payload {
        self.until(|event| match event {
            Event::Message { payload, .. } => Some(payload.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn text(&mut self) -> String {
        self.message().await.as_text().expect("text").to_owned()
    }

    fn order(&self, order: Order) {
        assert!(self.orders.send(order).is_ok(), "the client runs");
    }
}

struct Task {
    endpoint: Endpoint,
    machine: Client,
    token: Vec<u8>,
    epoch: Instant,
    events: mpsc::UnboundedSender<Event>,
    facts: mpsc::UnboundedSender<Fact>,
    fact_queue: mpsc::UnboundedReceiver<Fact>,
    sockets: HashMap<CarrierId, mpsc::UnboundedSender<Message>>,
    carriers: HashMap<CarrierId, JoinHandle<()>>,
}

impl Task {
    fn new(
        endpoint: Endpoint,
        machine: Client,
        token: Vec<u8>,
        events: mpsc::UnboundedSender<Event>,
    ) -> Self {
        let (facts, fact_queue) = mpsc::unbounded_channel();
        let (sockets, carriers) = (HashMap::new(), HashMap::new());
        Self {
            endpoint,
            machine,
            token,
            epoch: Instant::now(),
            events,
            facts,
            fact_queue,
            sockets,
            carriers,
        }
    }

    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        let now = self.now();
        self.machine.connect(now);
        loop {
            self.drain();
            let deadline = self
                .machine
                .poll_timeout()
                .map(|(at, _)| self.epoch + Duration::from_micros(at.as_micros()));
            let timer = async {
                match deadline {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Settle(answer)) => {
                        for (_, carrier) in self.carriers.drain() {
                            // One that was aborted is done too.
                            let _ = tokio::time::timeout(PATIENCE, carrier).await;
                        }
                        let _ = answer.send(());
                    }
                    Some(order) => self.obey(order),
                    None => return,
                },
                Some(fact) = self.fact_queue.recv() => self.report(fact),
                () = timer => {
                    let now = self.now();
                    self.machine.handle_timeout(now);
                }
            }
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.epoch.elapsed().as_micros() as u64)
    }

    fn obey(&mut self, order: Order) {
        let now = self.now();
        match order {
            Order::Close => self
                .machine
                .close(now, Close::new(CloseCode::NORMAL, "done")),
            Order::Cut => {
                for (carrier, task) in self.carriers.drain() {
                    task.abort();
                    let fact = match self.sockets.remove(&carrier) {
                        Some(_) => Fact::Closed(carrier, 1006, String::new()),
                        None => Fact::Failed(carrier),
                    };
                    let _ = self.facts.send(fact);
                }
            }
            Order::Send(payload, answer) => {
                let id = self
                    .machine
                    .send(now, payload, OverflowPolicy::Refuse)
                    .expect("room in the outbox");
                let _ = answer.send(id);
            }
            // Waited for by the loop, which alone can.
            Order::Settle(_) => {}
            Order::Stats(answer) => {
                let _ = answer.send(self.machine.stats());
            }
        }
    }

    fn report(&mut self, fact: Fact) {
        let now = self.now();
        match fact {
            Fact::Answered(carrier, answer) => {
                let retry_after = answer
                    .header("retry-after")
                    .and_then(|value| value.parse().ok());
                let answer = Answer {
                    status: answer.status,
                    body: &answer.body,
                    retry_after: retry_after.map(Duration::from_secs),
                };
                self.machine.handle_answer(now, carrier, &answer);
            }
            Fact::Closed(carrier, code, reason) => {
                self.machine.handle_closed(now, carrier, code, &reason);
            }
            Fact::Failed(carrier) => self.machine.handle_failed(now, carrier),
            Fact::Message(carrier, message) => self.machine.handle_message(now, carrier, message),
            Fact::Opened(carrier) => self.machine.handle_opened(now, carrier),
            Fact::Writable(carrier) => self.machine.handle_writable(now, carrier),
        }
    }

    fn drain(&mut self) {
        let now = self.now();
        while let Some(output) = self.machine.poll_output(now) {
            match output {
                Output::Abort { carrier } => {
                    if let Some(task) = self.carriers.remove(&carrier) {
                        task.abort();
                    }
                }
                Output::CloseSocket { carrier, close } => {
                    if let Some(socket) = self.sockets.remove(&carrier) {
                        let _ = socket.send(Message::Close(close.map(|close| {
                            tokio_tungstenite::tungstenite::protocol::CloseFrame {
                                code: close.code.0.into(),
                                reason: close.reason.into(),
                            }
                        })));
                    }
                }
                Output::Event(event) => {
                    if let Event::Message { session, .. } = &event {
                        self.machine.consumed(now, *session, 1);
                    }
                    let _ = self.events.send(event);
                }
                Output::OpenSocket { carrier } => {
                    let (sender, queue) = mpsc::unbounded_channel();
                    self.sockets.insert(carrier, sender);
                    self.carriers.insert(
                        carrier,
                        tokio::spawn(run_socket(
                            self.endpoint,
                            carrier,
                            queue,
                            self.facts.clone(),
                        )),
                    );
                }
                Output::Prepare { .. } => self.machine.handle_prepared(now, Ok(self.token.clone())),
                Output::Request { carrier, body, .. } => {
                    let (endpoint, facts) = (self.endpoint, self.facts.clone());
                    self.carriers.insert(
                        carrier,
                        tokio::spawn(async move {
                            let fact = match request(endpoint, &body).await {
                                Some(answer) => Fact::Answered(carrier, answer),
                                None => Fact::Failed(carrier),
                            };
                            let _ = facts.send(fact);
                        }),
                    );
                }
                Output::Transmit { carrier, message } => {
                    if let Some(socket) = self.sockets.get(&carrier) {
                        let message = match message {
                            Payload::Binary(bytes) => Message::Binary(bytes.into()),
                            Payload::Text(text) => Message::Text(text.into()),
                        };
                        let _ = socket.send(message);
                    }
                }
            }
        }
    }
}

async fn request((server, path): Endpoint, body: &[u8]) -> Option<raw::Answer> {
    use tokio::io::AsyncWriteExt;
    let mut stream = TcpStream::connect(server).await.ok()?;
    stream
        .write_all(&raw::post(path, "Connection: close\r\n", body))
        .await
        .ok()?;
    raw::read_answer_of_any_age(&mut stream).await
}

async fn run_socket(
    endpoint: Endpoint,
    carrier: CarrierId,
    mut queue: mpsc::UnboundedReceiver<Message>,
    facts: mpsc::UnboundedSender<Fact>,
) {
    let (code, reason) = match carry(endpoint, carrier, &mut queue, &facts).await {
        Ok(end) => end,
        Err(_) => (1006, String::new()),
    };
    let _ = facts.send(Fact::Closed(carrier, code, reason));
}

async fn carry(
    (server, path): Endpoint,
    carrier: CarrierId,
    queue: &mut mpsc::UnboundedReceiver<Message>,
    facts: &mpsc::UnboundedSender<Fact>,
) -> Result<(u16, String), Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let url = format!("ws://{server}{path}");
    let config = WebSocketConfig::default();
    let (mut socket, _) =
        tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await?;
    let _ = facts.send(Fact::Opened(carrier));
    loop {
        tokio::select! {
            message = queue.recv() => match message {
                Some(message) => {
                    socket.send(message).await?;
                    let _ = facts.send(Fact::Writable(carrier));
                }
                // The machine has let go of the socket.
                None => {
                    while let Some(Ok(_)) = socket.next().await {}
                    return Ok((1006, String::new()));
                }
            },
            received = socket.next() => match received {
                Some(Ok(Message::Binary(bytes))) => {
                    let _ = facts.send(Fact::Message(carrier, Payload::Binary(bytes.to_vec())));
                }
                Some(Ok(Message::Text(text))) => {
                    let _ = facts.send(Fact::Message(carrier, Payload::Text(text.to_string())));
                }
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Ok((frame.code.into(), frame.reason.to_string()));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Ok((1006, String::new())),
            },
        }
    }
}

/// Different keys in one test process, and the process id against those of others.
fn entropy() -> impl FnMut() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    move || {
        let mut z = (u64::from(std::process::id()) << 32)
            ^ NEXT
                .fetch_add(1, Relaxed)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
