//! What a session costs beside the bare `WebSocket` of the same browser, at the same server, in the same run.
//!
//! `cargo xtask bench` runs it with release builds. Rounds alternate, and the medians are compared.

use std::time::Duration;

use serde_json::{Value, json};
use tidewire_tests::{Browser, Server, Tab, perform};

/// Messages of one turn.
const BURST: u32 = 5_000;

/// Messages one after the other.
const TRIPS: u32 = 1_000;

/// Odd, so that there is a median.
const ROUNDS: usize = 7;

const BARE: &str = include_str!("bare.js");
const TIDEWIRE: &str = "
    const [url, burst, trips, done] = arguments;
    page.time_echoes(url, burst, trips)
        .then((times) => done(Array.from(times)), (error) => done({ error: String(error) }));";

/// What one run took: milliseconds for the burst and the trips, and the WebSocket messages of the burst.
type Run = [f64; 3];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    perform(Browser::Chromium, Duration::from_secs(120), async |stage| {
        let server = Server::start().await;
        let tab = stage.open(&server).await;
        let bare_url = server.url("/message").replace("http:", "ws:");
        let (mut bare, mut tidewire) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            bare.push(time(&tab, BARE, &bare_url).await);
            tidewire.push(time(&tab, TIDEWIRE, &server.url("/live")).await);
        }
        println!("{ROUNDS} rounds, medians, echoes of 32 bytes of text in Chromium");
        println!(
            "{:<34} {:>10} {:>10} {:>8}",
            "", "bare", "tidewire", "ratio"
        );
        let burst = f64::from(BURST);
        line("burst, µs a message", 0, 1_000.0 / burst, &bare, &tidewire);
        line("burst, WebSocket messages sent", 2, 1.0, &bare, &tidewire);
        let trips = f64::from(TRIPS);
        line(
            "one by one, µs a round trip",
            1,
            1_000.0 / trips,
            &bare,
            &tidewire,
        );
    })
    .await;
}

async fn time(tab: &Tab, script: &str, url: &str) -> Run {
    let times = tab
        .run_async(script, &[json!(url), json!(BURST), json!(TRIPS)])
        .await;
    let times: Option<Vec<f64>> = times
        .as_array()
        .map(|times| times.iter().filter_map(Value::as_f64).collect());
    match times.as_deref() {
        Some(&[burst, trips, packets]) => [burst, trips, packets],
        _ => panic!("a run failed: {times:?}"),
    }
}

fn line(what: &str, column: usize, scale: f64, bare: &[Run], tidewire: &[Run]) {
    let [bare, tidewire] = [bare, tidewire].map(|runs| {
        let mut values: Vec<_> = runs.iter().map(|run| run[column] * scale).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    });
    println!(
        "{what:<34} {bare:>10.2} {tidewire:>10.2} {:>8.2}",
        tidewire / bare
    );
}
