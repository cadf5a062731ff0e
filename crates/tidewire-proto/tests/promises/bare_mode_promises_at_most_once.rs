//! Without the session protocol the same client speaks to any WebSocket server, and promises less.

use tidewire_proto::{Answer, BareConfig, CarrierId, Client, MessageId, Mode, Output};

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

struct Bare {
    client: Client,
    now: Timestamp,
    socket: Option<CarrierId>,
    /// What is sent stays in the browser's buffer.
    full: bool,
    sent: Vec<Payload>,
    events: Vec<Event>,
}

impl Bare {
    fn new(bare: BareConfig) -> Self {
        let mut config = ClientConfig::default();
        config.mode = Mode::Bare(bare);
        let mut draw = 0_u64;
        let entropy = move || {
            draw += 1;
            draw << 50
        };
        let mut world = Self {
            client: Client::new(config, Box::new(entropy)).expect("the settings make sense"),
            now: Timestamp::from_millis(1_000),
            socket: None,
            full: false,
            sent: Vec::new(),
            events: Vec::new(),
        };
        world.client.connect(world.now);
        world.settle();
        world
    }

    fn open(&mut self) {
        let socket = self.socket.expect("a socket is being opened");
        self.client.handle_opened(self.now, socket);
        self.settle();
    }

    fn send(&mut self, text: &str) -> MessageId {
        let sent = self
            .client
            .send(self.now, Payload::from(text), OverflowPolicy::Refuse);
        sent.expect("the outbox takes it")
    }

    fn close(&mut self, code: u16) {
        let socket = self.socket.take().expect("a socket is open");
        self.client.handle_closed(self.now, socket, code, "");
        self.settle();
    }

    fn run(&mut self, span: core::time::Duration) {
        let end = self.now + span;
        while let Some((deadline, _)) = self.client.poll_timeout() {
            if deadline > end {
                break;
            }
            self.now = deadline.max(self.now);
            self.client.handle_timeout(self.now);
            self.settle();
        }
        self.now = end;
    }

    fn settle(&mut self) {
        while let Some(output) = self.client.poll_output(self.now) {
            match output {
                Output::CloseSocket { carrier, .. } if self.socket == Some(carrier) => {
                    self.socket = None;
                }
                Output::Event(event) => self.events.push(event),
                Output::OpenSocket { carrier } => self.socket = Some(carrier),
                Output::Prepare { .. } => self.client.handle_prepared(self.now, Ok(Vec::new())),
                Output::Request { .. } => panic!("bare mode has no HTTP"),
                Output::Transmit { carrier, message } => {
                    self.sent.push(message);
                    if !self.full {
                        self.client.handle_writable(self.now, carrier);
                    }
                }
                Output::Abort { .. } | Output::CloseSocket { .. } => {}
            }
        }
    }
}

#[test]
fn messages_travel_as_they_are_and_are_told_as_sent_not_acknowledged() {
    let mut bare = Bare::new(BareConfig::default());
    let first = bare.send("1");
    bare.open();
    let socket = bare.socket.expect("it is open");
    bare.client
        .handle_message(bare.now, socket, Payload::from("hello"));
    bare.settle();

    assert_eq!(bare.sent, [Payload::from("1")]);
    assert!(bare.events.contains(&Event::Sent(first)));
    assert!(bare.events.iter().any(
        |event| matches!(event, Event::Message { payload, .. } if *payload == Payload::from("hello"))
    ));
    assert!(
        !bare
            .events
            .iter()
            .any(|event| matches!(event, Event::Acknowledged(_)))
    );
}

#[test]
fn what_left_is_never_sent_again_and_what_waited_is_sent_later() {
    let mut bare = Bare::new(BareConfig::default());
    bare.open();
    bare.send("1");
    bare.settle();
    bare.close(1006);
    bare.send("2");
    bare.run(secs(5));
    bare.open();

    assert_eq!(bare.sent, [Payload::from("1"), Payload::from("2")]);
}

