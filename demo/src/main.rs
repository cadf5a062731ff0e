//! The tidewire demo page.

fn main() {}
