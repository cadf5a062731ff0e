//! Numbered messages: `TAG-NUMBER TEXT`. Both ends judge by the numbers what was lost, repeated or out of order.

use crate::server::random_name;

/// Tells the messages of one sender from those of all others.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Tag(String);

impl Tag {
    /// A tag that no other page has, in all likelihood. It is no secret.
    pub(crate) fn random() -> Self {
        Self(random_name())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// A message as it travels.
    pub(crate) fn write(&self, number: u64, text: &str) -> String {
        format!("{}-{number} {text}", self.0)
    }

    /// The number and the text of a message with this tag.
    pub(crate) fn read<'m>(&self, message: &'m str) -> Option<(u64, &'m str)> {
        let rest = message.strip_prefix(self.0.as_str())?.strip_prefix('-')?;
        let (number, text) = rest.split_once(' ')?;
        Some((number.parse().ok()?, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_by_its_own_tag_only() {
        let (own, other) = (Tag("0a".into()), Tag("0b".into()));
        let message = own.write(17, "hello there");
        assert_eq!(own.read(&message), Some((17, "hello there")));
        assert_eq!(other.read(&message), None);
        assert_eq!(own.read("0a-x y"), None);
        assert_eq!(own.read("pushed by somebody"), None);
    }
}
