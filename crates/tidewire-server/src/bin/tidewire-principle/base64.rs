//! Base64 (RFC 4648, 4): bytes as text, three bytes in four characters.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes as text.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        // One byte fills two characters in part, two bytes three; the rest is padding.
        for place in 0..4 {
            let six = (bits >> (18 - 6 * place)) & 0x3f;
            let character = ALPHABET.get(six as usize).filter(|_| place <= three.len());
            text.push(character.map_or('=', |letter| char::from(*letter)));
        }
    }
    text
}

/// Text as bytes. Strict: one way to write each value, so padding is needed and unused bits are zero (RFC 4648, 3.5).
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let (fours, rest) = text.as_chunks::<4>();
    if !rest.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(fours.len() * 3);
    for (place, four) in fours.iter().enumerate() {
        let padding = match four {
            [_, _, b'=', b'='] => 2,
            [_, _, _, b'='] => 1,
            _ => 0,
        };
        if padding > 0 && place + 1 < fours.len() {
            return None;
        }
        let mut bits = 0_u32;
        for letter in four.iter().take(4 - padding) {
            let six = ALPHABET.iter().position(|known| known == letter)?;
            bits = bits << 6 | u32::try_from(six).ok()?;
        }
        bits <<= 6 * padding;
        let [_, three @ ..] = bits.to_be_bytes();
        let (used, unused) = three.split_at_checked(3 - padding)?;
        if unused.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend(used);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648_go_both_ways() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        for start in 0..3 {
            let bytes = &all[start..];
            assert_eq!(decode(encode(bytes).as_bytes()).as_deref(), Some(bytes));
        }
    }

    #[test]
    fn another_way_to_write_it_is_refused() {
        for text in [
            "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "=g==", "Zg==Zg==", "Zm9v\n",
            "Zm 9", "Zm-_", "Zg=v",
        ] {
            assert_eq!(decode(text.as_bytes()), None, "{text:?}");
        }
    }
}
