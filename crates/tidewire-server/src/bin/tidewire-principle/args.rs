//! The command line, read by hand.

use std::ffi::OsString;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
A WebSocket server made of a bare TCP socket. It echoes every message.

Usage: tidewire-principle [--listen ADDRESS]

Options:
  --listen ADDRESS  Address to listen on [default: 127.0.0.1:8002]; port 0 takes a free one.
                    The first line on standard output tells it.
  --help            Print this.

A connection to /watch/NAME is recorded; GET /watch/NAME shows its bytes.";

const DEFAULT: &str = "127.0.0.1:8002";

/// What the user wants.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Command {
    Help,
    Listen(String),
}

/// Reads the arguments behind the program's name; an error is a sentence for the user.
pub(crate) fn read(arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut address = None;
    // An argument need not be UTF-8. What is not cannot be one that we know, and is shown as well as it can be.
    let mut arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    while let Some(argument) = arguments.next() {
        let value = match argument.split_once('=') {
            _ if argument == "--help" || argument == "-h" => return Ok(Command::Help),
            Some(("--listen", value)) => value.to_owned(),
            None if argument == "--listen" => arguments
                .next()
                .ok_or_else(|| format!("--listen needs an address such as {DEFAULT}"))?,
            _ => return Err(format!("unknown argument `{argument}`")),
        };
        if !is_address(&value) {
            return Err(format!("`{value}` is not an address such as {DEFAULT}"));
        }
        if address.replace(value).is_some() {
            return Err("--listen is given twice".to_owned());
        }
    }
    Ok(Command::Listen(
        address.unwrap_or_else(|| DEFAULT.to_owned()),
    ))
}

/// A host and a port; whether the host exists is found out on binding.
fn is_address(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(arguments: &[&str]) -> Result<Command, String> {
        read(arguments.iter().map(OsString::from))
    }

    #[test]
    fn an_address_is_optional_and_may_be_given_in_two_ways() {
        let listen = |address: &str| Ok(Command::Listen(address.to_owned()));
        assert_eq!(command(&[]), listen("127.0.0.1:8002"));
        assert_eq!(command(&["--listen", "[::1]:0"]), listen("[::1]:0"));
        assert_eq!(command(&["--listen=localhost:9"]), listen("localhost:9"));
    }

    #[test]
    fn help_is_given_whatever_else_is_asked() {
        assert_eq!(command(&["--listen=[::1]:0", "-h"]), Ok(Command::Help));
        assert_eq!(command(&["--help"]), Ok(Command::Help));
    }

    #[test]
    fn mistakes_are_named() {
        for (arguments, word) in [
            (&["--port"][..], "unknown"),
            (&["8002"], "unknown"),
            (&["--listener=a:1"], "unknown"),
            (&["--listen"], "needs"),
            (&["--listen", "8002"], "not an address"),
            (&["--listen="], "not an address"),
            (&["--listen", "127.0.0.1:65536"], "not an address"),
            (&["--listen=a:1", "--listen=b:1"], "twice"),
        ] {
            let mistake = command(arguments).expect_err("a mistake");
            assert!(mistake.contains(word), "{arguments:?}: {mistake}");
        }
    }
}
