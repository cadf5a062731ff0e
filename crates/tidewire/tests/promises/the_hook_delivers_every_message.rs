//! `use_tidewire`: every message in order, none but those of the current address, and nothing left when the
//! component goes.

#![cfg(feature = "yew")]

use std::cell::RefCell;
use std::rc::Rc;

use tidewire::{Incoming, SendError, State, UseTidewire, use_tidewire};
use wasm_bindgen_test::*;
use yew::prelude::*;
use yew::{AppHandle, Renderer};

use crate::harness;
use crate::support::{turn, until, url};

/// What the component shows to the test.
#[derive(Clone, Default)]
struct Seen(Rc<RefCell<Inside>>);

#[derive(Default)]
struct Inside {
    live: Option<UseTidewire>,
    messages: Vec<String>,
    events: usize,
    renders: usize,
}

impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Seen {
    fn live(&self) -> UseTidewire {
        self.0.borrow().live.clone().expect("it was rendered")
    }

    fn is_open(&self) -> bool {
        self.0
            .borrow()
            .live
            .as_ref()
            .is_some_and(|live| live.transport().is_some())
    }

    fn count(&self) -> usize {
        self.0.borrow().messages.len()
    }
}

#[derive(Clone, PartialEq, Properties)]
struct ChatProps {
    url: AttrValue,
    seen: Seen,
}

#[component]
fn Chat(props: &ChatProps) -> Html {
    let inside = Rc::clone(&props.seen.0);
    let live = use_tidewire(
        &props.url,
        |builder| builder.remember_transport(false),
        move |incoming| {
            let mut inside = inside.borrow_mut();
            match incoming {
                Incoming::Message(message) => {
                    inside
                        .messages
                        .push(message.as_text().unwrap_or_default().to_owned());
                }
                _ => inside.events += 1,
            }
        },
    );
    let mut inside = props.seen.0.borrow_mut();
    inside.live = Some(live);
    inside.renders += 1;
    html! {}
}

fn mount(url: &str, seen: &Seen) -> AppHandle<Chat> {
    let document = js_sys::Reflect::get(&js_sys::global(), &"document".into()).unwrap();
    let root = web_sys::Document::from(document)
        .create_element("div")
        .unwrap();
    let props = ChatProps {
        url: url.to_owned().into(),
        seen: seen.clone(),
    };
    Renderer::<Chat>::with_root_and_props(root, props).render()
}

#[wasm_bindgen_test]
async fn a_burst_arrives_whole_and_in_order() {
    harness::live();
    need_server!();
    let seen = Seen::default();
    let app = mount(&url("/live"), &seen);
    until("it is open", || seen.is_open()).await;
    let numbers: Vec<String> = (0..500).map(|number| number.to_string()).collect();
    for number in &numbers {
        drop(seen.live().send(number.as_str()).unwrap());
    }
    until("all echoes", || seen.count() >= 500).await;
    assert_eq!(seen.0.borrow().messages, numbers);
    assert!(seen.0.borrow().events > 0);
    assert!(seen.0.borrow().renders > 1);
    app.destroy();
}

#[wasm_bindgen_test]
async fn nothing_is_left_when_the_component_goes() {
    harness::live();
    need_server!();
    turn().await;
    let before = harness::live().sockets;
    let seen = Seen::default();
    let app = mount(&url("/live"), &seen);
    until("it is open", || seen.is_open()).await;
    assert_eq!(harness::live().sockets, before + 1);
    app.destroy();
    turn().await;
    // The test still has a clone of the handle.
    assert_eq!(harness::live().sockets, before);
    assert!(matches!(
        seen.live().send("too late"),
        Err(SendError::Closed(_))
    ));
    assert_eq!(harness::errors_seen(), "");
}

#[wasm_bindgen_test]
async fn another_address_is_another_client() {
    harness::live();
    need_server!();
    let seen = Seen::default();
    let mut app = mount("ftp://127.0.0.1/", &seen);
    until("it is refused", || {
        seen.0
            .borrow()
            .live
            .as_ref()
            .is_some_and(|live| live.error().is_some())
    })
    .await;
    assert_eq!(seen.live().state(), State::Closed);
    app.update(ChatProps {
        url: url("/live").into(),
        seen: seen.clone(),
    });
    until("it is open", || seen.is_open()).await;
    assert_eq!(seen.live().error(), None);
    app.destroy();
}
