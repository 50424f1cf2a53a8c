//! API keys: `gtg_` and 256 random bits in hexadecimal.
//!
//! The ledger keeps the SHA-256 of the whole key. A secret of 256 random bits cannot be guessed, so it needs no slow
//! hash; and looking it up by its hash tells nothing by its timing, since who does not know the key cannot choose the
//! hash.

use rand::{TryRngCore, rngs::OsRng};
use sha2::{Digest, Sha256};

const PREFIX: &str = "gtg_";
const SECRET_BYTES: usize = 32;

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness;

/// A key's SHA-256.
pub type KeyHash = [u8; 32];

/// A new key.
///
/// # Errors
/// [`NoRandomness`].
pub fn generate() -> Result<String, NoRandomness> {
    let mut secret = [0; SECRET_BYTES];
    OsRng.try_fill_bytes(&mut secret).map_err(|_| NoRandomness)?;
    Ok(format!("{PREFIX}{}", hex::encode(secret)))
}

/// The hash by which a key is known; nothing for what is no key at all.
#[must_use]
pub fn hash(key: &str) -> Option<KeyHash> {
    let secret = key.strip_prefix(PREFIX)?;
    let shaped = secret.len() == 2 * SECRET_BYTES && secret.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    shaped.then(|| Sha256::digest(key).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique_and_known_by_their_hash() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        assert_ne!(one, other);
        assert_ne!(hash(&one).unwrap(), hash(&other).unwrap());
        assert_eq!(hash(&one), hash(&one));
    }

    #[test]
    fn what_is_no_key_is_not_looked_up() {
        let key = generate().unwrap();
        for bad in ["", "gtg_", "gtg_00", &key[4..], &key.to_uppercase(), &format!("{key}0")] {
            assert_eq!(hash(bad), None, "{bad}");
        }
    }
}
