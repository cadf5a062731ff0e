//! The answer to an attempt that was given up, or answered already, changes nothing: a session stays at its server.

#![cfg(feature = "binding")]

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tidewire::binding::{Binding, Event, Listener, Settings, State};
use tidewire::{Attempt, Cause, CloseCode, Endpoint, Transport};
use wasm_bindgen_test::*;

use crate::support::{until, url};

/// What the listener was told.
#[derive(Default)]
struct Record {
    attempts: RefCell<Vec<u32>>,
    echoes: RefCell<Vec<String>>,
    hiccups: RefCell<Vec<Cause>>,
    states: RefCell<Vec<State>>,
}

struct Recorder(Rc<Record>);

impl Listener for Recorder {
    fn event(&self, event: Event) {
        match event {
            Event::Hiccup { cause, .. } => self.0.hiccups.borrow_mut().push(cause),
            Event::Message { payload, .. } => {
                let text = payload.as_text().expect("a text").to_owned();
                self.0.echoes.borrow_mut().push(text);
            }
            Event::State(state) => self.0.states.borrow_mut().push(state),
            _ => {}
        }
    }

    fn prepare(&self, attempt: Attempt) {
        self.0.attempts.borrow_mut().push(attempt.number);
    }
}

fn nowhere() -> Result<Endpoint, String> {
    Ok(Endpoint::token("another's").at("http://127.0.0.1:9/nowhere"))
}

fn here() -> Result<Endpoint, String> {
    Ok(Endpoint::default().at(url("/live")))
}

/// Settings of a client that asks its listener where to connect, and uses this transport only.
fn asking(transport: Transport) -> Settings {
    let mut settings = Settings::new(url("/live"));
    settings.has_provider = true;
    settings.remembers = false;
    settings.config.transports = Transport::ALL.map(|other| other == transport);
    settings
}

/// A binding whose first attempt was given up unanswered, and which asks for the second.
async fn at_the_second_attempt(transport: Transport) -> (Binding, Rc<Record>) {
    let record = Rc::new(Record::default());
    let mut settings = asking(transport);
    settings.config.backoff_base = Duration::from_millis(10);
    settings.config.prepare_timeout = Duration::from_millis(200);
    let binding = Binding::new(settings, Recorder(Rc::clone(&record))).unwrap();
    until("it asks again", || record.attempts.borrow().len() == 2).await;
    assert_eq!(*record.attempts.borrow(), [1, 2]);
    (binding, record)
}

#[wasm_bindgen_test]
async fn an_answer_to_an_earlier_attempt_is_none_to_the_next() {
    need_server!();
    let (binding, record) = at_the_second_attempt(Transport::LongPolling).await;
    binding.send("ahoy").unwrap();
    binding.prepared(1, Err("of the first attempt".into()));
    binding.prepared(1, nowhere());
    binding.prepared(2, here());
    until("the echo", || *record.echoes.borrow() == ["ahoy"]).await;
    // Only the first attempt failed, since nobody answered it in time.
    assert_eq!(
        *record.hiccups.borrow(),
        [Cause::Provider("it took too long".into())]
    );
}

#[wasm_bindgen_test]
async fn answers_that_come_later_leave_the_session_where_it_is() {
    need_server!();
    let (binding, record) = at_the_second_attempt(Transport::LongPolling).await;
    binding.prepared(2, here());
    let open = State::Open(Transport::LongPolling);
    until("it is open", || record.states.borrow().contains(&open)).await;
    binding.prepared(1, nowhere());
    binding.prepared(2, nowhere());
    for count in 1..=3 {
        binding.send("ahoy").unwrap();
        until("an echo", || record.echoes.borrow().len() == count).await;
    }
    assert_eq!(record.hiccups.borrow().len(), 1, "{:?}", record.hiccups);
    binding.close(CloseCode::NORMAL, "done");
}

#[wasm_bindgen_test]
async fn between_two_attempts_no_answer_is_waited_for() {
    need_server!();
    let record = Rc::new(Record::default());
    // The listener's answers leave the address alone, so it is that of the settings or of a late answer.
    let mut settings = asking(Transport::LongPolling);
    settings.config.backoff_base = Duration::from_millis(500);
    settings.config.prepare_timeout = Duration::from_millis(50);
    let binding = Binding::new(settings, Recorder(Rc::clone(&record))).unwrap();
    until("it gives up", || record.hiccups.borrow().len() == 1).await;
    binding.prepared(1, nowhere());
    until("it asks again", || record.attempts.borrow().len() == 2).await;
    binding.send("ahoy").unwrap();
    binding.prepared(2, Ok(Endpoint::default()));
    until("the echo", || *record.echoes.borrow() == ["ahoy"]).await;
}
