//! A running `tidewire-principle`.

use std::net::SocketAddr;

use tokio::process::Command;

use crate::process::{Process, handed_over};

/// A `tidewire-principle` on a free port. It is killed when dropped.
#[derive(Debug)]
pub struct Principle {
    _process: Process,
    address: SocketAddr,
}

impl Principle {
    /// Starts the program.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start() -> Self {
        let mut command = Command::new(handed_over("TIDEWIRE_PRINCIPLE"));
        command.args(["--listen", "127.0.0.1:0"]);
        let read = |line: &str| line.split_once("listening on ws://")?.1.trim().parse().ok();
        let (process, address) = Process::start(&mut command, read).await;
        Self {
            _process: process,
            address,
        }
    }

    /// The port on 127.0.0.1.
    pub const fn port(&self) -> u16 {
        self.address.port()
    }
}
