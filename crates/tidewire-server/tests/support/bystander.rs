//! A session that goes on while others misbehave.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tidewire_proto::Transport;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::client::{TestClient, only};

/// Echoes 100 messages a second until it is asked for its verdict.
pub(crate) struct Bystander {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Vec<Duration>>,
}

impl Bystander {
    pub(crate) async fn start(server: SocketAddr) -> Self {
        let mut client = TestClient::connect(server, only(Transport::WebSocket));
        client.connected().await;
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut pace = tokio::time::interval(Duration::from_millis(10));
            let mut round_trips = Vec::new();
            while stopped.try_recv().is_err() {
                pace.tick().await;
                let number = round_trips.len().to_string();
                let sent = Instant::now();
                client.send(number.as_str()).await;
                assert_eq!(
                    client.text().await,
                    number,
                    "lost, repeated or out of order"
                );
                round_trips.push(sent.elapsed());
            }
            let stats = client.stats().await;
            assert_eq!((stats.reconnects, stats.sessions_lost), (0, 0));
            round_trips
        });
        Self { stop, task }
    }

    /// Nothing was lost, and the 99th percentile of its round trips is within the bound.
    pub(crate) async fn unharmed(self, bound: Duration) {
        assert!(self.stop.send(()).is_ok(), "it has failed");
        let mut round_trips = self.task.await.expect("it has failed");
        round_trips.sort_unstable();
        let p99 = round_trips[(round_trips.len() - 1) * 99 / 100];
        assert!(
            p99 < bound,
            "p99 of {} round trips: {p99:?}",
            round_trips.len()
        );
    }
}
