//! The tidewire demo page: the history of server push, told by what runs.

mod app;
mod clock;
mod connections;
mod conversation;
mod document;
mod eras;
mod frames;
mod json;
mod notice;
mod parts;
mod principle;
mod protocols;
mod section;
mod server;
mod socket;
mod words;

/// A fifth of the standard allocator's size. For modules of one thread, as the page is.
#[cfg(all(target_family = "wasm", not(target_feature = "atomics")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

fn main() {
    yew::Renderer::<app::App>::new().render();
}
