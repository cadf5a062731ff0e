//! `cargo xtask demo`: builds the page and serves it, with the servers that it talks to.

use std::env;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::page::{self, Build};
use crate::process::built_binary;
use crate::server::{News, Server};
use crate::setup::{self, Need};

/// Where the server of bare sockets listens, as the page expects.
const PRINCIPLE: &str = "127.0.0.1:8002";

/// Build the demo page and serve it from tidewire-echo until Ctrl-C.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Build the page as a site would ship it: smaller and faster, longer to compile.
    #[arg(long)]
    release: bool,

    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 5000)]
    port: u16,

    /// Do not open a browser.
    #[arg(long)]
    no_open: bool,
}

pub(crate) fn demo(options: &Options) -> Result<()> {
    require_free(options.port)?;
    setup::require(&[Need::WasmTarget])?;
    page::build_programs()?;
    let folder = page::build(if options.release {
        Build::Release
    } else {
        Build::Dev
    })?;

    let mut command = Command::new(built_binary("tidewire-echo")?);
    command.args([
        "--listen",
        &format!("127.0.0.1:{}", options.port),
        "--faults",
        "--page",
    ]);
    let principle = start_principle()?;
    let mut echo = Server::start_interruptible(command.arg(folder))?;

    let mut url = format!("http://{}/index", echo.address());
    if principle.address() != PRINCIPLE {
        let (_, port) = principle
            .address()
            .rsplit_once(':')
            .context("the address has no port")?;
        url += &format!("?principle={port}");
    }
    println!("\n  The demo is at {url}\n  Ctrl-C stops it.\n");
    if !options.no_open && has_desktop() {
        open(&url);
    }
    loop {
        match echo.next() {
            News::Line(line) => println!("{line}"),
            News::Interrupted => break,
            News::Ended => bail!("the server ended by itself ({})", echo.status()?),
        }
    }
    println!("\n  Stopping.");
    // It has nothing to say goodbye for, and is killed.
    drop(principle);
    let status = echo.stop()?;
    if !status.success() {
        bail!("the server did not stop cleanly ({status})");
    }
    Ok(())
}

/// Starts the server of bare sockets, on another port where its own is taken: the page is told.
fn start_principle() -> Result<Server> {
    let listen = match TcpListener::bind(PRINCIPLE) {
        Ok(_) => PRINCIPLE,
        Err(_) => "127.0.0.1:0",
    };
    let mut command = Command::new(built_binary("tidewire-principle")?);
    Server::start(command.args(["--listen", listen]))
}

fn require_free(port: u16) -> Result<()> {
    let Err(error) = TcpListener::bind(("127.0.0.1", port)) else {
        return Ok(());
    };
    let hint = if cfg!(target_os = "macos") && port == 5000 {
        " (on macOS, AirPlay Receiver uses it)"
    } else {
        ""
    };
    let other = port.saturating_add(1);
    bail!(
        "port {port} of 127.0.0.1 cannot be used: {error}{hint}\n\
         Choose another: cargo xtask demo --port {other}"
    )
}

fn has_desktop() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("CI")
        && (cfg!(any(target_os = "macos", windows)) || set("DISPLAY") || set("WAYLAND_DISPLAY"))
}

fn open(url: &str) {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        let mut command = Command::new("cmd");
        command.args(["/C", "start", ""]);
        command
    } else {
        Command::new("xdg-open")
    };
    let opened = command
        .arg(url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = opened {
        println!("  (No browser could be opened: {error}. Open the address yourself.)\n");
    }
}
