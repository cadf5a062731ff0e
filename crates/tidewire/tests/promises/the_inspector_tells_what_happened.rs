//! `Inspector`: state, switches with their reasons, events and counters, on the page and as text; no payload, and
//! nothing left when it goes.

#![cfg(feature = "inspector")]

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use js_sys::{Function, Object, Reflect};
use tidewire::{
    ClientConfig, Incoming, Inspector, Transport, UseTidewire, use_inspector_log, use_tidewire,
};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::*;
use web_sys::{Document, Element};
use yew::prelude::*;
use yew::{AppHandle, Renderer};

use crate::harness::{self, live};
use crate::support::{fault, pass, post, turn, until, url};

/// The lines of the list of switches.
const SWITCHES: &str = "[aria-label^='Transport switches'] li";

const SECRET: &str = "no-eye-but-the-application's";

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
struct Page {
    app: AppHandle<App>,
    seen: Seen,
    root: Element,
}

impl Page {
    fn open() -> Self {
        Self::open_by(&Transport::ALL)
    }

    /// A page whose client may use these transports only.
    fn open_by(transports: &'static [Transport]) -> Self {
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

    fn live(&self) -> UseTidewire {
        self.seen.0.borrow().live.clone().expect("it was rendered")
    }

    fn transport(&self) -> Option<Transport> {
        let inside = self.seen.0.borrow();
        inside.live.as_ref().and_then(UseTidewire::transport)
    }

    /// Sends a message and waits for its echo.
    async fn echo(&self, message: &str) {
        let before = self.seen.0.borrow().messages;
        drop(self.live().send(message).unwrap());
        until("the echo", || self.seen.0.borrow().messages > before).await;
    }

    /// Opens the inspector, as a user does.
    async fn unfold(&self) {
        until("it is rendered", || self.find("summary").is_some()).await;
        self.toggle();
        until("its content", || self.find("table").is_some()).await;
    }

    /// Mounts or unmounts the client with its inspector.
    async fn show(&mut self, is_shown: bool) {
        self.app.update(ChatProps {
            seen: self.seen.clone(),
            transports: &Transport::ALL,
            is_shown,
        });
        until("it is done", || self.find("details").is_some() == is_shown).await;
        turn().await;
    }

    fn toggle(&self) {
        click(&self.find("summary").expect("a summary"));
    }

    fn find(&self, selector: &str) -> Option<Element> {
        self.root.query_selector(selector).unwrap()
    }

    fn all(&self, selector: &str) -> Vec<Element> {
        let list = self.root.query_selector_all(selector).unwrap();
        (0..list.length())
            .filter_map(|index| list.item(index))
            .map(JsCast::unchecked_into)
            .collect()
    }

    fn texts(&self, selector: &str) -> Vec<String> {
        self.all(selector).iter().map(text).collect()
    }

    fn text(&self) -> String {
        text(&self.root)
    }

    /// The figures of a row of the table.
    fn row(&self, name: &str) -> Vec<String> {
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
    fn shows_its_counters(&self) -> bool {
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
    fn figure(&self, name: &str) -> String {
        let pair = self
            .all("dl div")
            .into_iter()
            .find(|pair| text(&pair.query_selector("dt").unwrap().unwrap()) == name)
            .expect("a figure of this name");
        text(&pair.query_selector("dd").unwrap().unwrap())
    }

    fn close(self) {
        self.app.destroy();
        self.root.remove();
    }
}

fn document() -> Document {
    Reflect::get(&js_sys::global(), &"document".into())
        .unwrap()
        .unchecked_into()
}

fn text(element: &Element) -> String {
    element.text_content().unwrap_or_default()
}

fn click(element: &Element) {
    let click = Reflect::get(element, &"click".into()).unwrap();
    click.unchecked_into::<Function>().call0(element).unwrap();
}

/// Puts something else in the place of the browser's clipboard, until it is dropped.
struct Clipboard;

impl Clipboard {
    fn new(clipboard: &JsValue) -> Self {
        let how = Object::new();
        Reflect::set(&how, &"value".into(), clipboard).unwrap();
        Reflect::set(&how, &"configurable".into(), &JsValue::TRUE).unwrap();
        let key = JsValue::from("clipboard");
        assert!(Reflect::define_property(&Self::navigator(), &key, &how).unwrap());
        Self
    }

    /// One that takes a text.
    fn open() -> (Self, Object) {
        let clipboard = Object::new();
        let write = Function::new_with_args("text", "this.text = text; return Promise.resolve()");
        Reflect::set(&clipboard, &"writeText".into(), &write).unwrap();
        (Self::new(&clipboard), clipboard)
    }

    fn navigator() -> Object {
        Reflect::get(&js_sys::global(), &"navigator".into())
            .unwrap()
            .unchecked_into()
    }
}

impl Drop for Clipboard {
    fn drop(&mut self) {
        // The browser's own is the prototype's.
        Reflect::delete_property(&Self::navigator(), &"clipboard".into()).unwrap();
    }
}

/// Yew takes a timer of its own for a moment when it renders for more than 16 ms.
async fn yew_rests() {
    pass(Duration::from_millis(50)).await;
}

#[wasm_bindgen_test]
async fn it_is_folded_and_idle_until_it_is_opened() {
    live();
    need_server!();
    let page = Page::open();
    until("it is open", || page.transport().is_some()).await;
    let details = page.find("details").unwrap();
    assert!(!details.has_attribute("open"));
    assert_eq!(page.texts("summary"), ["Connection inspector"]);
    assert_eq!(page.all("table, button, ol, dl").len(), 0);

    yew_rests().await;
    let folded = live().timers;
    page.unfold().await;
    until("one timer is left, which refreshes it", || {
        live().timers == folded + 1
    })
    .await;
    page.toggle();
    until("its content is gone", || page.find("table").is_none()).await;
    until("its timer is gone", || live().timers == folded).await;
    page.close();
    assert_eq!(harness::errors_seen(), "");
}

#[wasm_bindgen_test]
async fn its_counters_are_those_of_the_client() {
    live();
    need_server!();
    let page = Page::open_by(&[Transport::WebSocket]);
    until("it is open", || page.transport().is_some()).await;
    page.unfold().await;
    page.echo(SECRET).await;
    page.echo(SECRET).await;
    // It refreshes by itself; the client rests meanwhile.
    until("two messages are shown", || {
        page.figure("Messages acknowledged") == "2" && page.figure("Messages received") == "2"
    })
    .await;
    // What goes over the network in between is shown a little later.
    until("the rows are the counters", || page.shows_its_counters()).await;
    assert!(page.row("Round-trip time")[0].ends_with(" ms"));
    assert_eq!(page.row("Round-trip time")[1], "–");
    assert_eq!(page.figure("State"), "Connected by WebSocket");
    assert_eq!(page.figure("Transport"), "WebSocket");
    assert_eq!(page.figure("Last attach"), "Fresh: a new session");
    assert_eq!(page.figure("Messages sent"), "2");
    assert_eq!(page.figure("Duplicates dropped"), "0");
    assert_eq!(page.figure("Reconnects"), "0");
    assert_eq!(page.figure("Sessions lost"), "0");
    assert_eq!(page.figure("Messages in the outbox"), "0");
    assert_eq!(page.figure("Bytes in the outbox"), "0 B");
    page.close();
}

#[wasm_bindgen_test]
async fn messages_are_counted_and_never_shown() {
    live();
    need_server!();
    let page = Page::open();
    until("it is open", || page.transport().is_some()).await;
    for _ in 0..30 {
        drop(page.live().send(SECRET).unwrap());
    }
    until("all echoes", || page.seen.0.borrow().messages == 30).await;
    page.unfold().await;
    let events = page.texts("li");
    assert!(
        events[0].contains(&format!("30 messages received ({} B).", 30 * SECRET.len())),
        "{events:?}"
    );
    assert!(
        events
            .iter()
            .any(|line| line.contains("Connected by WebSocket.")),
        "{events:?}"
    );
    assert!(events.len() < 5, "{events:?}");
    assert!(!page.text().contains(SECRET));
    page.close();
}

#[wasm_bindgen_test]
async fn a_switch_is_shown_with_its_reason() {
    live();
    need_server!();
    let page = Page::open();
    page.unfold().await;
    until("it is open", || {
        page.transport() == Some(Transport::WebSocket)
    })
    .await;
    fault("refuse-upgrades", "").await;
    fault("cut", "").await;
    until("it is carried by another", || {
        page.transport() == Some(Transport::LongPolling)
    })
    .await;
    until("the switch is shown", || {
        page.texts(SWITCHES).iter().any(|line| {
            line.ends_with("WebSocket to long polling: the connection broke, or none came about")
        })
    })
    .await;
    assert!(
        page.texts("li")
            .iter()
            .any(|line| line.contains("Not connected: the connection broke"))
    );
    assert!(post("/faults/clear", "").await.is_some());
    until("it is promoted", || {
        page.transport() == Some(Transport::WebSocket)
    })
    .await;
    until("the promotion is shown", || {
        page.texts(SWITCHES)[0].ends_with(
            "Long polling to WebSocket: promoted, since a WebSocket handshake came through",
        )
    })
    .await;
    assert_eq!(page.texts(SWITCHES).len(), 2);
    page.close();
}

#[wasm_bindgen_test]
async fn it_copies_all_of_it_as_text() {
    live();
    need_server!();
    let page = Page::open();
    until("it is open", || page.transport().is_some()).await;
    page.echo(SECRET).await;
    page.unfold().await;
    let (clipboard, taken) = Clipboard::open();
    assert_eq!(page.texts("[role=status]"), [""]);
    click(&page.find("button").unwrap());
    until("it says so", || page.texts("[role=status]") == ["Copied."]).await;
    assert_eq!(page.all("textarea").len(), 0);
    let copied = Reflect::get(&taken, &"text".into())
        .unwrap()
        .as_string()
        .expect("a text");
    let stats = page.live().stats();
    let of = *stats.of(Transport::WebSocket);
    for line in [
        "State: Connected by WebSocket".to_owned(),
        "Messages sent: 1".to_owned(),
        format!("1 message received ({} B).", SECRET.len()),
        "Transport switches, newest first:".to_owned(),
    ] {
        assert!(copied.contains(&line), "{line} is not in\n{copied}");
    }
    let row = copied
        .lines()
        .find(|line| line.starts_with("Bytes received"))
        .expect("a row");
    assert!(
        row.contains(&format!(" {} B ", grouped(of.bytes_received))),
        "{row}"
    );
    assert!(!copied.contains(SECRET));
    drop(clipboard);
    page.close();
}

#[wasm_bindgen_test]
async fn where_the_clipboard_is_closed_the_text_is_selected() {
    live();
    need_server!();
    let page = Page::open();
    until("it is open", || page.transport().is_some()).await;
    page.unfold().await;
    let refusing = Object::new();
    let write = Function::new_no_args("return Promise.reject(new Error('not allowed'))");
    Reflect::set(&refusing, &"writeText".into(), &write).unwrap();
    for clipboard in [JsValue::UNDEFINED, refusing.into()] {
        let clipboard = Clipboard::new(&clipboard);
        click(&page.find("button").unwrap());
        until("it is selected", || is_selected(&page)).await;
        assert!(page.texts("[role=status]")[0].contains("selected"));
        // A refresh leaves the selection alone.
        pass(Duration::from_millis(700)).await;
        assert!(is_selected(&page));
        drop(clipboard);
    }
    page.close();
    assert_eq!(harness::errors_seen(), "");
}

/// Whether all of the text waits to be copied by hand.
fn is_selected(page: &Page) -> bool {
    page.find("textarea").is_some_and(|field| {
        let read = |name: &str| Reflect::get(&field, &name.into()).unwrap();
        let value = read("value").as_string().unwrap_or_default();
        value.contains("Messages sent: 0")
            && read("selectionStart") == 0.0
            && read("selectionEnd") == value.encode_utf16().count() as f64
            && document().active_element().as_ref() == Some(&field)
    })
}

#[wasm_bindgen_test]
async fn nothing_is_left_when_it_goes() {
    live();
    need_server!();
    let mut page = Page::open();
    // What Yew itself keeps of an application is made once.
    page.unfold().await;
    page.show(false).await;
    yew_rests().await;
    let before = live();
    page.show(true).await;
    page.unfold().await;
    until("it is open", || page.transport().is_some()).await;
    assert_ne!(live(), before);
    page.show(false).await;
    until("nothing of it is left", || live() == before).await;
    // Nor does a refresh come after it.
    pass(Duration::from_millis(700)).await;
    assert_eq!(live(), before);
    page.close();
    assert_eq!(harness::errors_seen(), "");
}

#[wasm_bindgen_test]
async fn its_names_are_there_for_those_who_do_not_see_it() {
    live();
    need_server!();
    let page = Page::open();
    page.unfold().await;
    assert_eq!(page.all("thead th[scope=col]").len(), 3);
    assert_eq!(page.all("tbody th[scope=row]").len(), 8);
    assert_eq!(page.texts("caption"), ["Traffic by transport"]);
    for scrolls in page.all("[tabindex]") {
        assert_eq!(scrolls.get_attribute("tabindex").as_deref(), Some("0"));
        assert!(scrolls.has_attribute("aria-label"));
        assert!(scrolls.has_attribute("role"));
    }
    page.close();
}

fn grouped(number: u64) -> String {
    let mut digits = number.to_string();
    let mut place = digits.len();
    while place > 3 {
        place -= 3;
        digits.insert(place, ',');
    }
    digits
}
