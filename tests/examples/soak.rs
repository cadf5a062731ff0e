//! Watches the demo page for minutes, with everything in it running, and fails when it grows: `cargo xtask soak` builds what
//! it needs and runs it with the number of minutes.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use tidewire_tests::{Browser, Principle, Server, Stage, Tour, perform};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Between two samples.
const EACH: Duration = Duration::from_secs(15);

/// Until then the page may grow: its lists fill, and the engine compiles.
const SETTLED_AFTER: Duration = Duration::from_secs(120);

/// Growth of the JavaScript heap after that, in bytes, that is an error.
const HEAP_BOUND: f64 = 250e3;

/// Growth of the number of DOM nodes after that that is an error.
const NODES_BOUND: f64 = 200.0;

/// Loading, and what is done around the samples, in addition to the minutes.
const AROUND: Duration = Duration::from_secs(120);

/// Messages of the conversation that are back in order.
const ECHOES: &str = "#conversation .verification tbody tr:nth-of-type(3) td:last-child";

/// Items that each of the four eras has shown.
type Shown = [u64; 4];

/// The page at one moment, after a garbage collection.
#[derive(Clone, Copy)]
struct Sample {
    at: Duration,
    heap: f64,
    nodes: f64,
    /// Resident bytes of the page's process; none where they cannot be read.
    resident: Option<u64>,
    /// Share of the time since the last sample in which the main thread worked.
    busy: f64,
    /// Messages that the conversation has got back.
    echoes: u64,
    shown: Shown,
}

/// What DevTools tells of the page, in bytes and seconds.
struct Metrics {
    heap: f64,
    nodes: f64,
    worked: f64,
    clock: f64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let minutes = match std::env::args().nth(1).map(|text| text.parse::<u16>()) {
        None => 10,
        Some(Ok(minutes)) => minutes,
        Some(Err(error)) => {
            eprintln!("error: the number of minutes is none: {error}");
            return ExitCode::FAILURE;
        }
    };
    let span = Duration::from_secs(60 * u64::from(minutes));
    let mut samples = Vec::new();
    perform(Browser::Chromium, span + AROUND, async |stage: &Stage| {
        samples = watch(stage, span).await;
    })
    .await;
    judge(&samples)
}

async fn watch(stage: &Stage, span: Duration) -> Vec<Sample> {
    let (server, principle) = (Server::start_with_demo().await, Principle::start().await);
    let tour = stage.tour().await;
    tour.load_busy(&server, &principle).await;
    tour.devtools("Performance.enable", json!({})).await;
    println!(
        "{:>6} {:>9} {:>7} {:>9} {:>7} {:>8}",
        "s", "heap kB", "nodes", "RSS MB", "busy %", "echoes"
    );
    let start = Instant::now();
    let mut samples: Vec<Sample> = Vec::new();
    let mut last = metrics(&tour).await;
    let mut clock = interval_at(start + EACH, EACH);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while start.elapsed() < span {
        // The eras 2 to 4 run by themselves.
        tour.press("[data-era='1']", "Ask the server").await;
        tour.press("#eras", "Push now").await;
        clock.tick().await;
        let before = metrics(&tour).await;
        tour.devtools("HeapProfiler.collectGarbage", json!({}))
            .await;
        let after = metrics(&tour).await;
        let sample = Sample {
            at: start.elapsed(),
            heap: after.heap,
            nodes: after.nodes,
            resident: stage.resident_bytes_of_page(),
            busy: (before.worked - last.worked) / (before.clock - last.clock),
            echoes: tour.number(ECHOES).await,
            shown: shown(&tour).await,
        };
        show(&sample);
        samples.push(sample);
        // The collection is this program's work, not the page's.
        last = after;
    }
    samples
}

async fn shown(tour: &Tour) -> Shown {
    let mut shown = Shown::default();
    for (count, era) in shown.iter_mut().zip(1..) {
        let figure = format!("[data-era='{era}'] [data-figure='messages']");
        *count = tour.number(&figure).await;
    }
    shown
}

