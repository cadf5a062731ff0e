//! What the protocol promises, one file per promise, on a client and a server joined in virtual time.

mod support;

mod acknowledged_means_taken;
mod advice_of_the_server_is_followed;
mod backoff_survives_its_cap;
mod bare_mode_promises_at_most_once;
mod better_transports_are_found_again;
mod credentials_are_renewed_or_the_client_gives_up;
mod drain_makes_before_it_breaks;
mod duplicates_are_dropped;
mod exchanges_are_answered_in_order;
mod floods_of_control_are_refused;
mod hidden_pages_sleep;
mod leaving_is_graceful;
mod long_polls_that_do_not_work_step_down;
mod lost_sessions_are_reported;
mod many_messages_are_one_packet;
mod one_client_holds_the_session;
mod overflow_follows_its_policy;
mod overtaken_welcomes_lose_nothing;
mod packets_of_the_vectors;
#[cfg(not(target_arch = "wasm32"))]
mod properties;
mod resume_after_a_cut;
mod resume_inside_a_large_message;
mod sessions_are_admitted_and_expire;
mod silence_is_noticed;
mod slow_links_get_through;
mod spare_carriers_fail_alone;
mod the_race_does_not_wait;
mod too_large_is_refused;
mod unload_is_flushed;
mod wake_ups_probe;
mod windows_hold_the_sender_back;
