//! A client, what it is told to say, and what it hears.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use js_sys::Date;
use tidewire::{
    Builder, Client, ClientConfig, ConfigError, Delivery, Event, Events, Message, OverflowPolicy,
    Sender, State, Transport, Unconfirmed,
};
use wasm_bindgen_futures::spawn_local;

use crate::message::{self, Content, Flow};
use crate::report::{Counters, Happening, Kind, Loss, Options, Report};

/// Events that a report shows; the later ones are only counted.
const SHOWN_EVENTS: usize = 1_000;

/// A client that lives until this is dropped.
pub(crate) struct Conversation {
    sender: Sender,
    _delivery: Delivery,
    notes: Rc<RefCell<Report>>,
    said: Cell<u32>,
    flow: Flow,
}

impl Conversation {
    /// Connects, and sends the first messages in the same turn.
    pub(crate) fn begin(options: &Options) -> Result<Self, String> {
        let started = Date::now();
        let client = builder(options)?
            .connect()
            .map_err(|error: ConfigError| error.to_string())?;
        let (sender, messages, events) = client.split();
        let notes = Rc::new(RefCell::new(Report::default()));
        let delivery = messages.deliver_to({
            let notes = Rc::clone(&notes);
            move |message| hear(&mut notes.borrow_mut(), message, started)
        });
        spawn_local(follow(events, Rc::clone(&notes)));
        let conversation = Self {
            sender,
            _delivery: delivery,
            notes,
            said: Cell::new(0),
            flow: if options.small {
                Flow::SmallEcho
            } else {
                Flow::Echo
            },
        };
        conversation.say(options.say);
        Ok(conversation)
    }

    /// Sends the next messages: in this turn, as long as the outbox has room.
    pub(crate) fn say(&self, count: u32) {
        let first = self.said.get();
        self.said.set(first + count);
        let sender = self.sender.clone();
        let flow = self.flow;
        let notes = Rc::clone(&self.notes);
        let mut rest = first..first + count;
        // What fits goes out in the caller's turn; a task waits for room for the rest.
        for number in rest.by_ref() {
            match sender.try_send(outgoing(flow, number)) {
                Ok(receipt) => accepted(number, receipt, &notes),
                Err(error) if error.is_retryable() => {
                    rest = number..first + count;
                    break;
                }
                Err(error) => notes.borrow_mut().damaged.push(error.to_string()),
            }
        }
        spawn_local(async move {
            for number in rest {
                match sender.send(outgoing(flow, number)).await {
                    Ok(receipt) => accepted(number, receipt, &notes),
                    Err(error) => return notes.borrow_mut().damaged.push(error.to_string()),
                }
            }
        });
    }

    pub(crate) fn report(&self) -> Report {
        let mut report = self.notes.borrow().clone();
        let state = self.sender.state();
        report.state = match state {
            State::Closed => "closed",
            State::Connecting => "connecting",
            State::Open(_) => "open",
            _ => "waiting",
        }
        .into();
        report.transport = state.transport().map(|transport| transport.name().into());
        let stats = self.sender.stats();
        let by_transport = |read: fn(&tidewire::TransportStats) -> u64| {
            Transport::ALL
                .into_iter()
                .map(|transport| (transport.name().to_owned(), read(stats.of(transport))))
                .collect()
        };
        report.stats = Counters {
            reconnects: stats.reconnects,
            duplicates_dropped: stats.duplicates_dropped,
            sessions_lost: stats.sessions_lost,
            packets_sent: by_transport(|stats| stats.packets_sent),
            requests: by_transport(|stats| stats.requests),
            failures: by_transport(|stats| stats.failures),
        };
        report
    }
}

fn builder(options: &Options) -> Result<Builder, String> {
    let transports = Transport::ALL.into_iter().filter(|transport| {
        options.transports.is_empty()
            || options
                .transports
                .iter()
                .any(|name| name == transport.name())
    });
    let mut unknown = None;
    let builder = Client::builder(&options.url)
        .transports(transports)
        .overflow(OverflowPolicy::Wait)
        // Each page starts as on a machine that was never here.
        .remember_transport(false)
        .configure(|config| {
            for (name, millis) in &options.millis {
                match setting(config, name) {
                    Some(setting) => *setting = Duration::from_millis(*millis),
                    None => unknown = Some(format!("there is no setting `{name}`")),
                }
            }
        });
    unknown.map_or(Ok(builder), Err)
}

