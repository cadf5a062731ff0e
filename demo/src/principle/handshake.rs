//! How the server proves that it understood: key, GUID, SHA-1, base64.

use js_sys::Uint8Array;
use wasm_bindgen_futures::JsFuture;
use yew::platform::spawn_local;
use yew::prelude::*;

use super::transcript::{Transcript, hex};
use crate::parts::{head_view, piece};

/// What every WebSocket server appends to the key (RFC 6455 section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The view of a handshake: the request as the server received it, and what it answered. Of no bytes at all there is nothing to see.
#[hook]
pub(crate) fn use_handshake(transcript: &Transcript) -> Html {
    let opening = String::from_utf8_lossy(&transcript.opening).into_owned();
    let answer = String::from_utf8_lossy(&transcript.answer).into_owned();
    let key = header(&opening, "Sec-WebSocket-Key").unwrap_or_default();
    let accept = header(&answer, "Sec-WebSocket-Accept").unwrap_or_default();
    let joined = format!("{key}{GUID}");
    let digest = use_state_eq(|| None::<(String, Option<Vec<u8>>)>);
    {
        let digest = digest.clone();
        use_effect_with(joined.clone(), move |joined| {
            let joined = joined.clone();
            spawn_local(async move {
                let bytes = sha1(joined.as_bytes()).await;
                digest.set(Some((joined, bytes)));
            });
        });
    }
    if opening.is_empty() {
        return html! {};
    }
    // That of an earlier key says nothing about this one.
    let known = (*digest).as_ref().filter(|(of, _)| *of == joined);
    let is_known = known.is_some();
    let digest = known.and_then(|(_, digest)| digest.as_deref());
    let computed = digest.and_then(base64);
    let verdict = match &computed {
        None if !is_known => "",
        None => "This browser computes SHA-1 on secure pages only, such as those of 127.0.0.1.",
        Some(computed) if *computed == accept => {
            "The same as in the answer: the server understood."
        }
        Some(_) => "Not what is in the answer: a browser would refuse this server.",
    };
    html! {
        <>
            <div class="columns">
                { head_view(
                    "The opening bytes",
                    format!("{} of at most 8,096 bytes", transcript.opening.len()),
                    "The request",
                    opening.into(),
                ) }
                { head_view(
                    "The answer",
                    format!("{} bytes", transcript.answer.len()),
                    "The answer",
                    answer.into(),
                ) }
            </div>
            <ol class="steps" aria-label="How the answer follows from the key">
                { step("The key that the browser drew", &key) }
                { step("with the GUID of the standard appended", &joined) }
                { step("its SHA-1, 20 bytes", &digest.map(hex).unwrap_or_default()) }
                { step("in base64", computed.as_deref().unwrap_or_default()) }
                { step("Sec-WebSocket-Accept in the answer", &accept) }
            </ol>
            <p role="status" data-figure="accept">{ verdict }</p>
        </>
    }
}

fn step(what: &'static str, value: &str) -> Html {
    html! { <li>{ piece("quiet", what) }<code>{ value }</code></li> }
}

/// The value of a header in the head of a message.
fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

/// By the browser; none on a page that it takes for insecure.
async fn sha1(bytes: &[u8]) -> Option<Vec<u8>> {
    let crypto = web_sys::window()?.crypto().ok()?.subtle();
    if crypto.is_undefined() {
        return None;
    }
    let digest = crypto.digest_with_str_and_u8_array("SHA-1", bytes).ok()?;
    let digest = JsFuture::from(digest).await.ok()?;
    Some(Uint8Array::new(&digest).to_vec())
}

/// By the browser, which wants one character for each byte.
fn base64(bytes: &[u8]) -> Option<String> {
    let text: String = bytes.iter().copied().map(char::from).collect();
    web_sys::window()?.btoa(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_whatever_its_case() {
        let head = "GET / HTTP/1.1\r\nHost: a:1\r\nsec-websocket-key:  x== \r\n\r\n";
        assert_eq!(header(head, "Sec-WebSocket-Key").as_deref(), Some("x=="));
        assert_eq!(header(head, "Upgrade"), None);
    }
}
