//! The accept loop: what `axum::serve` leaves to the user, done.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use http::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::accepted::Accepted;
use crate::config::ServeConfig;

/// A TCP listener whose connections send at once (`TCP_NODELAY`): without it a burst of small messages waits 40 ms.
#[derive(Debug)]
pub struct Tcp(TcpListener);

impl Tcp {
    /// Listens on `address`; port 0 takes a free one, which `local_addr` tells.
    ///
    /// # Errors
    /// Those of the system: the address is in use, or not this machine's.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        TcpListener::bind(address).await.map(Self)
    }
}

impl Listener for Tcp {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.0).await;
        if let Err(error) = stream.set_nodelay(true) {
            // The connection is most likely gone already; if not, it is slower but works.
            tracing::debug!(%error, "TCP_NODELAY");
        }
        (stream, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// Serves `router` over HTTP/1.1 until `stop` completes, then lets requests under way finish for a bounded time.
///
/// Beyond `axum::serve` it bounds connections, the time and size of request heads and the time that a peer may refuse to
/// read, and closes the connection behind a chunked request, so that nothing can be smuggled in between two readings of its length (RFC 9112 section 6.1).
/// Requests carry their peer as [`ConnectInfo<SocketAddr>`].
///
/// WebSockets are no requests under way: call [`Hub::shutdown`](crate::Hub::shutdown) before `stop` completes.
pub async fn serve<L, F>(mut listener: L, router: Router, config: ServeConfig, stop: F)
where
    L: Listener<Addr = SocketAddr>,
    F: Future<Output = ()>,
{
    let places = Arc::new(Semaphore::new(config.max_connections));
    let (stopping, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await.ok()?;
            let (io, peer) = listener.accept().await;
            Some((Accepted::new(io, config.write_stall_timeout, place), peer))
        };
        tokio::select! {
            // Nobody closes the semaphore, so there is always a place in the end.
            Some((io, peer)) = accepted => {
                connections.spawn(serve_connection(io, peer, router.clone(), config.clone(), stopped.clone()));
            }
            // Ended connections are taken out as they end, so that the set stays as small as the load.
            Some(_) = connections.join_next() => {}
            () = &mut stop => break,
        }
    }
    drop(listener);
    drop(stopped);
    stopping.send_replace(());
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(config.stop_timeout, all_ended)
        .await
        .is_err()
    {
        tracing::warn!(
            connections = connections.len(),
            "requests under way are cut off"
        );
    }
}

async fn serve_connection<I>(
    io: I,
    peer: SocketAddr,
    router: Router,
    config: ServeConfig,
    mut stopped: watch::Receiver<()>,
) where
    I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(request, peer, router.clone()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(config.head_timeout)
        .max_buf_size(config.max_head.max(8 * 1024))
        .max_headers(config.max_headers)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = &mut connection => result,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "connection");
    }
}

async fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    router: Router,
) -> Result<Response<Body>, Infallible> {
    let chunked = request.headers().contains_key(TRANSFER_ENCODING);
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    let mut response = router.oneshot(request).await?;
    if chunked {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}
