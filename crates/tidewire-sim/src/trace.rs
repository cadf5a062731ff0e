//! What happened in a run: always as one number, on demand as readable lines.

/// The record of a run.
///
/// The number covers every fact that a state machine was told and everything that it put out, byte for byte, so two runs
/// with the same number did the same.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    lines: Option<Vec<String>>,
}

impl Trace {
    pub(crate) const fn new(readable: bool) -> Self {
        Self {
            hash: 0x6A09_E667_F3BC_C908,
            lines: if readable { Some(Vec::new()) } else { None },
        }
    }

    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }

    /// Adds a number.
    pub(crate) const fn number(&mut self, number: u64) {
        self.hash = (self.hash ^ number)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(29);
    }

    /// Adds bytes, and how many there are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.number(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.number(u64::from_le_bytes(last));
    }

    /// Adds a readable line, which is only made when someone will read it.
    pub(crate) fn line(&mut self, at: u64, text: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>12.6}  {}", Seconds(at), text()));
        }
    }
}

/// Microseconds, shown as seconds.
#[derive(Clone, Copy)]
pub(crate) struct Seconds(pub(crate) u64);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000);
        f.pad_integral(true, "", &text)
    }
}

#[cfg(test)]
mod tests {
    use super::Trace;

    fn hash_of(bytes: &[u8]) -> u64 {
        let mut trace = Trace::new(false);
        trace.bytes(bytes);
        trace.hash()
    }

    #[test]
    fn one_byte_more_or_other_is_another_number() {
        let hashes = [
            hash_of(b""),
            hash_of(b"\0"),
            hash_of(b"\0\0"),
            hash_of(b"12345678"),
            hash_of(b"12345679"),
        ];
        for (index, hash) in hashes.iter().enumerate() {
            assert!(hashes[index + 1..].iter().all(|other| other != hash));
        }
    }
}
