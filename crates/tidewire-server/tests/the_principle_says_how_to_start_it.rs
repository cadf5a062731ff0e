//! The teaching server says on its command line what was wrong and what to do.

mod support;

use support::principle::{Principle, run};

#[test]
fn mistakes_end_with_code_2() {
    for (arguments, word) in [
        (&["--port", "1"][..], "unknown argument `--port`"),
        (&["--listen"], "--listen needs an address"),
        (&["--listen", "here"], "`here` is not an address"),
    ] {
        let output = run(arguments);
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(word), "{said}");
        assert!(said.contains("--help"), "{said}");
    }
}

#[test]
fn help_names_the_default() {
    let output = run(&["--help"]);
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.contains("127.0.0.1:8002"), "{said}");
}

#[test]
fn a_taken_address_ends_with_code_1_and_advice() {
    let principle = Principle::start();
    let output = run(&["--listen", &principle.address.to_string()]);
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&principle.address.to_string()), "{said}");
    assert!(said.contains("--listen 127.0.0.1:0"), "{said}");
    assert_eq!(output.stdout, b"");
}
