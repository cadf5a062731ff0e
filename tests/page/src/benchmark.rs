//! What the library costs: the same exchanges as the bare `WebSocket` of the page is timed with.

use js_sys::Date;
use tidewire::{Client, Messages, Sender, Transport};
use wasm_bindgen::prelude::*;

/// Text of every message.
const TEXT: &str = "a message of thirty-two letters.";

/// Times echoes over a WebSocket: resolves to `[burst, trips, packets]`, the milliseconds for `burst` messages of one
/// turn, for `trips` messages one after the other, and the WebSocket messages that the burst was sent in.
///
/// # Errors
///
/// Rejects where the client cannot be made or ends early.
#[wasm_bindgen]
pub async fn time_echoes(url: String, burst: u32, trips: u32) -> Result<Vec<f64>, JsError> {
    let client = Client::builder(&url)
        .transports([Transport::WebSocket])
        .remember_transport(false)
        .connect()?;
    let (sender, mut messages, _events) = client.split();
    // Connected, and warm.
    echoes(&sender, &mut messages, 100).await?;

    let start = now();
    for _ in 0..trips {
        echoes(&sender, &mut messages, 1).await?;
    }
    let trips = now() - start;

    let packets = || sender.stats().of(Transport::WebSocket).packets_sent;
    let before = packets();
    let start = now();
    echoes(&sender, &mut messages, burst).await?;
    let burst = now() - start;
    let packets = u32::try_from(packets() - before)?;
    Ok(vec![burst, trips, packets.into()])
}

async fn echoes(sender: &Sender, messages: &mut Messages, count: u32) -> Result<(), JsError> {
    for _ in 0..count {
        drop(sender.try_send(TEXT)?);
    }
    for _ in 0..count {
        let message = messages.next().await;
        if message.as_ref().and_then(|message| message.as_text()) != Some(TEXT) {
            return Err(JsError::new("an echo did not come back as it was sent"));
        }
    }
    Ok(())
}

fn now() -> f64 {
    performance_now().unwrap_or_else(|_| Date::now())
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = performance, js_name = now)]
    fn performance_now() -> Result<f64, JsValue>;
}