fn setting<'c>(config: &'c mut ClientConfig, name: &str) -> Option<&'c mut Duration> {
    Some(match name {
        "ack_delay" => &mut config.ack_delay,
        "backoff_base" => &mut config.backoff_base,
        "backoff_cap" => &mut config.backoff_cap,
        "hold" => &mut config.hold,
        "polling_ceiling" => &mut config.polling_ceiling,
        "polling_floor" => &mut config.polling_floor,
        "probe_timeout" => &mut config.probe_timeout,
        "promotion_base" => &mut config.promotion_base,
        "request_timeout" => &mut config.request_timeout,
        "silence" => &mut config.silence,
        "stable_after" => &mut config.stable_after,
        "handshake_timeout" => &mut config.handshake_timeout,
        _ => return None,
    })
}

fn outgoing(flow: Flow, number: u32) -> Message {
    match message::content(flow, number) {
        Content::Binary(bytes) => bytes.into(),
        Content::Text(text) => text.into(),
    }
}

fn number_of(message: Message) -> Option<(Flow, u32)> {
    message::identify(&match message {
        Message::Binary(bytes) => Content::Binary(bytes),
        Message::Text(text) => Content::Text(text),
    })
}

fn accepted(number: u32, receipt: tidewire::Receipt, notes: &Rc<RefCell<Report>>) {
    notes.borrow_mut().sent += 1;
    let notes = Rc::clone(notes);
    spawn_local(async move {
        let fate = receipt.await;
        let mut notes = notes.borrow_mut();
        match fate {
            Ok(()) => notes.acknowledged += 1,
            Err(_) => notes.failed.push(number),
        }
    });
}

fn hear(notes: &mut Report, message: Message, started: f64) {
    let size = message.len();
    match number_of(message) {
        Some((Flow::Echo | Flow::SmallEcho, number)) => {
            notes
                .first_echo_after
                .get_or_insert_with(|| Date::now() - started);
            notes.echoes.record(number);
        }
        Some((Flow::Push, number)) => notes.pushes.record(number),
        None => notes.damaged.push(format!("a message of {size} bytes")),
    }
}

async fn follow(mut events: Events, notes: Rc<RefCell<Report>>) {
    while let Some(event) = events.next().await {
        note(&mut notes.borrow_mut(), event);
    }
}

fn note(notes: &mut Report, event: Event) {
    let (kind, detail) = match event {
        Event::Closed { cause, unconfirmed } => (
            Kind::Closed,
            format!("{cause:?}, {} unconfirmed", unconfirmed.len()),
        ),
        Event::Connected { transport, verdict } => {
            if verdict == tidewire::Verdict::Fresh {
                notes.fresh += 1;
            } else {
                notes.resumed += 1;
            }
            notes.transports_seen.insert(transport.name().into());
            (Kind::Connected, format!("{} {verdict:?}", transport.name()))
        }
        Event::Dropped { id, .. } => (Kind::Dropped, format!("{id:?}")),
        Event::Hiccup { cause, retry_in } => {
            (Kind::Hiccup, format!("{cause:?}, again in {retry_in:?}"))
        }
        Event::Lost { cause, unconfirmed } => {
            let detail = format!("{cause:?}, {} unconfirmed", unconfirmed.len());
            notes.losses.push(loss(format!("{cause:?}"), unconfirmed));
            (Kind::Lost, detail)
        }
        Event::Missed(count) => (Kind::Missed, count.to_string()),
        Event::TransportChanged { from, to } => {
            notes.transports_seen.insert(to.name().into());
            (Kind::Moved, format!("{} to {}", from.name(), to.name()))
        }
        // The state is read when a report is made.
        _ => return,
    };
    if notes.events.len() < SHOWN_EVENTS {
        notes.events.push(Happening {
            at: Date::now(),
            kind,
            detail,
        });
    }
}

fn loss(cause: String, unconfirmed: Vec<Unconfirmed>) -> Loss {
    let mut loss = Loss {
        cause,
        unconfirmed: Vec::new(),
        untransmitted: Vec::new(),
    };
    for message in unconfirmed {
        // What the page sent carries its number.
        let Some((_, number)) = number_of(message.payload) else {
            continue;
        };
        if message.transmitted {
            loss.unconfirmed.push(number);
        } else {
            loss.untransmitted.push(number);
        }
    }
    loss
}
