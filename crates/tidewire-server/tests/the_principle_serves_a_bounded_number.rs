//! The teaching server serves 64 connections, lets 5 wait, and tells the others to come back.

mod support;

use support::principle::{Principle, ended, next_frame, upgraded, write};
use support::raw::{self, frame};
use tokio::net::TcpStream;

async fn full(principle: &Principle) -> (Vec<TcpStream>, Vec<TcpStream>) {
    let mut served = Vec::new();
    for _ in 0..64 {
        served.push(principle.open("/").await);
    }
    let mut waiting = Vec::new();
    for _ in 0..5 {
        let mut stream = principle.connect().await;
        write(&mut stream, &raw::handshake("/", "")).await;
        waiting.push(stream);
    }
    (served, waiting)
}

async fn is_refused(principle: &Principle) {
    let mut stream = principle.connect().await;
    write(&mut stream, &raw::handshake("/", "")).await;
    let answer = raw::read_answer(&mut stream).await.expect("an answer");
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), Some("5"));
    ended(&mut stream).await;
}

fn hears_nothing(stream: &TcpStream) {
    let heard = stream.try_read(&mut [0]);
    let kind = heard.expect_err("silence").kind();
    assert_eq!(kind, std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_place_that_is_freed_goes_to_the_first_who_waits() {
    let principle = Principle::start();
    let (mut served, mut waiting) = full(&principle).await;
    is_refused(&principle).await;
    waiting.iter().for_each(hears_nothing);

    // One leaves by a close, one by a cut, one by breaking a rule.
    write(&mut served[0], &frame(0x88, b"")).await;
    next_frame(&mut served[0]).await.expect("a close");
    served.remove(0);
    upgraded(&mut waiting[0]).await;
    waiting[1..].iter().for_each(hears_nothing);
    served.remove(0);
    upgraded(&mut waiting[1]).await;
    write(&mut served[0], &[0xff, 0xff]).await;
    next_frame(&mut served[0]).await.expect("a close");
    served.remove(0);
    upgraded(&mut waiting[2]).await;
    waiting[3..].iter().for_each(hears_nothing);

    // Three may wait again, and no more.
    let mut more = Vec::new();
    for _ in 0..3 {
        let mut stream = principle.connect().await;
        write(&mut stream, &raw::handshake("/", "")).await;
        more.push(stream);
    }
    is_refused(&principle).await;
    drop(served);
    for stream in waiting[3..].iter_mut().chain(&mut more) {
        upgraded(stream).await;
    }
    // Those who came in are served like any other.
    write(&mut more[2], &frame(0x81, b"at last")).await;
    let echo = next_frame(&mut more[2]).await.expect("an echo");
    assert_eq!(echo, (0x81, b"at last".to_vec()));
}

#[tokio::test]
async fn refused_clients_that_stay_harm_nobody() {
    let principle = Principle::start();
    let (served, mut waiting) = full(&principle).await;
    // None of them reads or closes.
    let mut staying = Vec::new();
    for _ in 0..200 {
        staying.push(principle.connect().await);
    }
    is_answered_503(&mut staying[0]).await;
    is_answered_503(&mut staying[199]).await;
    drop(served);
    for stream in &mut waiting {
        upgraded(stream).await;
    }
}

async fn is_answered_503(stream: &mut TcpStream) {
    let answer = raw::read_answer(stream).await.expect("an answer");
    assert_eq!(answer.status, 503);
}

#[tokio::test]
async fn ten_thousand_connections_leave_nothing_behind() {
    let principle = Principle::start();
    for number in 0..10_000_u32 {
        match number % 4 {
            // Connected and gone.
            0 => drop(principle.connect().await),
            // Half an opening.
            1 => write(&mut principle.connect().await, b"GET / HTTP").await,
            2 => assert_eq!(principle.get("/", "").await.status, 200),
            // An open connection and half a frame.
            _ => write(&mut principle.open("/watch/x").await, &[0x81]).await,
        }
    }
    #[cfg(target_os = "linux")]
    {
        let count = |what: &str| {
            let folder = format!("/proc/{}/{what}", principle.id());
            std::fs::read_dir(folder).expect("its entries").count()
        };
        // The main thread and those that assign places and say farewell; one file for each standard stream, the
        // listener and little more.
        support::eventually("no thread is left", || count("task") <= 3).await;
        support::eventually("no socket is left", || count("fd") <= 8).await;
    }
    principle.open("/").await;
}
