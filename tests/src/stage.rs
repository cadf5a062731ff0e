//! Where a test takes place: one browser, some servers and proxies, and an end to all of them.

use std::ops::AsyncFnOnce;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OnceCell};

use crate::browser::{Browser, Running};
use crate::server::Server;
use crate::tab::Tab;

/// One browser at a time: the tests of a file would otherwise disturb each other's timing.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// The browser of a test, and what the test has opened in it.
#[derive(Debug)]
pub struct Stage {
    browser: Running,
    turn: Arc<Mutex<()>>,
    tabs: StdMutex<Vec<Tab>>,
    server: OnceCell<Server>,
}

/// Plays a scene in a browser. What it started is ended afterwards, however it ended.
///
/// # Panics
///
/// When the scene does, and when it takes longer than `limit`; then with what each tab last reported.
pub async fn perform(browser: Browser, limit: Duration, scene: impl AsyncFnOnce(&Stage)) {
    let _alone = ONE_AT_A_TIME.lock().await;
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

    fn story(&self) -> String {
        let tabs = self.tabs.lock().unwrap_or_else(PoisonError::into_inner);
        tabs.iter().map(|tab| tab.story() + "\n").collect()
    }
}
