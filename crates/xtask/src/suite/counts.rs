//! How many tests ran, read from what the test programs print.

use std::fmt;

/// Tests that passed, failed and were skipped.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Reads a line such as `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    ///
    /// Returns `None` for every other line.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (_, tail) = line.split_once("test result: ")?;
        let (_, tail) = tail.split_once(". ")?;
        let mut counts = Self::default();
        for part in tail.split(';') {
            let Some((number, what)) = part.trim().split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse() else { continue };
            match what {
                "passed" => counts.passed = number,
                "failed" => counts.failed = number,
                "ignored" => counts.skipped = number,
                _ => {}
            }
        }
        Some(counts)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(out, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_line_of_cargo_test_is_read() {
        let line = "test result: FAILED. 12 passed; 2 failed; 3 ignored; 0 measured; 4 filtered \
                    out; finished in 0.01s";
        let expected = Counts {
            passed: 12,
            failed: 2,
            skipped: 3,
        };
        assert_eq!(Counts::parse(line), Some(expected));
    }

    #[test]
    fn the_result_line_of_the_wasm_runner_is_read_behind_colour_codes() {
        let line = "\u{1b}[0mtest result: ok. 3 passed; 0 failed; 0 ignored; 0 filtered out; \
                    finished in 0.1s";
        assert_eq!(
            Counts::parse(line),
            Some(Counts {
                passed: 3,
                failed: 0,
                skipped: 0
            })
        );
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(Counts::parse("test a ... ok"), None);
        assert_eq!(Counts::parse("running 3 tests"), None);
    }

    #[test]
    fn skipped_tests_are_named_only_when_there_are_some() {
        let mut counts = Counts {
            passed: 2,
            failed: 0,
            skipped: 0,
        };
        assert_eq!(counts.to_string(), "2 passed, 0 failed");
        counts.add(Counts {
            passed: 1,
            failed: 1,
            skipped: 1,
        });
        assert_eq!(counts.to_string(), "3 passed, 1 failed, 1 skipped");
    }
}
