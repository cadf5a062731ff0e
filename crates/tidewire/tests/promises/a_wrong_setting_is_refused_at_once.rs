//! What cannot work is refused when the client is made, with the part that is wrong; nothing is sent.

use std::time::Duration;

use tidewire::{Client, ConfigError, Limits, UrlError};
use wasm_bindgen_test::*;

fn refused(url: &str) -> UrlError {
    match Client::builder(url).connect() {
        Err(ConfigError::Url(error)) => error,
        other => panic!("{url}: {other:?}"),
    }
}

#[wasm_bindgen_test]
async fn an_address_names_its_wrong_part() {
    for (url, part) in [
        ("ftp://127.0.0.1/live", UrlError::Scheme),
        ("data:text/plain,live", UrlError::Scheme),
        ("http://user@127.0.0.1/live", UrlError::Credentials),
        ("http://:secret@127.0.0.1/live", UrlError::Credentials),
        ("http://127.0.0.1/live#part", UrlError::Fragment),
        ("http://127.0.0.1/live#", UrlError::Fragment),
        ("/live#part", UrlError::Fragment),
        ("http://", UrlError::Malformed),
        ("http://127.0.0.1:70000/", UrlError::Malformed),
    ] {
        assert_eq!(refused(url), part, "{url}");
    }
}

#[wasm_bindgen_test]
async fn every_form_of_an_address_is_accepted() {
    for url in [
        "http://127.0.0.1:9/live",
        "https://127.0.0.1:9/live",
        "ws://127.0.0.1:9/live?room=1",
        "wss://127.0.0.1:9/live",
        "/live",
        "live",
        "",
    ] {
        // Dropped within the turn: nothing goes out.
        assert!(Client::builder(url).connect().is_ok(), "{url}");
    }
}

#[wasm_bindgen_test]
async fn an_error_says_what_to_do_and_hides_the_address() {
    let error = Client::builder("http://:hunter2@127.0.0.1/")
        .connect()
        .unwrap_err()
        .to_string();
    assert!(error.contains("token"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[wasm_bindgen_test]
async fn a_setting_that_makes_no_sense_is_named() {
    let field = |error: ConfigError| match error {
        ConfigError::Setting(error) => error.field,
        other => panic!("{other:?}"),
    };
    let live = || Client::builder("/live");
    for (builder, name) in [
        (live().transports([]), "transports"),
        (
            live().limits(Limits::default().max_message(0)),
            "max_message",
        ),
        (
            live().limits(Limits::default().outbox(0, 10)),
            "outbox_bytes",
        ),
        (
            live().configure(|config| config.hold = Duration::ZERO),
            "hold",
        ),
        (
            live().configure(|config| config.backoff_cap = Duration::ZERO),
            "backoff_cap",
        ),
        (live().protocols(["two words"]), "protocols"),
        (live().protocols(["twice", "twice"]), "protocols"),
        (live().protocols([""]), "protocols"),
    ] {
        assert_eq!(field(builder.connect().unwrap_err()), name);
    }
}
