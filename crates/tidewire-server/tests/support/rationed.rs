//! A TCP proxy of which no connection carries more than a ration of bytes.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What has passed in one direction, over all connections.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Passed {
    pub(crate) bytes: usize,
    /// Connections that were cut because this direction had used up its ration.
    pub(crate) cuts: usize,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) up: Passed,
    pub(crate) down: Passed,
}

/// The running proxy; it ends when dropped.
pub(crate) struct Rationed {
    pub(crate) address: SocketAddr,
    traffic: Arc<Mutex<Traffic>>,
    _tasks: JoinSet<()>,
}

impl Rationed {
    /// Passes on to `server` until `ration` bytes have passed in one direction of a connection; then cuts the connection.
    pub(crate) async fn start(server: SocketAddr, ration: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let traffic = Arc::new(Mutex::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, server, ration, Arc::clone(&traffic)));
        Self {
            address,
            traffic,
            _tasks: tasks,
        }
    }

    pub(crate) fn traffic(&self) -> Traffic {
        *self.traffic.lock().expect("no test has failed")
    }
}

async fn accept(
    listener: TcpListener,
    server: SocketAddr,
    ration: usize,
    traffic: Arc<Mutex<Traffic>>,
) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.expect("a connection");
        connections.spawn(pass(client, server, ration, Arc::clone(&traffic)));
    }
}

/// Passes on until both directions have ended: a ration that is used up ends its direction, and the side that is told so
/// closes the other one. What was on its way arrives all the same, so that the cut is where the ration says.
async fn pass(
    mut client: TcpStream,
    server: SocketAddr,
    ration: usize,
    traffic: Arc<Mutex<Traffic>>,
) {
    let mut server = TcpStream::connect(server).await.expect("the server");
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let count = |choose: fn(&mut Traffic) -> &mut Passed| {
        let traffic = &traffic;
        move |bytes, is_cut| {
            let mut traffic = traffic.lock().expect("no test has failed");
            let passed = choose(&mut traffic);
            passed.bytes += bytes;
            passed.cuts += usize::from(is_cut);
        }
    };
    // A broken connection has ended too, and there is nobody to be told.
    let _ = tokio::try_join!(
        pump(
            from_client,
            to_server,
            ration,
            count(|passed| &mut passed.up)
        ),
        pump(
            from_server,
            to_client,
            ration,
            count(|passed| &mut passed.down)
        ),
    );
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    ration: usize,
    count: impl Fn(usize, bool),
) -> io::Result<()> {
    let mut buffer = [0; 4_096];
    let mut left = ration;
    while left > 0 {
        let portion = left.min(buffer.len());
        let read = from.read(&mut buffer[..portion]).await?;
        if read == 0 {
            break;
        }
        to.write_all(&buffer[..read]).await?;
        left -= read;
        count(read, left == 0);
    }
    to.shutdown().await
}
