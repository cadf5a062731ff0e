//! The demo page in a window, used as a visitor would.

use std::time::Duration;

use serde_json::{Value, json};

use crate::browser::{ConsoleLine, OwnCommands};
use crate::patience::INTERVAL;
use crate::principle::Principle;
use crate::server::Server;
use crate::tab::Tab;

/// How long what a visitor waits for may take.
const SOON: Duration = Duration::from_secs(15);

/// A preference of the visitor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scheme {
    /// Dark.
    Dark,
    /// Light.
    Light,
}

/// The demo page.
#[derive(Debug)]
pub struct Tour {
    tab: Tab,
    own: OwnCommands,
}

impl Tour {
    pub(crate) const fn new(tab: Tab, own: OwnCommands) -> Self {
        Self { tab, own }
    }

    /// Loads the page and waits until it is there.
    ///
    /// # Panics
    ///
    /// When it does not come.
    pub async fn load(&self, url: &str) {
        self.tab.goto(url).await;
        self.until(
            "the page is drawn",
            "return Boolean(document.querySelector('h1'))",
        )
        .await;
    }

    /// Loads the page and makes every section but the first era show something.
    ///
    /// # Panics
    ///
    /// When one does not.
    pub async fn load_busy(&self, server: &Server, principle: &Principle) {
        let port = principle.port();
        self.load(&server.url(&format!("/index?principle={port}")))
            .await;
        self.until_says("#conversation .state", "Connected by WebSocket")
            .await;
        self.press("#conversation", "Steady traffic, 5 a second")
            .await;
        self.press("[aria-labelledby='over-http']", "Fetch /message")
            .await;
        let websocket = "[aria-labelledby='over-websocket']";
        self.press(websocket, "Upgrade /message").await;
        self.until_says(websocket, "101").await;
        self.press("#principle", &format!("Connect to 127.0.0.1:{port}"))
            .await;
        self.until_says("#principle", "The same as in the answer")
            .await;
        self.say("#principle-text", "Hello").await;
        self.until_says("#principle .frames", "from the server")
            .await;
    }

    /// Closes the window, as a visitor does.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn close(self) {
        self.tab.close().await;
    }

    /// Presses the button with this text within a part of the page.
    ///
    /// # Panics
    ///
    /// When there is no such button, or it cannot be pressed.
    pub async fn press(&self, part: &str, button: &str) {
        let script = "const [part, name] = arguments; \
             const all = [...document.querySelector(part).querySelectorAll('button, summary')]; \
             const found = all.find(each => each.textContent.trim() === name); \
             if (!found || found.disabled) return all.map(each => each.textContent.trim()); \
             found.click(); return true";
        let pressed = self.run(script, &[json!(part), json!(button)]).await;
        assert_eq!(
            pressed,
            json!(true),
            "no button `{button}` to press in {part}"
        );
    }

    /// Puts a text into a field, as typing it does, and sends the form.
    ///
    /// # Panics
    ///
    /// When there is no such field.
    pub async fn say(&self, field: &str, text: &str) {
        let script = "const field = document.querySelector(arguments[0]); \
             field.value = arguments[1]; \
             field.dispatchEvent(new InputEvent('input', { bubbles: true })); \
             field.form.requestSubmit()";
        self.run(script, &[json!(field), json!(text)]).await;
    }

    /// Moves a slider.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub async fn slide(&self, field: &str, value: u32) {
        let script = "const field = document.querySelector(arguments[0]); \
             field.value = arguments[1]; \
             field.dispatchEvent(new InputEvent('input', { bubbles: true }))";
        self.run(script, &[json!(field), json!(value)]).await;
    }

    /// The text of the first element that matches.
    ///
    /// # Panics
    ///
    /// When none does.
    pub async fn text(&self, selector: &str) -> String {
        let script = "return document.querySelector(arguments[0])?.innerText";
        let text = self.run(script, &[json!(selector)]).await;
        let text = text.as_str().map(str::to_owned);
        text.unwrap_or_else(|| panic!("nothing matches {selector}"))
    }

    /// The number that the text of an element begins with, thousands apart or not.
    ///
    /// # Panics
    ///
    /// When it begins with none.
    pub async fn number(&self, selector: &str) -> u64 {
        let text = self.text(selector).await;
        let digits: String = text
            .chars()
            .filter(|letter| *letter != ',')
            .take_while(char::is_ascii_digit)
            .collect();
        let number = digits.parse();
        number.unwrap_or_else(|_| panic!("{selector} is no number: {text}"))
    }

    /// Waits until a script answers `true`.
    ///
    /// # Panics
    ///
    /// When it does not in time; tells the text of the page.
    pub async fn until(&self, what: &str, script: &str) {
        let is_so = async {
            while self.run(script, &[]).await != json!(true) {
                tokio::time::sleep(INTERVAL).await;
            }
        };
        if tokio::time::timeout(SOON, is_so).await.is_err() {
            let text = self.run("return document.body.innerText", &[]).await;
            panic!("not within {SOON:?}: {what}\n{text}");
        }
    }

    /// Waits until the text of an element contains this.
    ///
    /// # Panics
    ///
    /// When it does not in time.
    pub async fn until_says(&self, selector: &str, text: &str) {
        let script = format!(
            "return Boolean(document.querySelector({})?.innerText.includes({}))",
            json!(selector),
            json!(text)
        );
        self.until(&format!("{selector} says {text}"), &script)
            .await;
    }

    /// Runs a script in the page.
    ///
    /// # Panics
    ///
    /// When it throws.
    pub async fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.tab.run(script, arguments).await
    }

    /// Runs a script that calls its last argument with a result.
    ///
    /// # Panics
    ///
    /// When it throws.
    pub async fn run_async(&self, script: &str, arguments: &[Value]) -> Value {
        self.tab.run_async(script, arguments).await
    }

    /// Makes the window as wide and high as this, in CSS pixels. Chromium only.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn resize(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await;
    }

    /// Prefers this scheme. Chromium only.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn prefer(&self, scheme: Scheme) {
        let value = match scheme {
            Scheme::Dark => "dark",
            Scheme::Light => "light",
        };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// What the console said since this was last asked. Chromium only.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn console(&self) -> Vec<ConsoleLine> {
        let _turn = self.tab.turn().await;
        self.own.console().await
    }

    /// A picture of the window as PNG.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn picture(&self) -> Vec<u8> {
        self.tab.picture().await
    }

    /// A command of the DevTools protocol, with its answer. Chromium only.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let _turn = self.tab.turn().await;
        self.own.devtools(command, parameters).await
    }
}
