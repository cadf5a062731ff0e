//! The time of the page.

use js_sys::Date;

/// Milliseconds since the page was opened; never goes back.
pub(crate) fn now() -> f64 {
    web_sys::window()
        .and_then(|window| window.performance())
        .map_or_else(Date::now, |performance| performance.now())
}

/// The time of day, as `18:04:59`.
pub(crate) fn time_of_day() -> String {
    let date = Date::new_0();
    format!(
        "{:02}:{:02}:{:02}",
        date.get_hours(),
        date.get_minutes(),
        date.get_seconds()
    )
}
