//! Listening in on a connection: the heads of requests that somebody may ask for, and of their answers, byte by byte.

use std::sync::{Arc, OnceLock};

use crate::head::{self, MAX_HEAD};

/// How requests begin whose heads are kept.
const OF_INTEREST: &[u8] = b"GET /message?";

/// Where the head of an answer appears once it is sent.
pub(crate) type AnswerHead = Arc<OnceLock<Vec<u8>>>;

/// What was heard on one connection.
#[derive(Default)]
pub(super) struct Tap {
    request: Request,
    answer: Option<(AnswerHead, Vec<u8>)>,
}

#[derive(Default)]
enum Request {
    /// The next byte begins one.
    #[default]
    Next,
    /// One of interest has begun.
    Head(Vec<u8>),
    /// Nothing of interest until the server says something.
    Other,
}

impl Tap {
    /// These bytes have come from the client.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        let mut head = match std::mem::take(&mut self.request) {
            Request::Next => Vec::new(),
            Request::Head(head) => head,
            Request::Other => {
                self.request = Request::Other;
                return;
            }
        };
        let expected = OF_INTEREST.get(head.len()..).unwrap_or_default();
        if expected
            .iter()
            .zip(bytes)
            .any(|(expected, byte)| expected != byte)
        {
            self.request = Request::Other;
            return;
        }
        if head::end(&head).is_none() {
            head.extend(bytes.iter().take(MAX_HEAD.saturating_sub(head.len())));
        }
        self.request = Request::Head(head);
    }

    /// The head of the request that is being answered, where it was of interest.
    pub(super) fn request_head(&self) -> Option<Vec<u8>> {
        match &self.request {
            Request::Head(bytes) => bytes.get(..head::end(bytes)?).map(<[u8]>::to_vec),
            Request::Next | Request::Other => None,
        }
    }

    /// Keeps the head of the next answer there.
    pub(super) fn keep_answer(&mut self, answer: AnswerHead) {
        self.answer = Some((answer, Vec::new()));
    }

    /// The server is about to write these bytes. What is kept is there before the client can have it, so that the client
    /// can ask for it.
    pub(super) fn about_to_write(&mut self, bytes: &[u8]) {
        if let Some((answer, begun)) = &mut self.answer {
            let rest = MAX_HEAD.saturating_sub(begun.len());
            let mut all = begun.clone();
            all.extend(bytes.iter().take(rest));
            if let Some(end) = head::end(&all) {
                all.truncate(end);
                // It is new, so it is empty.
                let _ = answer.set(all);
                self.answer = None;
            }
        }
    }

    /// These bytes were written.
    pub(super) fn wrote(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.request = Request::Next;
        if let Some((_, begun)) = &mut self.answer {
            let rest = MAX_HEAD.saturating_sub(begun.len());
            begun.extend(bytes.iter().take(rest));
            if begun.len() >= MAX_HEAD {
                self.answer = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &[u8] = b"GET /message?watch=a HTTP/1.1\r\nHost: one\r\n\r\n";
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody";

    #[test]
    fn heads_are_put_together_from_pieces_of_any_size() {
        for size in 1..ANSWER.len() {
            let mut tap = Tap::default();
            for round in 0..2 {
                for piece in REQUEST.chunks(size) {
                    assert_eq!(tap.request_head(), None, "{size}, {round}");
                    tap.read(piece);
                }
                assert_eq!(tap.request_head().as_deref(), Some(REQUEST), "{size}");
                let answer = AnswerHead::default();
                tap.keep_answer(Arc::clone(&answer));
                for piece in ANSWER.chunks(size) {
                    tap.about_to_write(piece);
                    tap.wrote(piece);
                }
                let head = answer.get().map(Vec::as_slice);
                assert_eq!(head, ANSWER.strip_suffix(b"body"), "{size}");
            }
        }
    }

    #[test]
    fn other_requests_and_endless_heads_are_not_kept() {
        let mut tap = Tap::default();
        tap.read(b"GET /messages?watch=a HTTP/1.1\r\n\r\n");
        tap.read(REQUEST);
        assert!(matches!(tap.request, Request::Other));

        let mut tap = Tap::default();
        tap.read(&REQUEST[..40]);
        for _ in 0..100 {
            tap.read(&[b'a'; 1_024]);
        }
        assert!(matches!(&tap.request, Request::Head(head) if head.len() == MAX_HEAD));
        assert_eq!(tap.request_head(), None);
        tap.keep_answer(AnswerHead::default());
        for _ in 0..100 {
            tap.about_to_write(&[b'a'; 1_024]);
            tap.wrote(&[b'a'; 1_024]);
        }
        assert!(tap.answer.is_none());
    }
}
