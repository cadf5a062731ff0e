//! `/faults`: what misbehaves now, and orders to change it.
//!
//! `GET /faults` shows all. `POST /faults/NAME` sets a lasting fault, with settings in JSON where the defaults do not do.
//! `POST /faults/clear` ends all, or the one named in `{"fault": NAME}`. At once happen `POST /faults/cut` and
//! `/faults/half-open` (to all connections that carry something), `/faults/forget` (to all sessions) and `/faults/restart` (to
//! the whole process: 202, and then it is gone and a new one listens on the same address).

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{FaultKind, Setting};
use crate::app::App;
use crate::restart;

#[derive(Debug, Serialize)]
struct Line {
    fault: FaultKind,
    /// How it happens, where it is active.
    active: Option<Setting>,
    /// How often it has happened since the start.
    hits: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Clear {
    fault: Option<FaultKind>,
}

pub(crate) async fn show(State(app): State<App>) -> Response {
    if !app.settings.args.faults {
        return refused();
    }
    let delayed = app.faults.inner.connections.delayed();
    let table = app.faults.lock();
    let line = |kind| Line {
        fault: kind,
        active: table.active.get(&kind).map(|active| active.setting),
        hits: table.hits.get(&kind).copied().unwrap_or(0)
            + if kind == FaultKind::Delay { delayed } else { 0 },
    };
    Json(FaultKind::ALL.map(line)).into_response()
}

pub(crate) async fn order(
    State(app): State<App>,
    Path(order): Path<String>,
    body: Bytes,
) -> Response {
    if !app.settings.args.faults {
        return refused();
    }
    let connections = &app.faults.inner.connections;
    let done = match order.as_str() {
        "clear" => parse::<Clear>(&body).map(|clear| match clear.fault {
            Some(fault) => app.faults.clear(fault),
            None => app.faults.clear_all(),
        }),
        "cut" => return Json(json!({ "connections": connections.cut_all() })).into_response(),
        "half-open" => {
            return Json(json!({ "connections": connections.freeze_all() })).into_response();
        }
        "forget" => {
            let sessions = app.hub.sessions().len();
            app.hub.forget_all();
            connections.cut_all();
            return Json(json!({ "sessions": sessions })).into_response();
        }
        "restart" => return restart::order(&app),
        name => {
            let Some(kind) = FaultKind::from_name(name) else {
                let names = FaultKind::ALL.map(FaultKind::name).join(", ");
                let text = format!(
                    "no such order; there are {names}, clear, cut, half-open, forget, restart\n"
                );
                return (StatusCode::NOT_FOUND, text).into_response();
            };
            parse::<Setting>(&body)
                .and_then(|setting| setting.check().map(|()| setting).map_err(str::to_owned))
                .map(|setting| app.faults.set(kind, setting))
        }
    };
    match done {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(reason) => (StatusCode::BAD_REQUEST, format!("{reason}\n")).into_response(),
    }
}

fn parse<T: Default + serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body).map_err(|error| format!("the settings cannot be read: {error}"))
}

fn refused() -> Response {
    let reason = "this server takes no orders to misbehave: start it with --faults\n";
    (StatusCode::FORBIDDEN, reason).into_response()
}
