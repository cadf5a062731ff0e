//! What an application closes with, as a close frame can carry it (RFC 6455 section 7.4).

use tidewire_proto::{Close, CloseCode};

/// The same close with its reason cut to 123 bytes, and with 1011 in place of a code that may not be sent.
pub(crate) fn in_due_form(mut close: Close) -> Close {
    if !may_be_sent(close.code) {
        close.code = CloseCode::INTERNAL;
    }
    close.reason = Close::new(close.code, &close.reason).reason;
    close
}

/// 1004 has no meaning; 1005, 1006 and 1015 say that no code was sent. What is below 3000 and not registered is reserved, and
/// beyond 4999 there are none.
const fn may_be_sent(code: CloseCode) -> bool {
    matches!(code.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
