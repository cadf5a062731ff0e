//! `/message` over HTTP: a request, an answer, and it is over.

use yew::platform::spawn_local;
use yew::prelude::*;

use super::opening::{Opening, opening_view};
use crate::clock;
use crate::parts::{button, panel, quiet, remedy, status};
use crate::server::{Refusal, Server, random_name};
use crate::words::{grouped, millis, refused};

#[derive(Clone, PartialEq)]
struct Answer {
    text: String,
    /// Milliseconds.
    took: f64,
    opening: Option<Opening>,
}

#[hook]
pub(crate) fn use_http(server: &Server) -> Html {
    let answer = use_state_eq(|| None::<Result<Answer, Refusal>>);
    let asked = use_state_eq(|| 0_usize);
    let fetch = {
        let (server, answer, asked) = (server.clone(), answer.clone(), asked.clone());
        Callback::from(move |_| {
            asked.set(*asked + 1);
            let (server, answer) = (server.clone(), answer.clone());
            spawn_local(async move { answer.set(Some(ask(&server).await)) });
        })
    };
    let said = match &*answer {
        None => "Not fetched yet.".into(),
        Some(Ok(answer)) => format!("“{}” after {}", answer.text, millis(answer.took)),
        Some(Err(refusal)) => refused("answer /message", refusal),
    };
    let is_unreachable = matches!(&*answer, Some(Err(Refusal::Unreachable)));
    let cost = format!(
        "{} asked. Each answer costs the heads that are shown with it.",
        grouped(*asked as u64)
    );
    let content = html! {
        <>
            { quiet("The client asks, the server answers, and has nothing more to say until it is asked again.") }
            { status("said", said) }
            if is_unreachable {
                { remedy("If it does not run, start it:", server.command()) }
            }
            { quiet(cost) }
            if let Some(Ok(Answer { opening: Some(opening), .. })) = &*answer {
                { opening_view(opening) }
            }
        </>
    };
    panel(
        "over-http",
        "HTTP",
        button("Fetch /message", fetch),
        content,
    )
}

async fn ask(server: &Server) -> Result<Answer, Refusal> {
    let name = random_name();
    let start = clock::now();
    let text = server.text(&format!("/message?watch={name}")).await?;
    let took = clock::now() - start;
    // What cannot be shown is left out; the answer itself came.
    let opening = server.text(&format!("/openings/{name}")).await.ok();
    Ok(Answer {
        text,
        took,
        opening: opening.and_then(|text| Opening::read(&text)),
    })
}
