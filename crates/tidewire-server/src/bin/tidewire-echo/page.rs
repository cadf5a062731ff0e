//! The demo page at `/index`.

use std::path::Path;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use http::header::{CACHE_CONTROL, HeaderValue};
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::app::App;

/// What `/index` shows where no page was built.
const HELP: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>tidewire-echo</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }</style>
<h1>tidewire-echo is running</h1>
<p>The demo page was not built, or this server was not told where it is. Either of these shows it:</p>
<pre>cargo xtask demo
tidewire-echo --page FOLDER</pre>
<p>Without it there are
<a href=\"/message\">/message</a> (a plain WebSocket echo),
<code>/live</code> (the echo for tidewire clients), <code>/news</code> (where only the server speaks),
<a href=\"/news/latest\">/news/latest</a> (the latest of it) and
<a href=\"/connections\">/connections</a> (who is connected).</p>
</html>
";

/// `/index`, and the files that the page refers to.
pub(crate) fn routes(folder: Option<&Path>) -> Router<App> {
    let Some(folder) = folder else {
        return Router::new().route("/index", get(async || Html(HELP)));
    };
    let fresh =
        SetResponseHeaderLayer::if_not_present(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Router::new()
        .route_service("/index", ServeFile::new(folder.join("index.html")))
        .fallback_service(ServeDir::new(folder))
        .layer(fresh)
}
