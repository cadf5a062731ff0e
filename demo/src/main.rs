//! The tidewire demo page: one conversation with an echo server, and buttons that break it.

mod app;
mod clock;
mod components;
mod faults;
mod frames;
mod ledger;
mod page;
mod server;
mod words;

fn main() {
    yew::Renderer::<app::App>::new().render();
}
