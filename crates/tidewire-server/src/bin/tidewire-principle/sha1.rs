//! SHA-1, as RFC 3174 writes it down.
//!
//! It turns bytes of any number into 20 that look random. As a protection it is broken, since two inputs with the same
//! digest can be found; WebSocket asks nothing of it but that both ends compute the same.

/// The digest of a message (RFC 3174, 6.1).
pub(crate) fn digest(message: &[u8]) -> [u8; 20] {
    let mut state = [
        0x6745_2301,
        0xefcd_ab89,
        0x98ba_dcfe,
        0x1032_5476,
        0xc3d2_e1f0,
    ];
    let (blocks, rest) = message.as_chunks::<64>();
    for block in blocks {
        absorb(&mut state, block);
    }
    for block in pad(rest, message.len()).as_chunks::<64>().0 {
        absorb(&mut state, block);
    }
    let mut digest = [0; 20];
    for (bytes, word) in digest.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

/// The end of the message made a whole number of blocks: a one, zeros, and the length of all in bits (RFC 3174, 4).
fn pad(rest: &[u8], message_length: usize) -> Vec<u8> {
    let mut padded = rest.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    // `usize` has at most 64 bits on every system that Rust builds for, so `as` loses nothing.
    let bits = (message_length as u64).wrapping_mul(8);
    padded.extend(bits.to_be_bytes());
    padded
}

/// Stirs a block of 64 bytes into the state, in 80 rounds.
fn absorb(state: &mut [u32; 5], block: &[u8; 64]) {
    let words = schedule(block);
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for (round, word) in words.into_iter().enumerate() {
        // Functions and constants of RFC 3174, 5.
        let (mixed, constant) = match round {
            0..20 => ((b & c) | (!b & d), 0x5a82_7999),
            20..40 => (b ^ c ^ d, 0x6ed9_eba1),
            40..60 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
            _ => (b ^ c ^ d, 0xca62_c1d6_u32),
        };
        let next = a
            .rotate_left(5)
            .wrapping_add(mixed)
            .wrapping_add(e)
            .wrapping_add(word)
            .wrapping_add(constant);
        (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
    }
    for (sum, part) in state.iter_mut().zip([a, b, c, d, e]) {
        *sum = sum.wrapping_add(part);
    }
}

/// The 16 words of a block and 64 more made of them.
fn schedule(block: &[u8; 64]) -> [u32; 80] {
    let mut words = [0; 80];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    for t in 16..80 {
        words[t] = (words[t - 3] ^ words[t - 8] ^ words[t - 14] ^ words[t - 16]).rotate_left(1);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(message: &[u8]) -> String {
        let digest = digest(message);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_vectors_of_rfc_3174_come_out() {
        assert_eq!(hex(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(
            hex(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        );
        assert_eq!(
            hex(&[b'a'; 1_000_000]),
            "34aa973cd4c4daa4f61eeb2bdbad27316534016f"
        );
        assert_eq!(
            hex("01234567".repeat(80).as_bytes()),
            "dea356a2cddd90c7a7ecedc5ebb563934f460452"
        );
    }

    #[test]
    fn the_empty_message_has_a_digest() {
        assert_eq!(hex(b""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    }

    #[test]
    fn padding_fills_whole_blocks_at_every_length() {
        for length in 0..64 {
            let blocks = if length < 56 { 1 } else { 2 };
            assert_eq!(pad(&vec![0; length], length).len(), 64 * blocks, "{length}");
        }
    }
}
