//! What drives the machine of a test's client: it does what the machine asks, and reports what came of it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tidewire_proto::{
    Answer, CarrierId, Client, Close, CloseCode, Event, Output, OverflowPolicy, Payload, Timestamp,
};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::super::raw::{self, PATIENCE};
use super::{Endpoint, Order};

/// What a carrier's task reports.
enum Fact {
    Answered(CarrierId, raw::Answer),
    Closed(CarrierId, u16, String),
    Failed(CarrierId),
    Message(CarrierId, Payload),
    Opened(CarrierId),
    Writable(CarrierId),
}

pub(super) struct Task {
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
    pub(super) fn new(
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

    pub(super) async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
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
