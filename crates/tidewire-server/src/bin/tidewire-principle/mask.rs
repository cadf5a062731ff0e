//! The mask that a client lays over each payload (RFC 6455, 5.3).
//!
//! ```text
//!  H  e  l  l  o
//! 48 65 6c 6c 6f     the payload
//! 37 fa 21 3d 37     the mask: four random bytes, over and over
//! 7f 9f 4d 51 58     each byte of the one XOR the byte of the other
//! ```
//!
//! It hides nothing, since it travels in front of what it masks. It keeps a page from choosing the bytes that go over the
//! network: a page could choose some that a proxy takes for an HTTP request, and fill the proxy's cache with lies
//! (RFC 6455, 10.3). Therefore a browser takes fresh random bytes for each frame, and a server refuses a frame without. What
//! a server sends is not masked; it could send such bytes by plain TCP anyway.

/// Masks a payload, or unmasks it: a second time takes the first time back.
pub(crate) fn mask(payload: &mut [u8], mask: [u8; 4]) {
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_6455_goes_both_ways() {
        let mut payload = *b"Hello";
        mask(&mut payload, [0x37, 0xfa, 0x21, 0x3d]);
        assert_eq!(payload, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
        mask(&mut payload, [0x37, 0xfa, 0x21, 0x3d]);
        assert_eq!(&payload, b"Hello");
    }
}
