//! A small server that echoes.

fn main() {}
