//! A list of fixed height that scrolls.

use std::rc::Rc;

use yew::prelude::*;

use super::memory::Row;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    /// What the list holds, for those who do not see its heading.
    pub(crate) label: AttrValue,
    /// Shown while it is empty.
    pub(crate) empty: AttrValue,
    pub(crate) rows: Vec<Rc<Row>>,
}

#[component]
pub(crate) fn List(props: &Props) -> Html {
    // Scrolled by keyboard, hence in the tab order.
    html! {
        <div class="list" tabindex="0" role="group" aria-label={props.label.clone()}>
            if props.rows.is_empty() {
                <p class="quiet">{ &props.empty }</p>
            } else {
                <ol>
                    { for props.rows.iter().map(|row| html! { <Line key={row.key} row={Rc::clone(row)} /> }) }
                </ol>
            }
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct LineProps {
    row: Rc<Row>,
}

#[component]
fn Line(props: &LineProps) -> Html {
    let Row {
        label, text, word, ..
    } = &*props.row;
    html! {
        <li>
            <span class="label">{ label }</span>
            <span class="text">{ text }</span>
            if !word.is_empty() {
                <span class={classes!("word", *word)}>{ *word }</span>
            }
        </li>
    }
}
