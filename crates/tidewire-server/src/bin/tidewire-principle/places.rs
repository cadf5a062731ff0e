//! A bounded number of connections: some are served, a few wait, the rest are told to come back.
//!
//! Each connection that is served has a thread of its own, because then its code reads from top to bottom: read, think,
//! write. Threads are not free, so their number has a bound. This file is the only one that counts, in one thread, which
//! learns by messages who comes and who goes; so there is no lock.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

use crate::answer::Answer;
use crate::limits;
use crate::server::complain;
use crate::visit::visit;
use crate::watch::Gallery;
use crate::wire;

/// What changes the number of those served.
pub(crate) enum Event {
    /// A client has connected.
    Arrived(TcpStream),
    /// A connection has ended, and its place is free.
    Left,
}

/// Gives a place to each who comes, as long as there are any.
pub(crate) fn assign(inbox: &Receiver<Event>, events: &SyncSender<Event>) {
    let gallery = Arc::new(Gallery::default());
    let farewells = farewells();
    let mut served = 0;
    let mut waiting = VecDeque::with_capacity(limits::BACKLOG + 1);
    for event in inbox {
        match event {
            Event::Arrived(stream) => waiting.push_back(stream),
            Event::Left => served -= 1,
        }
        while served < limits::PLACES
            && let Some(stream) = waiting.pop_front()
        {
            match serve(stream, &gallery, events) {
                Ok(()) => served += 1,
                Err(stream) => refuse(&stream, farewells.as_ref()),
            }
        }
        while waiting.len() > limits::BACKLOG
            && let Some(stream) = waiting.pop_back()
        {
            refuse(&Arc::new(stream), farewells.as_ref());
        }
    }
}

/// A place that is taken. It is free again when this is dropped, even by a panic in the connection's code.
struct Place(SyncSender<Event>);

impl Drop for Place {
    fn drop(&mut self) {
        // Fails only where nobody assigns places any more.
        let _ = self.0.send(Event::Left);
    }
}

/// Starts the thread of a connection. Gives the connection back where the system has no thread to give.
fn serve(
    stream: TcpStream,
    gallery: &Arc<Gallery>,
    events: &SyncSender<Event>,
) -> Result<(), Arc<TcpStream>> {
    let stream = Arc::new(stream);
    let (its_stream, gallery, events) = (stream.clone(), gallery.clone(), events.clone());
    let thread = thread::Builder::new().name("connection".to_owned());
    let started = thread.spawn(move || {
        let _place = Place(events);
        visit(&its_stream, &gallery);
        // The socket closes before the place is free, so there are never more sockets than places.
        drop(its_stream);
    });
    match started {
        Ok(_) => Ok(()),
        Err(error) => {
            complain(&format!("cannot start a thread: {error}"));
            Err(stream)
        }
    }
}

/// Tells a client that there is no place, without waiting for it.
fn refuse(stream: &Arc<TcpStream>, farewells: Option<&SyncSender<Farewell>>) {
    // A client that makes this fail does not care for an answer.
    if say_no(stream).is_ok()
        && let Some(farewells) = farewells
    {
        // Where too many are parting already, this one is cut off.
        let _ = farewells.try_send((stream.clone(), Instant::now()));
    }
}

fn say_no(mut stream: &TcpStream) -> io::Result<()> {
    let answer = Answer::new("503 Service Unavailable", "all places are taken")
        .header("Retry-After", "5")
        .into_bytes();
    // Nothing has been written to this socket yet, so the system takes so few bytes at once.
    stream.set_nonblocking(true)?;
    stream.write_all(&answer)?;
    stream.shutdown(Shutdown::Write)?;
    stream.set_nonblocking(false)
}

/// A refused connection, and when that was.
type Farewell = (Arc<TcpStream>, Instant);

/// Starts the thread that sees refused clients off, so that the answer reaches them (see [`wire::see_off`]). It takes
/// one after the other, but the time of each runs from its refusal: a slow one delays nobody behind it by more.
fn farewells() -> Option<SyncSender<Farewell>> {
    let (sender, inbox) = sync_channel::<Farewell>(limits::FAREWELLS);
    let thread = thread::Builder::new().name("farewells".to_owned());
    let started = thread.spawn(move || {
        for (stream, since) in inbox {
            wire::see_off(&stream, since + limits::FAREWELL_TIME);
        }
    });
    started.is_ok().then_some(sender)
}
