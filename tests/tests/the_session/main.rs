//! What a session promises whatever happens to its bytes: one file per promise, in one program, since several browsers may work
//! side by side here: what is measured has a second to spare. The files beside this folder have the machine for themselves.

mod a_half_open_connection_is_found_in_time;
mod a_message_costs_one_frame_or_one_request;
mod cuts_lose_and_repeat_nothing;
mod messages_pass_through_bad_proxies;
