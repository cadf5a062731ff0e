//! The page fits from a phone to a wide screen, is usable by those who do not see it, and writes nothing into the console.

use std::time::Duration;

use serde_json::{Value, json};
use tidewire_tests::{Browser, Principle, Scheme, Server, Stage, Tour, perform_beside_others};

const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test]
async fn it_fits_and_says_nothing_unasked() {
    perform_beside_others(Browser::Chromium, LIMIT, async |stage: &Stage| {
        let (server, principle) = (Server::start_with_demo().await, Principle::start().await);
        let tour = stage.tour().await;
        busy(&tour, &server, &principle).await;
        for width in [360, 800, 1440] {
            tour.resize(width, 900).await;
            let script = "return document.documentElement.scrollWidth";
            let scroll = tour.run(script, &[]).await;
            assert!(
                scroll.as_u64() <= Some(u64::from(width)),
                "{scroll} wide in a window of {width}"
            );
        }
        let console = tour.console().await;
        assert!(console.is_empty(), "{console:#?}");
    })
    .await;
}

#[tokio::test]
async fn a_checker_finds_nothing_serious() {
    let Some(axe) = std::env::var_os("TIDEWIRE_AXE") else {
        eprintln!("SKIPPED: no accessibility checker was handed over");
        return;
    };
    let axe = std::fs::read_to_string(axe).expect("the checker");
    perform_beside_others(Browser::Chromium, LIMIT, async |stage: &Stage| {
        let (server, principle) = (Server::start_with_demo().await, Principle::start().await);
        let tour = stage.tour().await;
        busy(&tour, &server, &principle).await;
        tour.run(&axe, &[]).await;
        for (scheme, width) in [(Scheme::Light, 1440), (Scheme::Dark, 360)] {
            tour.prefer(scheme).await;
            tour.resize(width, 900).await;
            let script = "const done = arguments[arguments.length - 1]; \
                 axe.run(document).then(found => done({ \
                     passes: found.passes.length, \
                     violations: found.violations.map(({ id, impact, help, nodes }) => \
                         ({ id, impact, help, where: nodes.map(node => node.html) })) }))";
            let found = tour.run_async(script, &[]).await;
            let passes = found["passes"].as_u64().unwrap_or_default();
            assert!(passes > 10, "the checker has looked at something: {found}");
            assert_eq!(
                found["violations"],
                json!([]),
                "{scheme:?}, {width} wide: {found:#}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn figures_that_change_move_nothing() {
    perform_beside_others(Browser::Chromium, LIMIT, async |stage: &Stage| {
        let (server, principle) = (Server::start_with_demo().await, Principle::start().await);
        let tour = stage.tour().await;
        busy(&tour, &server, &principle).await;
        let watch = "window.shifts = []; new PerformanceObserver(list => { \
             for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifts.push(entry.value) \
             }).observe({ type: 'layout-shift' }); \
             return document.querySelector(\"[data-era='4'] [data-figure='messages']\").innerText";
        let before = tour.run(watch, &[]).await;
        let before = before.as_str().and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
        let more = before.expect("messages") + 8;
        let script = format!(
            "return parseInt(document.querySelector(\"[data-era='4'] [data-figure='messages']\").innerText) >= {more}"
        );
        tour.until("eight more items of news", &script).await;
        let shifts = tour.run("return shifts.reduce((sum, value) => sum + value, 0)", &[]).await;
        assert!(shifts.as_f64() < Some(0.01), "layout shift {shifts}");
    })
    .await;
}

/// Opens the page and makes every section show something, the inspector included.
async fn busy(tour: &Tour, server: &Server, principle: &Principle) {
    tour.load_busy(server, principle).await;
    tour.press("[data-era='1']", "Ask the server").await;
    let script = "const summary = document.querySelector('#conversation summary'); summary?.click(); return Boolean(summary)";
    let is_open = tour.run(script, &[]).await;
    assert_eq!(is_open, Value::Bool(true), "the inspector can be opened");
}