#[test]
fn close_codes_are_classified() {
    for (code, ends) in [
        (1006, false),
        (1001, false),
        (1011, false),
        (1000, true),
        (4403, true),
    ] {
        let mut bare = Bare::new(BareConfig::default());
        bare.open();
        bare.close(code);
        let ended = bare
            .events
            .iter()
            .any(|event| matches!(event, Event::Closed { .. }));
        assert_eq!(ended, ends, "{code}");
    }
}

#[test]
fn the_applications_heartbeat_is_sent_and_silence_is_death() {
    let mut bare = Bare::new(BareConfig {
        heartbeat: Some((Payload::from("beat"), secs(10))),
        idle_timeout: Some(secs(25)),
    });
    bare.open();
    bare.run(secs(24));
    assert_eq!(bare.sent, [Payload::from("beat"), Payload::from("beat")]);
    bare.run(secs(2));
    assert!(bare.events.iter().any(|event| matches!(
        event,
        Event::Hiccup {
            cause: Cause::TimedOut,
            ..
        }
    )));
}

#[test]
fn times_that_would_leave_the_page_no_pause_are_refused() {
    let refused = |bare: BareConfig| {
        let mut config = ClientConfig::default();
        config.mode = Mode::Bare(bare);
        config.check().map_err(|error| error.field)
    };
    let beat = |interval| BareConfig {
        heartbeat: Some((Payload::from("beat"), interval)),
        idle_timeout: None,
    };
    assert_eq!(refused(beat(ms(0))), Err("heartbeat"));
    assert_eq!(refused(beat(ms(1))), Ok(()));
    let idle = |span| BareConfig {
        heartbeat: None,
        idle_timeout: Some(span),
    };
    assert_eq!(refused(idle(ms(0))), Err("idle_timeout"));
    assert_eq!(refused(idle(ms(1))), Ok(()));
}

#[test]
fn a_heartbeat_that_finds_the_socket_full_waits_without_a_deadline_in_the_past() {
    let mut bare = Bare::new(BareConfig {
        heartbeat: Some((Payload::from("beat"), secs(20))),
        idle_timeout: None,
    });
    bare.open();
    bare.run(secs(19));
    bare.full = true;
    bare.send("1");
    bare.settle();

    bare.now = bare.now + secs(5);
    bare.client.handle_timeout(bare.now);
    bare.settle();
    assert_eq!(bare.sent, [Payload::from("1")]);
    let next = bare.client.poll_timeout();
    assert!(next.is_none_or(|(at, _)| at > bare.now), "{next:?}");

    bare.full = false;
    let socket = bare.socket.expect("it is open");
    bare.client.handle_writable(bare.now, socket);
    bare.settle();
    assert_eq!(bare.sent, [Payload::from("1"), Payload::from("beat")]);
}

#[test]
fn a_graceful_close_sends_what_waits() {
    let mut bare = Bare::new(BareConfig::default());
    bare.open();
    bare.send("1");
    bare.client
        .close(bare.now, Close::new(CloseCode::NORMAL, "done"));
    bare.settle();
    assert_eq!(bare.sent, [Payload::from("1")]);
    assert!(
        bare.events.iter().any(
            |event| matches!(event, Event::Closed { unconfirmed, .. } if unconfirmed.is_empty())
        )
    );
    assert_eq!(bare.socket, None);
}

#[test]
fn facts_about_http_mean_nothing() {
    let mut bare = Bare::new(BareConfig::default());
    bare.open();
    let answer = Answer {
        status: 200,
        body: b"",
        retry_after: None,
    };
    bare.client.handle_answer(bare.now, CarrierId(99), &answer);
    bare.client.handle_failed(bare.now, CarrierId(99));
    bare.settle();
    assert_eq!(bare.client.state(), State::Open(Transport::WebSocket));
}
