//! Reads and writes the numbers and names of which wasm modules and objects are made.

use anyhow::{Context, Result, bail};

/// Walks over the bytes of a module, and knows where it is.
pub(super) struct Reader<'m> {
    bytes: &'m [u8],
    position: usize,
}

impl<'m> Reader<'m> {
    pub(super) const fn new(bytes: &'m [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.position == self.bytes.len()
    }

    /// Bytes passed until now.
    pub(super) const fn position(&self) -> usize {
        self.position
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn take(&mut self, length: u32) -> Result<&'m [u8]> {
        let end = self.position.saturating_add(usize::try_from(length)?);
        let taken = self
            .bytes
            .get(self.position..end)
            .context("the module ends too early")?;
        self.position = end;
        Ok(taken)
    }

    /// An unsigned LEB128 number of at most 32 bits.
    pub(super) fn number(&mut self) -> Result<u32> {
        let mut value = 0u64;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(u32::try_from(value)?);
            }
        }
        bail!("a number of the module is longer than 32 bits")
    }

    /// Passes a LEB128 number of any size.
    pub(super) fn skip_number(&mut self) -> Result<()> {
        while self.byte()? & 0x80 != 0 {}
        Ok(())
    }

    pub(super) fn name(&mut self) -> Result<&'m str> {
        let length = self.number()?;
        Ok(std::str::from_utf8(self.take(length)?)?)
    }
}

/// Writes an unsigned LEB128 number.
pub(super) fn write_number(bytes: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

pub(super) fn write_name(bytes: &mut Vec<u8>, name: &str) {
    write_number(bytes, name.len());
    bytes.extend_from_slice(name.as_bytes());
}
