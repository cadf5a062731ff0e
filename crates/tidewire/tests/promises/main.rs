//! What the client promises, one file per promise, in a page of a real browser against a real server.
//!
//! They share one page, since a browser that starts for each file takes longer than the tests.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/harness.rs"]
mod harness;
#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod a_close_is_told_to_both;
mod a_dropped_binding_tells_nothing;
mod a_dropped_client_leaves_nothing_behind;
mod a_late_answer_moves_no_session;
mod a_provider_is_asked_at_each_attempt;
mod a_receipt_tells_the_fate;
mod a_wrong_setting_is_refused_at_once;
mod at_most_two_tabs_hold_a_poll;
mod bare_mode_speaks_to_any_server;
mod blocked_handshakes_cost_little;
mod every_transport_carries_everything;
mod one_turn_travels_together;
mod the_hook_delivers_every_message;
mod the_inspector_tells_what_happened;
mod the_page_is_left_and_comes_back;
mod the_transport_that_worked_is_remembered;
mod traffic_is_observed_as_it_happens;
mod typed_messages_keep_their_types;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
