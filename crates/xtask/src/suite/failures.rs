//! Which tests failed and why, read from what the test programs print.

use std::fmt;

/// How many lines are kept: the first failures tell most, and the whole output is above them.
const MOST: usize = 80;

/// How many lines behind a failure are kept: its message, not its stack.
const BEHIND: usize = 5;

/// The lines that name failed tests, and what they say of the reason.
#[derive(Debug, Default)]
pub(super) struct Failures {
    lines: Vec<String>,
    /// How many of the next lines still belong to a failure.
    behind: usize,
}

impl Failures {
    /// Reads the next line of an output; a failure that is told again counts once.
    pub(super) fn read(&mut self, line: &str) {
        let line = line.trim();
        let belongs = if line.contains("panicked at ") || names_failed_test(line) {
            let is_new = !self.lines.iter().any(|known| known == line);
            self.behind = if is_new { BEHIND } else { 0 };
            is_new
        } else if ends_failure(line) {
            self.behind = 0;
            false
        } else {
            let belongs = self.behind > 0;
            self.behind = self.behind.saturating_sub(1);
            belongs
        };
        if belongs && self.lines.len() < MOST {
            self.lines.push(line.to_owned());
        }
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines
            .iter()
            .try_for_each(|line| write!(out, "\n    {line}"))
    }
}

/// Whether what is said of a failure is over: a gap, the stack, the next test.
fn ends_failure(line: &str) -> bool {
    line.is_empty() || line.starts_with("stack backtrace") || line.starts_with("test ")
}

/// Whether this is `test NAME ... FAILED`, as cargo's, wasm-bindgen's or the npm package's test programs write it.
fn names_failed_test(line: &str) -> bool {
    line.strip_prefix("test ")
        .and_then(|rest| rest.rsplit_once(" ... "))
        .is_some_and(|(_, outcome)| {
            ["FAIL", "failed"]
                .iter()
                .any(|word| outcome.starts_with(word))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(output: &str) -> String {
        let mut failures = Failures::default();
        output.lines().for_each(|line| failures.read(line));
        failures.to_string()
    }

    #[test]
    fn a_failed_test_is_named_with_its_message_and_without_its_stack() {
        let output = "test a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\n\n\
                      thread 'b' (7) panicked at b.rs:3:5:\nmedian 34 ms\nstack backtrace:\n   0: main\n";
        assert_eq!(
            read(output),
            "\n    test b ... FAILED\n    thread 'b' (7) panicked at b.rs:3:5:\n    median 34 ms"
        );
    }

    #[test]
    fn the_npm_package_s_tests_say_the_reason_behind_the_name() {
        let output = "test a ... ok (3 ms)\ntest c ... failed (20 ms)\nError: late\n    at c.mjs:3\ntest d ... ok (1 ms)\n";
        assert_eq!(
            read(output),
            "\n    test c ... failed (20 ms)\n    Error: late\n    at c.mjs:3"
        );
    }

    #[test]
    fn what_is_said_again_in_a_report_counts_once() {
        let once = "\n    thread 'b' panicked at b.rs:1:1:\n    left: 0";
        assert_eq!(read(&format!("{once}\n\nserver: it failed{once}\n")), once);
    }

    #[test]
    fn failures_that_say_the_same_keep_what_they_say() {
        let output = "thread 'a' panicked at a.rs:1:1:\nleft: 0\n\nthread 'b' panicked at b.rs:2:2:\nleft: 0\n";
        assert_eq!(
            read(output),
            "\n    thread 'a' panicked at a.rs:1:1:\n    left: 0\n    thread 'b' panicked at b.rs:2:2:\n    left: 0"
        );
    }

    #[test]
    fn a_run_without_failures_says_nothing() {
        assert_eq!(read("test a ... ok\n\ntest result: ok. 1 passed\n"), "");
    }
}
