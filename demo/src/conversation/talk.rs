//! What is said, and what comes back.

use std::rc::Rc;

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::list::list;
use super::memory::{BURST, Burst, Row};
use crate::parts::{panel, quiet_two_lines, switch};
use crate::words::{bytes, counted, grouped, millis};

pub(crate) struct Props {
    pub(crate) sent: Vec<Rc<Row>>,
    pub(crate) received: Vec<Rc<Row>>,
    pub(crate) burst: Option<Burst>,
    /// The input line.
    pub(crate) composer: Html,
    pub(crate) send_many: Callback<()>,
    /// Whether messages are sent all the time.
    pub(crate) is_steady: bool,
    pub(crate) toggle_steady: Callback<()>,
}

pub(crate) fn talk(props: &Props) -> Html {
    let is_busy = props.burst.as_ref().is_some_and(Burst::is_running);
    // A button that is disabled loses the focus; this one only does nothing for a while.
    let send_many = if is_busy {
        Callback::noop()
    } else {
        props.send_many.reform(|_: MouseEvent| ())
    };
    let toggle_steady = props.toggle_steady.reform(|_| ());
    let content = html! {
        <>
            { props.composer.clone() }
            <div class="lists">
                <div>
                    <h4>{ "Sent" }</h4>
                    { list("Messages sent, newest first", &props.sent) }
                </div>
                <div>
                    <h4>{ "Received" }</h4>
                    { list("Messages received, newest first", &props.received) }
                </div>
            </div>
            <div class="toolbar">
                { switch("Steady traffic, 5 a second", props.is_steady, toggle_steady) }
                <button type="button" aria-disabled={is_busy.then_some("true")} onclick={send_many}>
                    { format!("Send {} at once", grouped(BURST)) }
                </button>
            </div>
            { quiet_two_lines(many(props.burst.as_ref())) }
        </>
    };
    panel("talk", "Messages", Html::default(), content)
}

/// The input line.
#[hook]
pub(crate) fn use_composer(
    send: Callback<String, Result<(), String>>,
    broadcast: Callback<String>,
) -> Html {
    let input = use_node_ref();
    let refusal = use_state_eq(String::new);
    let submit = {
        let (input, refusal) = (input.clone(), refusal.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(field) = input.cast::<HtmlInputElement>() else {
                return;
            };
            let text = field.value();
            if text.is_empty() {
                return;
            }
            let result = send.emit(text);
            if result.is_ok() {
                field.set_value("");
            }
            refusal.set(result.err().unwrap_or_default());
        })
    };
    let speak = {
        let input = input.clone();
        Callback::from(move |_| {
            let text = input.cast::<HtmlInputElement>().map(|field| field.value());
            let text = text.filter(|text| !text.is_empty());
            broadcast.emit(text.unwrap_or_else(|| "Hello from the server".into()));
        })
    };
    html! {
        <>
            <form onsubmit={submit}>
                <label for="text" class="unseen">{ "Message" }</label>
                <input id="text" ref={input} type="text" autocomplete="off" placeholder="Say something" />
                <button type="submit" class="main">{ "Send" }</button>
                <button type="button" onclick={speak} title="The server says this to every client, unasked">
                    { "Broadcast" }
                </button>
            </form>
            if !refusal.is_empty() {
                <p class="notice" role="alert">{ &*refusal }</p>
            }
        </>
    }
}

fn many(burst: Option<&Burst>) -> String {
    let Some(burst) = burst else {
        return "Messages of one turn of the event loop travel together.".into();
    };
    let mut text = if burst.is_running() {
        format!(
            "{} of {} acknowledged, {} so far",
            grouped(burst.acknowledged),
            grouped(burst.accepted),
            counted(burst.packets, "packet", "packets")
        )
    } else {
        format!(
            "{} acknowledged after {}; this took {} of {} in all",
            counted(burst.acknowledged, "message", "messages"),
            millis(burst.elapsed),
            counted(burst.packets, "packet", "packets"),
            bytes(burst.bytes)
        )
    };
    if burst.failed > 0 {
        text += &format!("; {} unconfirmed", grouped(burst.failed));
    }
    text.push('.');
    if let Some(refusal) = &burst.refusal {
        text += &format!(
            " {} were refused. {refusal}",
            grouped(BURST - burst.accepted)
        );
    }
    text
}
