//! The token in a link to unsubscribe: which recipient of which e-mail, signed with the workspace's secret.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// How much of the HMAC the token carries, in bytes.
const TAG: usize = 16;
/// What is signed is of no other use of the same secret.
const PURPOSE: &[u8] = b"gotong unsubscribe";

/// What a token says. Whether it is genuine is told by [`Claim::is_signed_by`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The e-mail.
    pub email_id: Uuid,
    /// The recipient's place in it.
    pub position: i16,
    tag: [u8; TAG],
}

/// The token of a recipient: 46 letters, digits, `-` and `_`.
#[must_use]
pub fn token(secret: &[u8], email_id: Uuid, position: i16) -> String {
    let mut bytes = email_id.as_bytes().to_vec();
    bytes.extend(position.to_be_bytes());
    bytes.extend(tag(secret, email_id, position));
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Claim {
    /// Reads a token; `None` if it is not of the right form.
    #[must_use]
    pub fn read(token: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (id, rest) = bytes.split_at_checked(16)?;
        let (position, tag) = rest.split_at_checked(2)?;
        let position = i16::from_be_bytes(position.try_into().ok()?);
        Some(Self { email_id: Uuid::from_slice(id).ok()?, position, tag: tag.try_into().ok()? })
    }

    /// Whether it was made with that secret.
    #[must_use]
    pub fn is_signed_by(&self, secret: &[u8]) -> bool {
        mac(secret, self.email_id, self.position).verify_truncated_left(&self.tag).is_ok()
    }
}

fn mac(secret: &[u8], email_id: Uuid, position: i16) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(PURPOSE);
    mac.update(email_id.as_bytes());
    mac.update(&position.to_be_bytes());
    mac
}

fn tag(secret: &[u8], email_id: Uuid, position: i16) -> [u8; TAG] {
    let whole = mac(secret, email_id, position).finalize().into_bytes();
    std::array::from_fn(|place| whole[place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_genuine_for_its_recipient_and_secret_only() {
        let id = Uuid::from_u128(7);
        let text = token(b"secret", id, 3);
        let claim = Claim::read(&text).unwrap();
        assert_eq!((claim.email_id, claim.position, text.len()), (id, 3, 46));
        assert!(claim.is_signed_by(b"secret"));
        assert!(!claim.is_signed_by(b"another"));
        assert!(!Claim { position: 4, ..claim }.is_signed_by(b"secret"));
        assert!(!Claim { email_id: Uuid::nil(), ..claim }.is_signed_by(b"secret"));
    }

    #[test]
    fn what_is_no_token_is_none() {
        for text in ["", "a", "????", &"A".repeat(45), &"A".repeat(47), &"A".repeat(400)] {
            assert_eq!(Claim::read(text), None, "{text}");
        }
    }
}
