//! Passwords of people: Argon2id with the crate's defaults (19 MiB, two passes), in PHC string form.

use super::key::NoRandomness;
use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use rand::{TryRngCore, rngs::OsRng};

/// The shortest password that is taken, in characters.
pub const SHORTEST: usize = 12;
/// The longest, in bytes: hashing must stay bounded.
pub const LONGEST: usize = 1_000;

/// Why a password is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error("a password has {SHORTEST} characters at least and {LONGEST} bytes at most")]
    Length,
    /// No salt could be made.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The hash failed.
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
}

/// The hash to be kept. Takes some tens of milliseconds of CPU: not for async threads.
///
/// # Errors
/// When the password is too short or too long.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    if password.chars().count() < SHORTEST || password.len() > LONGEST {
        return Err(PasswordError::Length);
    }
    let mut salt = [0; 16];
    OsRng.try_fill_bytes(&mut salt).map_err(|_| NoRandomness)?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| PasswordError::Hash(error.to_string()))?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|error| PasswordError::Hash(error.to_string()))
}

/// Whether the password is the one whose hash was kept. As slow as [`hash`].
#[must_use]
pub fn verify(password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    password.len() <= LONGEST && Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}

/// Takes as long as [`verify`], for nobody: so that an address that is not known cannot be told by the time.
#[must_use]
pub fn waste(password: &str) -> bool {
    _ = Argon2::default().hash_password_into(password.as_bytes(), b"sixteen bytes of", &mut [0; 32]);
    false
}

/// A password to be shown once: 128 random bits.
///
/// # Errors
/// [`NoRandomness`].
pub fn generate() -> Result<String, NoRandomness> {
    let mut secret = [0; 16];
    OsRng.try_fill_bytes(&mut secret).map_err(|_| NoRandomness)?;
    Ok(hex::encode(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash_alone() {
        let password = generate().unwrap();
        let kept = hash(&password).unwrap();
        assert!(kept.starts_with("$argon2id$") && !kept.contains(&password));
        assert!(verify(&password, &kept));
        assert!(!verify("another password", &kept));
        assert!(!verify(&password, "no hash"));
        assert!(matches!(hash("short"), Err(PasswordError::Length)));
    }
}
