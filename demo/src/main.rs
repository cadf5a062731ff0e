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

fn main() {
    yew::Renderer::<app::App>::new().render();
}
