//! Public and secret keys, in the notation of age (X25519).

use crate::Error;
use age::{secrecy::ExposeSecret, x25519};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A public key, `age1…`: whoever has the secret key to it can read a backup.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Recipient(pub(crate) x25519::Recipient);

impl FromStr for Recipient {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let reason = |reason: &str| Error::InvalidKey(format!("a public key begins with age1: {reason}"));
        text.trim().parse().map(Self).map_err(reason)
    }
}

impl TryFrom<String> for Recipient {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Recipient> for String {
    fn from(recipient: Recipient) -> Self {
        recipient.to_string()
    }
}

impl PartialEq for Recipient {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Recipient {}

impl fmt::Display for Recipient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A secret key, which opens what was encrypted to its [`Recipient`].
#[derive(Clone)]
pub struct Identity(pub(crate) x25519::Identity);

impl Identity {
    /// A fresh one.
    #[must_use]
    pub fn generate() -> Self {
        Self(x25519::Identity::generate())
    }

    /// Its text, `AGE-SECRET-KEY-1…`.
    #[must_use]
    pub fn to_secret(&self) -> String {
        self.0.to_string().expose_secret().to_owned()
    }

    /// The public key that belongs to it.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }
}

impl FromStr for Identity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let reason = |reason: &str| Error::InvalidKey(format!("a secret key begins with AGE-SECRET-KEY-1: {reason}"));
        text.trim().parse().map(Self).map_err(reason)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Identity of {}", self.recipient())
    }
}

/// Reads an identity file as `age-keygen` writes it: a key a line, with blank lines and `#` comments between.
///
/// # Errors
/// [`Error::InvalidKey`], which names the line and not its text, also when there is no key at all.
pub fn identities(text: &str) -> Result<Vec<Identity>, Error> {
    let lines = text.lines().map(str::trim).enumerate();
    let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let parse = |(number, line): (usize, &str)| {
        line.parse().map_err(|error| Error::InvalidKey(format!("line {}: {error}", number + 1)))
    };
    let keys: Vec<Identity> = keys.map(parse).collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err(Error::InvalidKey("the identity file holds no key".to_owned()));
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_file_is_read_and_its_secrets_are_not_shown() {
        let (one, two) = (Identity::generate(), Identity::generate());
        let file =
            format!("# created\n# public key: {}\n\n{}\n  {}\r\n", one.recipient(), one.to_secret(), two.to_secret());
        let keys = identities(&file).unwrap();
        assert_eq!(keys.iter().map(Identity::recipient).collect::<Vec<_>>(), [one.recipient(), two.recipient()]);
        assert!(!format!("{keys:?}").contains("SECRET"));
        let broken = format!("{}x", one.to_secret());
        let error = identities(&format!("\n{broken}")).unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        assert!(!error.to_string().contains(&broken[20..40]), "{error}");
        assert_eq!(identities("# nothing\n").unwrap_err().code(), "invalid_key");
    }

    #[test]
    fn a_public_key_is_not_taken_for_a_secret_one() {
        let identity = Identity::generate();
        assert!(identity.recipient().to_string().parse::<Identity>().is_err());
        assert!(identity.to_secret().parse::<Recipient>().is_err());
    }
}
