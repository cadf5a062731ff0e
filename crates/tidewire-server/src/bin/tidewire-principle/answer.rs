//! The bytes of an HTTP answer (RFC 9112, 4).

/// An answer with a line or more of plain text; the connection closes behind it.
#[derive(Debug)]
pub(crate) struct Answer {
    status: &'static str,
    headers: String,
    text: String,
}

impl Answer {
    /// An answer with this status (number and phrase) and text.
    ///
    /// A refusal's text is one of our own sentences and never repeats the input: what the client sent does not belong
    /// into a page, a terminal or a log where somebody reads the answer.
    pub(crate) fn new(status: &'static str, text: impl Into<String>) -> Self {
        Self {
            status,
            headers: String::new(),
            text: text.into(),
        }
    }

    /// The answer that ends HTTP on this connection and begins WebSocket (RFC 6455, 4.2.2).
    pub(crate) fn switch(accept: &str) -> Vec<u8> {
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        )
        .into_bytes()
    }

    /// Adds a header line. The value is our own, or has been checked: a line break in it would begin another line.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        let Self {
            status,
            headers,
            text,
        } = self;
        // With the line break that ends the text.
        let length = text.len() + 1;
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n\
             Connection: close\r\nX-Content-Type-Options: nosniff\r\n{headers}\r\n{text}\n"
        )
        .into_bytes()
    }
}
