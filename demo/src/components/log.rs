//! What happened to the connection, and why.

use std::rc::Rc;

use yew::prelude::*;

use super::list::List;
use crate::page::Row;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) rows: Vec<Rc<Row>>,
}

#[component]
pub(crate) fn Log(props: &Props) -> Html {
    html! {
        <section class="log" aria-labelledby="log">
            <div class="head">
                <h2 id="log">{ "Events" }</h2>
                <p class="quiet">{ "newest first" }</p>
            </div>
            <List label="Events, newest first" empty="Nothing has happened yet." rows={props.rows.clone()} />
        </section>
    }
}
