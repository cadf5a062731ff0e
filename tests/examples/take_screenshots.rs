//! Takes the pictures of the README from the real page: `cargo xtask screenshots` builds what it needs and runs it with the
//! folder to write to.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tidewire_tests::{Browser, Principle, Scheme, Server, Stage, Tour, perform};

const LIMIT: Duration = Duration::from_secs(180);

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().expect("the folder to write to"));
    let all = arguments.next().is_some_and(|argument| argument == "--all");
    perform(Browser::Chromium, LIMIT, async |stage: &Stage| {
        if all {
            whole_pages(stage, &folder).await;
        } else {
            for_the_readme(stage, &folder).await;
        }
    })
    .await;
}

/// Two sections, each in its best light.
async fn for_the_readme(stage: &Stage, folder: &Path) {
    let (server, principle) = (Server::start_with_demo().await, Principle::start().await);
    let tour = stage.tour().await;
    tour.resize(1_280, 900).await;
    lively(&tour, &server, &principle).await;
    picture(&tour, "#eras", &folder.join("eras.png")).await;
    tour.prefer(Scheme::Dark).await;
    picture(&tour, "#conversation", &folder.join("conversation.png")).await;
}

/// The page as a whole, at each width and in each scheme, for those who work on it.
async fn whole_pages(stage: &Stage, folder: &Path) {
    let (server, principle) = (Server::start_with_demo().await, Principle::start().await);
    let tour = stage.tour().await;
    lively(&tour, &server, &principle).await;
    for (scheme, name) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
        tour.prefer(scheme).await;
        for width in [360, 800, 1_440] {
            tour.resize(width, 900).await;
            picture(&tour, "body", &folder.join(format!("{name}-{width}.png"))).await;
            tour.resize(width, 900).await;
        }
    }
}

/// Something to see in every section: the eras over a whole window of time, and a conversation that was cut.
async fn lively(tour: &Tour, server: &Server, principle: &Principle) {
    tour.load_busy(server, principle).await;
    news(tour, 8).await;
    tour.press("[data-era='1']", "Ask the server").await;
    tour.press("#conversation", "Cut").await;
    news(tour, 15).await;
    tour.press("[data-era='1']", "Ask the server").await;
    news(tour, 22).await;
}

/// Waits until WebSocket has brought so many items.
async fn news(tour: &Tour, count: u64) {
    const MESSAGES: &str = "[data-era='4'] [data-figure='messages']";
    let script =
        format!("return parseInt(document.querySelector({MESSAGES:?}).innerText) >= {count}");
    tour.until("enough news", &script).await;
}

/// A picture of one element.
async fn picture(tour: &Tour, selector: &str, file: &Path) {
    let script = "const box = document.querySelector(arguments[0]).getBoundingClientRect(); \
         return [Math.ceil(document.documentElement.clientWidth), Math.ceil(box.height) + 32]";
    let size = tour.run(script, &[json!(selector)]).await;
    let side = |index: usize| {
        size[index]
            .as_u64()
            .and_then(|side| u32::try_from(side).ok())
    };
    let (width, height) = side(0).zip(side(1)).expect("a size");
    tour.resize(width, height).await;
    let script = "scrollTo({ behavior: 'instant', \
         top: document.querySelector(arguments[0]).getBoundingClientRect().top + scrollY - 16 })";
    tour.run(script, &[json!(selector)]).await;
    let picture = tour.picture().await;
    std::fs::write(file, picture).expect("the picture can be written");
    println!("{}", file.display());
}
