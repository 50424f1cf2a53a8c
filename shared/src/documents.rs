//! The documents that can be searched: projects and profiles, as their owners have written them.
//!
//! The row is the truth; every index follows it. Each change raises its version, a deletion included, and the row stays
//! as a tombstone, so that whoever brings an older version somewhere can be told so. [`write()`] accepts changes together
//! with the jobs that bring them to the index; [`take`] and [`read`] are those jobs' side; [`slice()`] walks over all rows.

mod buckets;
mod kinds;
mod read;
mod write;

pub use buckets::{BucketEntry, bucket_sums, entries, raise, rows, sample};
pub use kinds::{Fault, Profile, Project, check};
pub use read::{Asked, Found, Row, Targets, find, read, slice, take};
pub use write::{Change, Written, locked_version, write};

use poem_openapi::Enum;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// What a document is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Enum)]
#[serde(rename_all = "lowercase")]
#[oai(rename_all = "lowercase")]
pub enum DocumentType {
    /// Something that people build: see [`Project`].
    Project,
    /// Somebody: see [`Profile`].
    Profile,
}

impl DocumentType {
    /// Every type.
    pub const ALL: [Self; 2] = [Self::Project, Self::Profile];

    /// The word for it in the ledger, in the index and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Profile => "profile",
        }
    }
}

impl fmt::Display for DocumentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no type.
#[derive(Debug, thiserror::Error)]
#[error("there is no such type of document; there are project and profile")]
pub struct UnknownType;

impl FromStr for DocumentType {
    type Err = UnknownType;

    fn from_str(word: &str) -> Result<Self, UnknownType> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(UnknownType)
    }
}

/// The longest id of a document.
pub const LONGEST_ID: usize = 128;

/// Which document it is. Keys are ordered as the ledger orders them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DocumentKey {
    /// Whose it is.
    pub workspace_id: Uuid,
    /// Its type.
    pub kind: DocumentType,
    /// Its owner's name for it.
    pub id: String,
}

impl DocumentKey {
    /// Its id in the index.
    #[must_use]
    pub fn index_id(&self) -> String {
        format!("{}:{}:{}", self.workspace_id, self.kind, self.id)
    }

    /// The key of an id in the index, if it is one of ours.
    #[must_use]
    pub fn of_index_id(text: &str) -> Option<Self> {
        let (workspace, rest) = text.split_once(':')?;
        let (kind, id) = rest.split_once(':')?;
        Some(Self { workspace_id: workspace.parse().ok()?, kind: kind.parse().ok()?, id: id.to_owned() })
    }

    /// Which of 256 buckets it is in, by which ledger and index are compared: the first byte of the SHA-256 of
    /// [`DocumentKey::index_id`].
    #[must_use]
    pub fn bucket(&self) -> i16 {
        Sha256::digest(self.index_id().as_bytes())[0].into()
    }

    /// What its version counts for in the sum of its bucket, 1 to 65,536: the next two bytes of the hash, plus one. So
    /// two differences do not make up for each other.
    #[must_use]
    pub fn salt(&self) -> i32 {
        let hash = Sha256::digest(self.index_id().as_bytes());
        i32::from(hash[1]) * 256 + i32::from(hash[2]) + 1
    }
}

/// Whether a text can be a document's id: 1 to 128 letters and digits of ASCII, `.`, `_`, `~` and `-`.
#[must_use]
pub fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_the_way_through_the_index() {
        let key = DocumentKey { workspace_id: Uuid::nil(), kind: DocumentType::Profile, id: "a.b~c_d-1".into() };
        assert_eq!(DocumentKey::of_index_id(&key.index_id()), Some(key.clone()));
        assert!((0..256).contains(&key.bucket()));
        for other in ["", "x:project:1", "00000000-0000-0000-0000-000000000000:team:1"] {
            assert_eq!(DocumentKey::of_index_id(other), None, "{other}");
        }
    }

    #[test]
    fn ids_are_words_that_stand_in_a_path() {
        assert!(is_id("a") && is_id(&"x".repeat(128)) && is_id("0193-a.b_c~d"));
        for bad in ["", "a b", "a/b", "a:b", "é", &"x".repeat(129)] {
            assert!(!is_id(bad), "{bad}");
        }
    }
}
