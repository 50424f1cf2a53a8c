//! The signed part of an address under which anybody may fetch a report until a time: which report, until when, and an
//! HMAC (SHA-256, 128 bits of it) made with the report's own secret.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use url::Url;
use uuid::Uuid;

const TAG: usize = 16;
/// What is signed is of no other use of the same secret.
const PURPOSE: &[u8] = b"gotong report";

/// What a token says. Whether it is genuine is told by [`Claim::is_signed_by`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The report.
    pub report: Uuid,
    /// Until when it may be fetched.
    pub until: DateTime<Utc>,
    tag: [u8; TAG],
}

/// The token: 54 letters, digits, `-` and `_`.
#[must_use]
pub fn token(secret: &[u8], report: Uuid, until: DateTime<Utc>) -> String {
    let mut bytes = report.as_bytes().to_vec();
    bytes.extend(until.timestamp().to_be_bytes());
    let whole = mac(secret, report, until.timestamp()).finalize().into_bytes();
    bytes.extend(&whole[..TAG]);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The whole address, on an installation whose public address is `base`.
#[must_use]
pub fn address(base: &Url, secret: &[u8], report: Uuid, until: DateTime<Utc>) -> String {
    let token = token(secret, report, until);
    base.join(&format!("reports/{token}")).map_or(token, String::from)
}

impl Claim {
    /// Reads a token; `None` if it is not of the right form.
    #[must_use]
    pub fn read(token: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (id, rest) = bytes.split_at_checked(16)?;
        let (until, tag) = rest.split_at_checked(8)?;
        let until = DateTime::from_timestamp(i64::from_be_bytes(until.try_into().ok()?), 0)?;
        Some(Self { report: Uuid::from_slice(id).ok()?, until, tag: tag.try_into().ok()? })
    }

    /// Whether it was made with that secret.
    #[must_use]
    pub fn is_signed_by(&self, secret: &[u8]) -> bool {
        mac(secret, self.report, self.until.timestamp()).verify_truncated_left(&self.tag).is_ok()
    }
}

fn mac(secret: &[u8], report: Uuid, until: i64) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(PURPOSE);
    mac.update(report.as_bytes());
    mac.update(&until.to_be_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_genuine_for_its_report_time_and_secret_only() {
        let (id, until) = (Uuid::from_u128(7), DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let text = token(b"secret", id, until);
        let claim = Claim::read(&text).unwrap();
        assert_eq!((claim.report, claim.until, text.len()), (id, until, 54));
        assert!(claim.is_signed_by(b"secret"));
        assert!(!claim.is_signed_by(b"another"));
        assert!(!Claim { report: Uuid::nil(), ..claim }.is_signed_by(b"secret"));
        assert!(!Claim { until: until + chrono::TimeDelta::seconds(1), ..claim }.is_signed_by(b"secret"));
    }

    #[test]
    fn what_is_no_token_is_none() {
        for text in ["", "a", "????", &"A".repeat(53), &"A".repeat(55), &"A".repeat(400)] {
            assert_eq!(Claim::read(text), None, "{text}");
        }
    }
}
