//! URL and token come from the application's provider, at each attempt; its failures are told and survived.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tidewire::{Cause, Client, ClientConfig, Endpoint, Event, Events};
use wasm_bindgen_test::*;

use crate::support::{echo, soon, take, texts, url};

fn quick(config: &mut ClientConfig) {
    config.backoff_base = Duration::from_millis(10);
    config.prepare_timeout = Duration::from_millis(100);
}

async fn next_hiccup(events: &mut Events) -> Cause {
    let hiccup = async {
        loop {
            if let Event::Hiccup { cause, .. } = events.next().await.expect("it goes on") {
                break cause;
            }
        }
    };
    soon("a hiccup", hiccup).await
}

#[wasm_bindgen_test]
async fn it_says_where_to_go() {
    need_server!();
    let asked = Rc::new(Cell::new(0));
    let provider = {
        let asked = Rc::clone(&asked);
        move |_| {
            asked.set(asked.get() + 1);
            async { Ok(Endpoint::token("secret").at(url("/live"))) }
        }
    };
    // The builder's own address leads nowhere.
    let mut client = Client::builder("http://127.0.0.1:9/nowhere")
        .remember_transport(false)
        .provider(provider)
        .connect()
        .unwrap();
    drop(client.try_send("ahoy").unwrap());
    assert_eq!(
        soon("the echo", client.next()).await.unwrap().as_text(),
        Some("ahoy")
    );
    assert_eq!(asked.get(), 1);
}

#[wasm_bindgen_test]
async fn its_error_is_told_and_the_next_attempt_asks_again() {
    need_server!();
    let answers = RefCell::new(vec![
        Ok(Endpoint::default()),
        Ok(Endpoint::default().at("ftp://127.0.0.1/")),
        Err("no token today".to_owned()),
    ]);
    let client = echo()
        .configure(quick)
        .provider(move |_| {
            let answer = answers.borrow_mut().pop().expect("it connects at last");
            async move { answer }
        })
        .connect()
        .unwrap();
    let (sender, mut messages, mut events) = client.split();
    let receipt = sender.try_send("ahoy").unwrap();
    assert_eq!(
        next_hiccup(&mut events).await,
        Cause::Provider("no token today".into())
    );
    match next_hiccup(&mut events).await {
        Cause::Provider(text) => assert!(text.contains("scheme"), "{text}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(texts(&take(&mut messages, 1).await), ["ahoy"]);
    soon("the receipt", receipt).await.unwrap();
}

#[wasm_bindgen_test]
async fn one_that_hangs_is_given_up_and_its_future_dropped() {
    struct OnDrop(Rc<Cell<u32>>);

    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    let dropped = Rc::new(Cell::new(0));
    let provider = {
        let dropped = Rc::clone(&dropped);
        move |_| {
            let guard = OnDrop(Rc::clone(&dropped));
            async move {
                let _guard = guard;
                std::future::pending().await
            }
        }
    };
    let mut client = echo()
        .configure(quick)
        .provider(provider)
        .connect()
        .unwrap();
    assert!(matches!(
        next_hiccup(client.events()).await,
        Cause::Provider(_)
    ));
    assert_eq!(dropped.get(), 1);
    assert!(matches!(
        next_hiccup(client.events()).await,
        Cause::Provider(_)
    ));
    assert_eq!(dropped.get(), 2);
}

#[wasm_bindgen_test]
async fn it_may_drop_the_client_while_it_is_asked() {
    let client = Rc::new(RefCell::new(None));
    let asked = Rc::new(Cell::new(false));
    let provider = {
        let (client, asked) = (Rc::clone(&client), Rc::clone(&asked));
        move |_| {
            asked.set(true);
            drop(client.take());
            std::future::ready(Ok(Endpoint::default()))
        }
    };
    client.replace(Some(echo().provider(provider).connect().unwrap()));
    crate::support::until("it is asked", || asked.get()).await;
    assert!(client.borrow().is_none());
}
