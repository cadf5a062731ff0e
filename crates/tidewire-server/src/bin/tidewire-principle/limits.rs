//! Every bound of this server. What has no bound belongs to the first client that looks for it.

use std::time::Duration;

/// Connections served at once, each by a thread of its own.
pub(crate) const PLACES: usize = 64;

/// Connections that wait for one of these places: the backlog of `listen(socket, 5)`, kept by the program itself.
pub(crate) const BACKLOG: usize = 5;

/// Refused connections that are still being told so.
pub(crate) const FAREWELLS: usize = 32;

/// Bytes of an opening. No browser sends more, unless its cookies are many.
pub(crate) const OPENING: usize = 8_096;

/// Bytes asked of the socket by one read.
pub(crate) const CHUNK: usize = 4_096;

/// Bytes of a message, whether it comes in one frame or in many.
pub(crate) const MESSAGE: usize = 65_536;

/// Frames of a message: empty ones cost no memory, but may not go on for ever.
pub(crate) const FRAGMENTS: usize = 1_024;

/// Connections whose bytes are kept to be shown, the newest ones.
pub(crate) const TRANSCRIPTS: usize = 16;

/// Frames of each that are kept, the newest ones.
pub(crate) const FRAMES_SHOWN: usize = 64;

/// Bytes of each frame that are kept, the first ones.
pub(crate) const FRAME_SHOWN: usize = 256;

/// Until the opening is complete; a client that sends a byte now and then gains nothing.
pub(crate) const OPENING_TIME: Duration = Duration::from_secs(10);

/// From the first byte of a frame to its last.
pub(crate) const FRAME_TIME: Duration = Duration::from_secs(30);

/// Until the peer has taken what is written to it.
pub(crate) const WRITE_TIME: Duration = Duration::from_secs(20);

/// Silence after which the peer is asked whether it is still there.
pub(crate) const QUIET_TIME: Duration = Duration::from_secs(60);

/// How long it may take to say so.
pub(crate) const PONG_TIME: Duration = Duration::from_secs(20);

/// For the peer to read our last words and to close its end.
pub(crate) const PARTING_TIME: Duration = Duration::from_secs(3);

/// The same for a client for whom there was no place.
pub(crate) const FAREWELL_TIME: Duration = Duration::from_secs(1);