async fn metrics(tour: &Tour) -> Metrics {
    let answer = tour.devtools("Performance.getMetrics", json!({})).await;
    let named = |name: &str| {
        let all = answer["metrics"].as_array().expect("a list of metrics");
        let found = all.iter().find(|metric| metric["name"] == name);
        let value = found.and_then(|metric| metric["value"].as_f64());
        value.unwrap_or_else(|| panic!("DevTools tells no {name}: {answer}"))
    };
    Metrics {
        heap: named("JSHeapUsedSize"),
        nodes: named("Nodes"),
        worked: named("TaskDuration"),
        clock: named("Timestamp"),
    }
}

fn show(sample: &Sample) {
    let resident = sample.resident.map_or_else(
        || "-".to_owned(),
        |bytes| format!("{:.1}", bytes as f64 / 1e6),
    );
    println!(
        "{:>6} {:>9.0} {:>7} {resident:>9} {:>7.1} {:>8}",
        sample.at.as_secs(),
        sample.heap / 1e3,
        sample.nodes,
        sample.busy * 100.0,
        sample.echoes
    );
}

/// Compares the first samples of the settled page with the last ones.
fn judge(samples: &[Sample]) -> ExitCode {
    let settled: Vec<Sample> = samples
        .iter()
        .filter(|sample| sample.at >= SETTLED_AFTER)
        .copied()
        .collect();
    let part = (settled.len() / 4).max(1);
    let (Some(first), Some(last)) = (settled.get(..part), settled.rchunks(part).next()) else {
        eprintln!("the page was not watched beyond {SETTLED_AFTER:?}");
        return ExitCode::FAILURE;
    };
    let growth = |of: fn(&Sample) -> f64| median(last, of) - median(first, of);
    let minutes = (growth(|sample| sample.at.as_secs_f64()) / 60.0).max(f64::MIN_POSITIVE);
    let (heap, nodes) = (growth(|sample| sample.heap), growth(|sample| sample.nodes));
    println!(
        "\nmedians of the first and the last {part} samples after {} s, {minutes:.1} minutes apart:",
        SETTLED_AFTER.as_secs()
    );
    println!(
        "  heap  {:+.0} kB, {:+.1} kB a minute (bound {:+.0} kB)",
        heap / 1e3,
        heap / 1e3 / minutes,
        HEAP_BOUND / 1e3
    );
    println!(
        "  nodes {nodes:+.0}, {:+.1} a minute (bound {NODES_BOUND:+.0})",
        nodes / minutes
    );
    if settled.iter().all(|sample| sample.resident.is_some()) {
        let resident = growth(|sample| sample.resident.map_or(0.0, |bytes| bytes as f64));
        println!("  RSS   {:+.1} MB (no bound)", resident / 1e6);
    } else {
        println!("  RSS   - (it cannot be read)");
    }
    let busy = median(&settled, |sample| sample.busy);
    println!("  busy  {:.1} % in the median", busy * 100.0);
    let echoes = growth(|sample| sample.echoes as f64);
    println!("  echoes {echoes:+.0}");
    let eras: Shown = std::array::from_fn(|era| {
        let count = |samples: &[Sample]| samples.last().map_or(0, |sample| sample.shown[era]);
        count(last).saturating_sub(count(first))
    });
    println!("  shown {eras:?} more by the four eras");
    let complaints = [
        (heap > HEAP_BOUND, "the heap grew beyond its bound"),
        (nodes > NODES_BOUND, "the DOM grew beyond its bound"),
        (echoes <= 0.0, "no messages flowed"),
        (eras.contains(&0), "an era showed nothing new"),
    ];
    let mut code = ExitCode::SUCCESS;
    for (_, complaint) in complaints.iter().filter(|(is_so, _)| *is_so) {
        eprintln!("error: {complaint}");
        code = ExitCode::FAILURE;
    }
    code
}

/// Of at least one sample.
fn median(samples: &[Sample], of: fn(&Sample) -> f64) -> f64 {
    let mut all: Vec<f64> = samples.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}
