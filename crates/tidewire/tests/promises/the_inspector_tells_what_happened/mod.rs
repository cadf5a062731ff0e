//! `Inspector`: state, switches with their reasons, events and counters, on the page and as text; no payload, and
//! nothing left when it goes.

#![cfg(feature = "inspector")]

mod clipboard;
mod page;

use std::time::Duration;

use js_sys::{Function, Object, Reflect};
use tidewire::Transport;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::*;

use crate::harness::{self, live};
use crate::support::{fault, pass, post, until};
use clipboard::Clipboard;
use page::{Page, click, document, grouped};

/// The lines of the list of switches.
const SWITCHES: &str = "[aria-label^='Transport switches'] li";

const SECRET: &str = "no-eye-but-the-application's";

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
    until("all echoes", || page.echoes() == 30).await;
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
