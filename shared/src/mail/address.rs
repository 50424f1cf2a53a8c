//! Addresses as a mail server takes them, judged before anything is accepted.

use url::Host;

/// The longest address, in bytes (RFC 5321, 4.5.3.1.3, without the angle brackets).
const LONGEST: usize = 254;
/// The longest part before the @, in bytes (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;

/// Why a text is no address, or no part of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no @, or nothing after it.
    #[error("has no domain; write name@example.org")]
    NoDomain,
    /// There is nothing before the @.
    #[error("has no name before the @")]
    NoLocal,
    /// It is longer than servers take.
    #[error("is longer than {LONGEST} bytes, or {LONGEST_LOCAL} before the @")]
    TooLong,
    /// What is before the @ has characters that are not allowed there.
    #[error(
        "has characters before the @ that many servers refuse; allowed are letters, digits and .!#$%&'*+/=?^_`{{|}}~-"
    )]
    Local,
    /// What follows the @ is no name of a domain.
    #[error("has no valid domain after the @")]
    Domain,
    /// A line break, or another character without a form of its own, would begin another header.
    #[error("has a line break or another control character")]
    Control,
}

/// An address that can be handed to a mail server. Its domain is in ASCII (Punycode) and in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecipientAddress {
    text: String,
    at: usize,
}

impl RecipientAddress {
    /// Reads an address without a display name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.chars().any(char::is_control) {
            return Err(AddressError::Control);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::NoDomain)?;
        if domain.is_empty() {
            return Err(AddressError::NoDomain);
        }
        if local.is_empty() {
            return Err(AddressError::NoLocal);
        }
        let is_atom = |part: &str| !part.is_empty() && part.bytes().all(is_atom_byte);
        if !local.split('.').all(is_atom) {
            return Err(AddressError::Local);
        }
        let domain = ascii_domain(domain).ok_or(AddressError::Domain)?;
        let address = Self { text: format!("{local}@{domain}"), at: local.len() };
        if local.len() > LONGEST_LOCAL || address.text.len() > LONGEST {
            return Err(AddressError::TooLong);
        }
        Ok(address)
    }

    /// The whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What follows the @.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// What the list of suppressions knows it by. Servers may tell upper from lower case before the @; none is known
    /// that does.
    #[must_use]
    pub fn key(&self) -> String {
        self.text.to_ascii_lowercase()
    }
}

/// What an atom may be made of (RFC 5322, 3.2.3).
fn is_atom_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

/// The domain in ASCII. One label alone is no domain that takes mail (RFC 7085), except for this machine's.
fn ascii_domain(domain: &str) -> Option<String> {
    let Ok(Host::Domain(ascii)) = Host::parse(domain) else { return None };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_domain = ascii.split('.').all(is_label) && (ascii.contains('.') || ascii == "localhost");
    is_domain.then_some(ascii)
}

/// Whether a text may stand in a header: it must not break the line.
///
/// # Errors
/// [`AddressError::Control`].
pub fn check_header(text: &str) -> Result<(), AddressError> {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if text.chars().any(breaks) { Err(AddressError::Control) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_told_from_what_only_looks_like_one() {
        for (text, means) in [
            ("siti.rahma+kelas@contoh.co.id", "siti.rahma+kelas@contoh.co.id"),
            ("Budi@EXAMPLE.org", "Budi@example.org"),
            ("a@b\u{fc}cher.example", "a@xn--bcher-kva.example"),
            ("gotong@localhost", "gotong@localhost"),
        ] {
            assert_eq!(RecipientAddress::parse(text).unwrap().as_str(), means, "{text}");
        }
        for (text, why) in [
            ("budi", AddressError::NoDomain),
            ("budi@", AddressError::NoDomain),
            ("@example.org", AddressError::NoLocal),
            ("budi@example", AddressError::Domain),
            ("budi@[127.0.0.1]", AddressError::Domain),
            ("budi@127.0.0.1", AddressError::Domain),
            ("budi@-a.example", AddressError::Domain),
            ("budi@a..example", AddressError::Domain),
            ("bu di@example.org", AddressError::Local),
            ("a@b@example.org", AddressError::Local),
            (".budi@example.org", AddressError::Local),
            ("\"budi\"@example.org", AddressError::Local),
            ("b\u{fc}di@example.org", AddressError::Local),
            ("budi@example.org\r\nBcc: all@example.org", AddressError::Control),
        ] {
            assert_eq!(RecipientAddress::parse(text), Err(why), "{text}");
        }
        let long = format!("{}@example.org", "x".repeat(65));
        assert_eq!(RecipientAddress::parse(&long), Err(AddressError::TooLong));
    }

    #[test]
    fn no_control_character_passes_into_a_header() {
        assert_eq!(check_header("Selamat datang \u{1f389}"), Ok(()));
        for text in ["a\nb", "a\rb", "a\0b", "a\u{85}b", "a\u{2028}b", "\tb"] {
            assert_eq!(check_header(text), Err(AddressError::Control), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_passes_can_be_handed_to_a_server(text in "\\PC{0,20}@\\PC{0,20}") {
            if let Ok(address) = RecipientAddress::parse(&text) {
                prop_assert!(address.as_str().parse::<lettre::Address>().is_ok(), "{text:?}");
                prop_assert!(address.as_str().is_ascii());
            }
        }
    }
}
