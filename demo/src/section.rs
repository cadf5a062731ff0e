//! A section of the tour.

use yew::prelude::*;

use crate::document::{lines, shown_by};

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    /// Where links to this section lead.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) children: Html,
}

#[component]
pub(crate) fn Section(props: &Props) -> Html {
    let heading = format!("{}-title", props.id);
    html! {
        <section id={props.id} class="chapter" aria-labelledby={heading.clone()}>
            <div class="head">
                <h2 id={heading}>{ props.title }</h2>
                { lines(&shown_by(props.id)) }
            </div>
            { props.children.clone() }
        </section>
    }
}
