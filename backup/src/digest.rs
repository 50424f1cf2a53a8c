//! Counting and hashing bytes as they pass.

use crate::manifest::Digested;
use aws_lc_rs::digest::{Context, SHA256};

/// SHA-256 and the number of bytes.
pub(crate) struct Digest {
    context: Context,
    bytes: u64,
}

impl Digest {
    pub fn new() -> Self {
        Self { context: Context::new(&SHA256), bytes: 0 }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    pub fn finish(self) -> Digested {
        Digested { bytes: self.bytes, sha256: hex::encode(self.context.finish()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_sha256() {
        let mut digest = Digest::new();
        digest.update(b"a");
        digest.update(b"bc");
        let Digested { bytes, sha256 } = digest.finish();
        assert_eq!((bytes, sha256.as_str()), (3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    }
}
