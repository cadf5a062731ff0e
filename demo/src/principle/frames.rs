//! Frames, bit by bit.

use yew::prelude::*;

use super::anatomy::Anatomy;
use super::transcript::{RecordedFrame, hex};
use crate::parts::piece;
use crate::words::bytes;

/// Bytes of a payload that are drawn.
const MAX_PAYLOAD: usize = 48;

pub(crate) fn frame_view(frame: &RecordedFrame) -> Html {
    let (arrow, who) = if frame.is_from_client {
        ("↑", "from this page")
    } else {
        ("↓", "from the server")
    };
    let Some(anatomy) = Anatomy::of(&frame.bytes) else {
        return html! { <li key={frame.number} class="frame-view"><code>{ hex(&frame.bytes) }</code></li> };
    };
    let head = frame.length.saturating_sub(anatomy.length());
    html! {
        <li key={frame.number} class="frame-view" data-from={if frame.is_from_client { "page" } else { "server" }}>
            <p class="frame-title">
                <span aria-hidden="true">{ arrow }</span>
                <b>{ format!("{}, {who}", anatomy.kind()) }</b>
                { piece("quiet", format!("{}: {} of head, {} of payload", bytes(frame.length), bytes(head), bytes(anatomy.length()))) }
            </p>
            <dl class="bits">
                { part("FIN", "1 bit", bits(u8::from(anatomy.is_final), 1), if anatomy.is_final { "last" } else { "more follow" }) }
                { part("RSV", "3 bits", bits(anatomy.reserved, 3), "unused") }
                { part("opcode", "4 bits", bits(anatomy.opcode, 4), anatomy.kind()) }
                { part("MASK", "1 bit", bits(u8::from(anatomy.is_masked), 1), if anatomy.is_masked { "masked" } else { "plain" }) }
                { part("length", "7 bits", bits(anatomy.short_length, 7), &length(&anatomy)) }
                if !anatomy.long_length.is_empty() {
                    { part("longer length", "bytes", hex(&anatomy.long_length), &anatomy.length().to_string()) }
                }
                if let Some(mask) = anatomy.mask {
                    { part("masking key", "4 bytes", hex(&mask), "drawn by the browser") }
                }
                { payload(&anatomy) }
            </dl>
        </li>
    }
}

fn payload(anatomy: &Anatomy) -> Html {
    if anatomy.length() == 0 {
        return html! {};
    }
    let shown = anatomy
        .payload
        .get(..MAX_PAYLOAD)
        .unwrap_or(&anatomy.payload);
    let more = if shown.len() as u64 == anatomy.length() {
        ""
    } else {
        " …"
    };
    let plain = anatomy.unmasked();
    let plain = plain.get(..shown.len()).unwrap_or(&plain);
    let meaning = match (anatomy.opcode, plain) {
        (0x8, [high, low, reason @ ..]) => {
            let code = u16::from_be_bytes([*high, *low]);
            format!("code {code} {}", String::from_utf8_lossy(reason))
        }
        (0x2, _) => hex(plain),
        _ => format!("“{}”{more}", String::from_utf8_lossy(plain)),
    };
    html! {
        <div class="wide">
            <dt>{ if anatomy.is_masked { "payload, masked" } else { "payload" } }</dt>
            <dd><code>{ format!("{}{more}", hex(shown)) }</code><span>{ meaning }</span></dd>
        </div>
    }
}

fn part(name: &str, size: &str, value: String, meaning: &str) -> Html {
    html! {
        <div>
            <dt>{ name }{ piece("unseen", format!(", {size}")) }</dt>
            <dd><code>{ value }</code><span>{ meaning }</span></dd>
        </div>
    }
}

fn length(anatomy: &Anatomy) -> String {
    match anatomy.short_length {
        126 => "in the next 2 bytes".into(),
        127 => "in the next 8 bytes".into(),
        length => bytes(u64::from(length)),
    }
}

fn bits(value: u8, count: usize) -> String {
    format!("{value:0count$b}")
}
