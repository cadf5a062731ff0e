//! Clients that may be plain ones: telling them from tidewire clients, and passing their bytes on.
//!
//! A tidewire client says HELLO in its first frame, and says it as soon as its WebSocket is open. A plain client says something else,
//! or waits for its server to speak. So the first frame decides; where none comes in time, the client counts as plain and its
//! backend is reached, and if its first frame is a HELLO after all, nothing is lost as long as the backend was silent.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use tidewire_proto::server::{CarrierKind, read_opening};
use tidewire_server::{Close, CloseCode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::dial::Opened;
use crate::forward::{self, Opening};
use crate::gateway::Inner;
use crate::places::{NoPlace, Place};
use crate::tunnel::{self, CLOSE_TIMEOUT, Screen, Side};
use crate::wire::Rewound;

/// Longest HELLO with its token, and the header of its frame.
const LONGEST_HELLO: usize = 9 * 1024;
/// Time that a first frame may take once it has begun.
const FIRST_FRAME: Duration = Duration::from_secs(10);

/// Whose first frame it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum First {
    Hello,
    Other,
    /// Too little to tell.
    Unknown,
}

/// Serves a WebSocket of which only the head of its request is known.
pub(crate) async fn decide<S>(gateway: Arc<Inner>, mut client: S, parts: Parts)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut ahead = BytesMut::new();
    let first = tokio::select! {
        first = first_frame(&mut client, &mut ahead, gateway.limits.plain_after) => first,
        () = gateway.stopping() => return refuse(client, &NoPlace::Stopping.close()).await,
    };
    match first {
        Ok(First::Hello) => give_to_session(&gateway, client, ahead.freeze(), parts).await,
        Ok(First::Other | First::Unknown) => match open(&gateway, &parts).await {
            Ok((opened, place)) => pass(gateway, client, ahead, opened, parts, place).await,
            Err(close) => refuse(client, &close).await,
        },
        Err(error) => tracing::debug!(%error, "the client left before its first frame"),
    }
}

/// Passes a plain WebSocket on to a backend that has accepted it, unless its first frame is a HELLO.
pub(crate) async fn pass<S>(
    gateway: Arc<Inner>,
    mut client: S,
    mut ahead: BytesMut,
    opened: Opened,
    parts: Parts,
    place: Place,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut backend = opened.connection;
    let mut spoken = [0; 1_024];
    // Until either side has spoken.
    let (said, is_known) = loop {
        match judge(&ahead) {
            First::Hello => {
                // The session opens a connection of its own, or has one.
                let moved =
                    Close::new(CloseCode::GOING_AWAY, "session: the client speaks tidewire");
                let frame = tunnel::close_frame(Side::Backend, &moved);
                // One that cannot be told sees its connection end.
                let _ = backend.write_all(&frame).await;
                drop((backend, place));
                return give_to_session(&gateway, client, ahead.freeze(), parts).await;
            }
            First::Other => break (0, true),
            First::Unknown => {}
        }
        tokio::select! {
            read = client.read_buf(&mut ahead) => match read {
                Ok(0) | Err(_) => break (0, true),
                Ok(_) => {}
            },
            read = backend.read(&mut spoken) => break (read.unwrap_or(0), false),
            () = gateway.stopping() => break (0, true),
        }
    };
    let said = Bytes::copy_from_slice(spoken.get(..said).unwrap_or_default());
    let backend = Rewound::new(said, backend);
    let screened = if is_known { Screen::Off } else { Screen::On };
    let client = Rewound::new(ahead.freeze(), client);
    tunnel::run(&gateway, client, backend, screened).await;
    drop(place);
}

async fn give_to_session<S>(gateway: &Inner, client: S, ahead: Bytes, parts: Parts)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let client = Rewound::new(ahead, client);
    gateway.hub.serve_socket(client, parts).await;
}

async fn open(gateway: &Inner, parts: &Parts) -> Result<(Opened, Place), Close> {
    let opening = Opening::of(parts, &forward::offered(parts))
        .map_err(|reason| Close::new(CloseCode::INTERNAL, reason))?;
    let place = gateway
        .plain_place(opening.client)
        .map_err(NoPlace::close)?;
    let opened = gateway.dial(opening).await.map_err(|error| error.close())?;
    Ok((opened, place))
}

/// Tells a client that is connected already why it cannot stay.
async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(mut client: S, close: &Close) {
    let goodbye = async {
        client
            .write_all(&tunnel::close_frame(Side::Client, close))
            .await?;
        client.shutdown().await
    };
    // An error means that it is gone already, a timeout that it does not care.
    if let Ok(Ok(())) = tokio::time::timeout(CLOSE_TIMEOUT, goodbye).await {
        let _ = tunnel::drain(&mut client).await;
    }
}

/// Reads until it is known whose first frame it is, or nothing came within `silence`. What was read is in `ahead`, also
/// where this is cancelled.
async fn first_frame<S: AsyncRead + Unpin>(
    client: &mut S,
    ahead: &mut BytesMut,
    silence: Duration,
) -> io::Result<First> {
    match tokio::time::timeout(silence, read_some(client, ahead)).await {
        Ok(read) => read?,
        Err(_) => return Ok(First::Unknown),
    }
    let rest = async {
        loop {
            match judge(ahead) {
                First::Unknown => read_some(client, ahead).await?,
                first => return Ok(first),
            }
        }
    };
    tokio::time::timeout(FIRST_FRAME, rest)
        .await
        .unwrap_or(Ok(First::Other))
}

async fn read_some<S: AsyncRead + Unpin>(client: &mut S, ahead: &mut BytesMut) -> io::Result<()> {
    match client.read_buf(ahead).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// Whether these bytes, the first ones of a client, begin with a HELLO in a frame.
pub(crate) fn judge(bytes: &[u8]) -> First {
    let Some(first) = bytes.first() else {
        return First::Unknown;
    };
    // Binary, without an extension's bits, as a whole or as the beginning of a message.
    if !matches!(first, 0x82 | 0x02) {
        return First::Other;
    }
    let Some(second) = bytes.get(1) else {
        return First::Unknown;
    };
    let mask_at = match second {
        0x80..=0xfd => 2,
        0xfe => 4,
        0xff => 10,
        // Clients mask.
        _ => return First::Other,
    };
    let Some((mask, payload)) = bytes
        .get(mask_at..)
        .and_then(|rest| rest.split_first_chunk::<4>())
    else {
        return First::Unknown;
    };
    let length = match bytes.get(2..mask_at).unwrap_or_default() {
        [] => u64::from(second & 0x7f),
        extended => extended
            .iter()
            .fold(0, |length, byte| length << 8 | u64::from(*byte)),
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let payload: Vec<u8> = payload
        .iter()
        .zip(mask.iter().cycle())
        .take(length.min(LONGEST_HELLO))
        .map(|(byte, mask)| byte ^ mask)
        .collect();
    match read_opening(&payload, CarrierKind::Socket) {
        Ok(_) => First::Hello,
        // What breaks a rule may only be incomplete, as long as it begins as a HELLO does.
        Err(_) if payload.len() == length || payload.len() >= LONGEST_HELLO => First::Other,
        Err(_)
            if payload
                .iter()
                .zip(HELLO)
                .all(|(byte, hello)| *byte == hello) =>
        {
            First::Unknown
        }
        Err(_) => First::Other,
    }
}

/// The type of the frame, and the version.
const HELLO: [u8; 2] = [0x01, 0x01];
