//! Plain requests.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Sends a request over a connection of its own; the answer's status and its body as text.
///
/// # Errors
///
/// When nobody answers, or the answer breaks off.
pub(crate) async fn request(
    method: Method,
    url: &str,
    body: Bytes,
) -> Result<(StatusCode, String), Error> {
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header("accept", "application/json")
        .header("connection", "close")
        .body(Full::new(body))?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}
