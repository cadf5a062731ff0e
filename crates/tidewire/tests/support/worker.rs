//! What a client does in a worker of any kind.

use tidewire::Transport;
use wasm_bindgen_test::*;

use crate::support::{echo, echo_by, soon, take, texts};

#[wasm_bindgen_test]
async fn every_transport_works() {
    need_server!();
    for transport in Transport::ALL {
        let (sender, mut messages, _events) = echo_by(transport).connect().unwrap().split();
        let receipt = sender.try_send("from a worker").unwrap();
        assert_eq!(texts(&take(&mut messages, 1).await), ["from a worker"]);
        soon("the receipt", receipt).await.unwrap();
        assert_eq!(sender.transport(), Some(transport));
    }
}

#[wasm_bindgen_test]
async fn a_worker_has_no_storage_and_connects_all_the_same() {
    need_server!();
    let mut client = echo().remember_transport(true).connect().unwrap();
    drop(client.try_send("ahoy").unwrap());
    assert_eq!(
        soon("the echo", client.next()).await.unwrap().as_text(),
        Some("ahoy")
    );
}
