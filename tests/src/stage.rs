//! Where a test takes place: one browser, some servers and proxies, and an end to all of them.

use std::ops::AsyncFnOnce;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OnceCell, RwLock};

use crate::browser::{Browser, Running};
use crate::memory;
use crate::server::Server;
use crate::tab::Tab;
use crate::tour::Tour;

/// The tests of a file that measure parts of a second have the machine for themselves; the others share it.
static MACHINE: RwLock<()> = RwLock::const_new(());

/// The browser of a test, and what the test has opened in it.
#[derive(Debug)]
pub struct Stage {
    browser: Running,
    turn: Arc<Mutex<()>>,
    tabs: StdMutex<Vec<Tab>>,
    server: OnceCell<Server>,
}

/// Plays a scene in a browser, with no other scene of the same file beside it: for what measures parts of a second. What it started is
/// ended afterwards, however it ended.
///
/// # Panics
///
/// When the scene does, and when it takes longer than `limit`; then with what each tab last reported.
pub async fn perform(browser: Browser, limit: Duration, scene: impl AsyncFnOnce(&Stage)) {
    let _alone = MACHINE.write().await;
    play(browser, limit, scene).await;
}

/// Plays a scene as [`perform`] does, beside others for which a second is soon enough, too.
///
/// # Panics
///
/// As [`perform`].
pub async fn perform_beside_others(
    browser: Browser,
    limit: Duration,
    scene: impl AsyncFnOnce(&Stage),
) {
    let _shared = MACHINE.read().await;
    play(browser, limit, scene).await;
}

async fn play(browser: Browser, limit: Duration, scene: impl AsyncFnOnce(&Stage)) {
    let stage = Stage {
        browser: Running::start(browser).await,
        turn: Arc::default(),
        tabs: StdMutex::default(),
        server: OnceCell::new(),
    };
    let start = Instant::now();
    let played = tokio::time::timeout(limit, scene(&stage)).await;
    assert!(
        played.is_ok(),
        "the scene took longer than {limit:?}\n{}",
        stage.story()
    );
    println!("in {browser:?}: {:.1} s", start.elapsed().as_secs_f64());
}

impl Stage {
    /// Opens the test page of a server in a window of its own.
    ///
    /// # Panics
    ///
    /// When the window cannot be opened or the page does not load.
    pub async fn open(&self, server: &Server) -> Tab {
        let tab = self.open_blank().await;
        tab.load(&server.url("/index")).await;
        tab
    }

    /// Opens a window for the demo page; [`Tour::load`] loads it.
    ///
    /// # Panics
    ///
    /// When the window cannot be opened.
    pub async fn tour(&self) -> Tour {
        Tour::new(self.open_blank().await, self.browser.own.clone())
    }

    /// Opens an empty window.
    ///
    /// # Panics
    ///
    /// When it cannot be opened.
    pub async fn open_blank(&self) -> Tab {
        let client = &self.browser.client;
        let window = {
            let _turn = self.turn.lock().await;
            client.new_window(false).await.expect("a new window").handle
        };
        let mut tabs = self.tabs.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("tab {}", tabs.len() + 1);
        let tab = Tab::new(name, client.clone(), window, Arc::clone(&self.turn));
        tabs.push(tab.clone());
        tab
    }

    /// A server for the whole scene.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn server(&self) -> &Server {
        self.server.get_or_init(Server::start).await
    }

    /// The window that was opened last.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn latest(&self) -> Tab {
        let tabs = self.tabs.lock().unwrap_or_else(PoisonError::into_inner);
        tabs.last().expect("a window was opened").clone()
    }

    /// Resident bytes of the browser's largest page; `None` where the system does not tell.
    pub fn resident_bytes_of_page(&self) -> Option<u64> {
        memory::of_largest_page(self.browser.process_id()?)
    }

    fn story(&self) -> String {
        let tabs = self.tabs.lock().unwrap_or_else(PoisonError::into_inner);
        tabs.iter().map(|tab| tab.story() + "\n").collect()
    }
}
