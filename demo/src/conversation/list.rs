//! A list of fixed height that scrolls.

use std::rc::Rc;

use yew::prelude::*;

use super::memory::Row;
use crate::parts::{piece, quiet};

/// The rows, with what they are for those who do not see the heading.
pub(crate) fn list(label: &'static str, rows: &[Rc<Row>]) -> Html {
    // Scrolled by keyboard, hence in the tab order.
    html! {
        <div class="list" tabindex="0" role="group" aria-label={label}>
            if rows.is_empty() {
                { quiet("Nothing yet.") }
            } else {
                <ol>
                    { for rows.iter().map(|row| line(row)) }
                </ol>
            }
        </div>
    }
}

fn line(row: &Row) -> Html {
    let Row {
        key,
        label,
        text,
        word,
    } = row;
    html! {
        <li key={*key}>
            { piece("label", label.clone()) }
            { piece("text", text.clone()) }
            if !word.is_empty() {
                <span class={classes!("word", *word)}>{ *word }</span>
            }
        </li>
    }
}
