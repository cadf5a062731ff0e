//! The client's state machine over real sockets and real requests.

mod task;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tidewire_proto::{Client, ClientConfig, Event, MessageId, Payload, Stats, Transport};
use tokio::sync::{mpsc, oneshot};

use super::raw::PATIENCE;
use task::Task;

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
