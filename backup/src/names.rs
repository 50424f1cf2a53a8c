//! Names that stand in keys of objects.

use crate::Error;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

const LONGEST: usize = 63;

fn checked(text: &str) -> Result<String, Error> {
    let is_allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-' || c == b'_';
    let is_first = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let bytes = text.as_bytes();
    let is_valid = bytes.len() <= LONGEST && bytes.iter().all(|c| is_allowed(*c));
    if is_valid && bytes.first().is_some_and(|c| is_first(*c)) {
        return Ok(text.to_owned());
    }
    Err(Error::InvalidName(text.chars().take(LONGEST + 1).collect()))
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                checked(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(text: String) -> Result<Self, Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

name! {
    /// What is backed up, as in `platform`: 1 to 63 of `a-z`, `0-9`, `-` and `_`, the first a letter or digit.
    TargetName
}

name! {
    /// One backup of a target; unique within it, with the same letters as a [`TargetName`].
    BackupId
}

impl BackupId {
    /// A fresh one, which begins with the time: `20260131t040000z-1f2e3d4c`.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        let unique = Uuid::new_v4().simple().to_string();
        Self(format!("{}-{}", now.format("%Y%m%dt%H%M%Sz"), &unique[..8]))
    }
}

impl From<Uuid> for BackupId {
    fn from(id: Uuid) -> Self {
        Self(id.hyphenated().to_string())
    }
}

/// Which backup of a target is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// The one that was begun last.
    Latest,
    /// That one.
    Id(BackupId),
}

impl FromStr for Selector {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text == "latest" { Ok(Self::Latest) } else { text.parse().map(Self::Id) }
    }
}

/// A backup in a store: `s3://bucket/[prefix/]target/latest`, or with an id, or the key of a manifest or object, in place of
/// `latest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupUrl {
    /// The bucket.
    pub bucket: String,
    /// What stands before the target in the keys; may be empty.
    pub prefix: String,
    /// The target.
    pub target: TargetName,
    /// Which of its backups.
    pub which: Selector,
}

impl FromStr for BackupUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let shape = || Error::InvalidUrl(format!("{text:?} is not of the form s3://bucket/[prefix/]target/latest"));
        let path = text.strip_prefix("s3://").ok_or_else(shape)?;
        let (bucket, key) = path.split_once('/').filter(|(bucket, _)| !bucket.is_empty()).ok_or_else(shape)?;
        let (folder, last) = key.rsplit_once('/').ok_or_else(shape)?;
        let (prefix, target) = folder.rsplit_once('/').unwrap_or(("", folder));
        let id = last.strip_suffix(MANIFEST_ENDING).or_else(|| last.strip_suffix(OBJECT_ENDING)).unwrap_or(last);
        let name = |error: Error| Error::InvalidUrl(format!("{text:?}: {error}"));
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            target: target.parse().map_err(name)?,
            which: id.parse().map_err(name)?,
        })
    }
}

/// How the key of a manifest ends.
pub(crate) const MANIFEST_ENDING: &str = ".manifest.json";
/// How the key of an encrypted dump ends.
pub(crate) const OBJECT_ENDING: &str = ".dump.zst.age";

pub(crate) fn manifest_key(target: &TargetName, id: &BackupId) -> String {
    format!("{target}/{id}{MANIFEST_ENDING}")
}

pub(crate) fn object_key(target: &TargetName, id: &BackupId) -> String {
    format!("{target}/{id}{OBJECT_ENDING}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_backup_has_a_bucket_a_target_and_a_name() {
        let url: BackupUrl = "s3://b/deep/er/shop/latest".parse().unwrap();
        assert_eq!((url.bucket.as_str(), url.prefix.as_str(), url.target.as_str()), ("b", "deep/er", "shop"));
        assert_eq!(url.which, Selector::Latest);
        let id: BackupId = "20260131t040000z-1f2e3d4c".parse().unwrap();
        for ending in ["", MANIFEST_ENDING, OBJECT_ENDING] {
            let url: BackupUrl = format!("s3://b/shop/{id}{ending}").parse().unwrap();
            assert_eq!((url.prefix.as_str(), url.which), ("", Selector::Id(id.clone())));
        }
        for wrong in ["", "s3://", "s3://b", "s3://b/latest", "http://b/shop/latest", "s3://b/Shop/latest", "s3://b/a/"]
        {
            assert_eq!(wrong.parse::<BackupUrl>().unwrap_err().code(), "invalid_url", "{wrong}");
        }
    }

    #[test]
    fn a_name_cannot_leave_its_folder() {
        for wrong in ["", "..", "a/b", "-a", "A", "ä", &"a".repeat(64)] {
            assert_eq!(wrong.parse::<TargetName>().unwrap_err().code(), "invalid_name", "{wrong}");
        }
        assert!(BackupId::at(Utc::now()).to_string().parse::<BackupId>().is_ok());
        assert!(BackupId::from(Uuid::new_v4()).to_string().parse::<BackupId>().is_ok());
    }
}
