//! Pieces that many sections are made of.
//!
//! They are functions, not components: a component costs the page some kilobytes, and these need no memory of their own.

use yew::prelude::*;

/// A panel within a section, with what can be done about it beside its heading.
pub(crate) fn panel(id: &'static str, title: &'static str, action: Html, content: Html) -> Html {
    html! {
        <section aria-labelledby={id}>
            <div class="head">
                <h3 {id}>{ title }</h3>
                { action }
            </div>
            { content }
        </section>
    }
}

pub(crate) fn button(label: impl Into<AttrValue>, onclick: Callback<MouseEvent>) -> Html {
    pressable(label.into(), None, onclick)
}

/// A button that stays pressed until it is pressed again.
pub(crate) fn switch(
    label: impl Into<AttrValue>,
    is_on: bool,
    onclick: Callback<MouseEvent>,
) -> Html {
    pressable(label.into(), Some(is_on), onclick)
}

fn pressable(label: AttrValue, is_on: Option<bool>, onclick: Callback<MouseEvent>) -> Html {
    let pressed = is_on.map(|is_on| if is_on { "true" } else { "false" });
    html! { <button type="button" aria-pressed={pressed} {onclick}>{ label }</button> }
}

/// The button for what one does first.
pub(crate) fn main_button(label: impl Into<AttrValue>, onclick: Callback<MouseEvent>) -> Html {
    let label: AttrValue = label.into();
    html! { <button type="button" class="main" {onclick}>{ label }</button> }
}

/// A field with its button, for one line of text.
pub(crate) fn line_form(
    (id, label, value): (&'static str, &'static str, &'static str),
    input: NodeRef,
    is_open: bool,
    onsubmit: Callback<SubmitEvent>,
) -> Html {
    html! {
        <form {onsubmit}>
            <label for={id} class="unseen">{ label }</label>
            <input {id} ref={input} type="text" autocomplete="off" maxlength="1000" {value} disabled={!is_open} />
            <button type="submit" disabled={!is_open}>{ "Send" }</button>
        </form>
    }
}

/// A remark.
pub(crate) fn quiet(text: impl Into<AttrValue>) -> Html {
    paragraph("quiet", None, text.into())
}

/// A remark of up to two lines, so that a longer one moves nothing.
pub(crate) fn quiet_two_lines(text: impl Into<AttrValue>) -> Html {
    paragraph("quiet two-lines", None, text.into())
}

/// A remark that is read out when it changes.
pub(crate) fn quiet_status(text: impl Into<AttrValue>) -> Html {
    paragraph("quiet", Some("status"), text.into())
}

/// Something said, read out when it changes.
pub(crate) fn status(class: &'static str, text: impl Into<AttrValue>) -> Html {
    paragraph(class, Some("status"), text.into())
}

/// A piece of a line.
pub(crate) fn piece(class: &'static str, text: impl Into<AttrValue>) -> Html {
    let text: AttrValue = text.into();
    html! { <span {class}>{ text }</span> }
}

/// The lamp before a state; what it shows is also said in words.
pub(crate) fn lamp() -> Html {
    html! { <span class="lamp" aria-hidden="true"></span> }
}

/// What a figure of a list is called, and what it is now; `name` tells it from others.
pub(crate) fn figure(
    name: Option<&'static str>,
    label: &'static str,
    value: impl Into<AttrValue>,
) -> Html {
    let value: AttrValue = value.into();
    html! { <div><dt>{ label }</dt><dd data-figure={name}>{ value }</dd></div> }
}

/// The head of an HTTP message as it travelled, with a remark beside its title.
pub(crate) fn head_view(
    title: &'static str,
    remark: String,
    label: &'static str,
    head: Html,
) -> Html {
    html! {
        <figure class="head-view">
            <figcaption>{ title }{ piece("quiet", remark) }</figcaption>
            <pre tabindex="0" role="group" aria-label={label}><code>{ head }</code></pre>
        </figure>
    }
}

/// What a group of buttons is about.
pub(crate) fn group(text: &'static str) -> Html {
    paragraph("group", None, text.into())
}

fn paragraph(class: &'static str, role: Option<&'static str>, text: AttrValue) -> Html {
    html! { <p {class} {role}>{ text }</p> }
}

/// What to do, and the command that does it.
pub(crate) fn remedy(text: impl Into<AttrValue>, command: &'static str) -> Html {
    let text: AttrValue = text.into();
    html! {
        <>
            <p>{ text }</p>
            <pre><code>{ command }</code></pre>
        </>
    }
}

/// The head of a table.
pub(crate) fn columns(names: &[&'static str]) -> Html {
    html! {
        <thead>
            <tr>
                { for names.iter().map(|name| if name.is_empty() {
                    html! { <td></td> }
                } else {
                    html! { <th scope="col">{ *name }</th> }
                }) }
            </tr>
        </thead>
    }
}
