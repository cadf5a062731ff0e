//! A page with a client and its inspector, as an application shows them.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use js_sys::{Function, Reflect};
use tidewire::{
    ClientConfig, Incoming, Inspector, Transport, UseTidewire, use_inspector_log, use_tidewire,
};
use wasm_bindgen::prelude::*;
use web_sys::{Document, Element};
use yew::prelude::*;
use yew::{AppHandle, Renderer};

use crate::support::{turn, until, url};

/// What the component shows to the test.
#[derive(Clone, Default)]
struct Seen(Rc<RefCell<Inside>>);

#[derive(Default)]
struct Inside {
    live: Option<UseTidewire>,
    messages: usize,
}

impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Clone, PartialEq, Properties)]
struct ChatProps {
    seen: Seen,
    transports: &'static [Transport],
    is_shown: bool,
}

/// An application that shows the chat, or nothing.
#[component]
fn App(props: &ChatProps) -> Html {
    html! {
        if props.is_shown {
            <Chat ..props.clone() />
        }
    }
}

#[component]
fn Chat(props: &ChatProps) -> Html {
    let log = use_inspector_log();
    let inside = Rc::clone(&props.seen.0);
    let transports = props.transports;
    let live = {
        let log = log.clone();
        use_tidewire(
            &url("/live"),
            move |builder| {
                builder
                    .transports(transports.iter().copied())
                    .remember_transport(false)
                    .configure(|config: &mut ClientConfig| {
                        config.promotion_base = Duration::from_millis(100);
                    })
            },
            move |incoming| {
                log.take(&incoming);
                if let Incoming::Message(_) = incoming {
                    inside.borrow_mut().messages += 1;
                }
            },
        )
    };
    props.seen.0.borrow_mut().live = Some(live.clone());
    html! { <Inspector {live} {log} /> }
}

/// A page with a client and its inspector.
pub(super) struct Page {
    app: AppHandle<App>,
    seen: Seen,
    root: Element,
}

impl Page {
    pub(super) fn open() -> Self {
        Self::open_by(&Transport::ALL)
    }

    /// A page whose client may use these transports only.
    pub(super) fn open_by(transports: &'static [Transport]) -> Self {
        let document = document();
        let root = document.create_element("div").unwrap();
        document
            .query_selector("body")
            .unwrap()
            .unwrap()
            .append_child(&root)
            .unwrap();
        let seen = Seen::default();
        let props = ChatProps {
            seen: seen.clone(),
            transports,
            is_shown: true,
        };
        let app = Renderer::<App>::with_root_and_props(root.clone(), props).render();
        Self { app, seen, root }
    }

    pub(super) fn live(&self) -> UseTidewire {
        self.seen.0.borrow().live.clone().expect("it was rendered")
    }

    pub(super) fn transport(&self) -> Option<Transport> {
        let inside = self.seen.0.borrow();
        inside.live.as_ref().and_then(UseTidewire::transport)
    }

    /// The messages that came.
    pub(super) fn echoes(&self) -> usize {
        self.seen.0.borrow().messages
    }

    /// Sends a message and waits for its echo.
    pub(super) async fn echo(&self, message: &str) {
        let before = self.echoes();
        drop(self.live().send(message).unwrap());
        until("the echo", || self.echoes() > before).await;
    }

    /// Opens the inspector, as a user does.
    pub(super) async fn unfold(&self) {
        until("it is rendered", || self.find("summary").is_some()).await;
        self.toggle();
        until("its content", || self.find("table").is_some()).await;
    }

    /// Mounts or unmounts the client with its inspector.
    pub(super) async fn show(&mut self, is_shown: bool) {
        self.app.update(ChatProps {
            seen: self.seen.clone(),
            transports: &Transport::ALL,
            is_shown,
        });
        until("it is done", || self.find("details").is_some() == is_shown).await;
        turn().await;
    }

    pub(super) fn toggle(&self) {
        click(&self.find("summary").expect("a summary"));
    }

    pub(super) fn find(&self, selector: &str) -> Option<Element> {
        self.root.query_selector(selector).unwrap()
    }

    pub(super) fn all(&self, selector: &str) -> Vec<Element> {
        let list = self.root.query_selector_all(selector).unwrap();
        (0..list.length())
            .filter_map(|index| list.item(index))
            .map(JsCast::unchecked_into)
            .collect()
    }

    pub(super) fn texts(&self, selector: &str) -> Vec<String> {
        self.all(selector).iter().map(text).collect()
    }

    pub(super) fn text(&self) -> String {
        text(&self.root)
    }

    /// The figures of a row of the table.
    pub(super) fn row(&self, name: &str) -> Vec<String> {
        let row = self
            .all("tbody tr")
            .into_iter()
            .find(|row| text(&row.query_selector("th").unwrap().unwrap()) == name)
            .expect("a row of this name");
        let cells = row.query_selector_all("td").unwrap();
        (0..cells.length())
            .filter_map(|index| cells.item(index))
            .map(|cell| cell.text_content().unwrap_or_default())
            .collect()
    }

    /// Whether every row of the table says what the client counts now.
    pub(super) fn shows_its_counters(&self) -> bool {
        let stats = self.live().stats();
        let is = |name: &str, unit: &str, figure: fn(&tidewire::TransportStats) -> u64| {
            let counted =
                Transport::ALL.map(|transport| grouped(figure(stats.of(transport))) + unit);
            self.row(name) == counted
        };
        is("Connections", "", |of| of.connections)
            && is("Handshakes, requests", "", |of| of.requests)
            && is("Packets sent", "", |of| of.packets_sent)
            && is("Packets received", "", |of| of.packets_received)
            && is("Failures", "", |of| of.failures)
            && is("Bytes sent", " B", |of| of.bytes_sent)
            && is("Bytes received", " B", |of| of.bytes_received)
    }

    /// What a name of the lists stands for.
    pub(super) fn figure(&self, name: &str) -> String {
        let pair = self
            .all("dl div")
            .into_iter()
            .find(|pair| text(&pair.query_selector("dt").unwrap().unwrap()) == name)
            .expect("a figure of this name");
        text(&pair.query_selector("dd").unwrap().unwrap())
    }

    pub(super) fn close(self) {
        self.app.destroy();
        self.root.remove();
    }
}

pub(super) fn document() -> Document {
    Reflect::get(&js_sys::global(), &"document".into())
        .unwrap()
        .unchecked_into()
}

fn text(element: &Element) -> String {
    element.text_content().unwrap_or_default()
}

pub(super) fn click(element: &Element) {
    let click = Reflect::get(element, &"click".into()).unwrap();
    click.unchecked_into::<Function>().call0(element).unwrap();
}

pub(super) fn grouped(number: u64) -> String {
    let mut digits = number.to_string();
    let mut place = digits.len();
    while place > 3 {
        place -= 3;
        digits.insert(place, ',');
    }
    digits
}
