//! A section of the tour.

use yew::prelude::*;

use crate::document::{lines, shown_by};

/// The section to which links to `id` lead, with the lines of the document that it shows.
pub(crate) fn section(id: &'static str, title: &'static str, content: Html) -> Html {
    let heading = format!("{id}-title");
    html! {
        <section {id} class="chapter" aria-labelledby={heading.clone()}>
            <div class="head">
                <h2 id={heading}>{ title }</h2>
                { lines(&shown_by(id)) }
            </div>
            { content }
        </section>
    }
}
