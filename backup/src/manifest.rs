//! What is known of a backup, written last, beside it: no manifest, no backup.

use crate::{BackupId, Error, Recipient, TargetName};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The version that is written, and the newest one that is read.
pub const FORMAT_VERSION: u32 = 1;

/// A finished backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Its id.
    pub id: BackupId,
    /// What was backed up.
    pub target: TargetName,
    /// What wrote it, as in `gotong-backup 0.1.0`.
    pub tool: String,
    /// As `pg_dump --version` says it, without the name.
    pub pg_dump_version: String,
    /// The major version of that.
    pub pg_dump_major: u32,
    /// As `show server_version` says it.
    pub server_version: String,
    /// The major version of that.
    pub server_major: u32,
    /// The database.
    pub database: DatabaseFacts,
    /// Who can read it.
    pub recipients: Vec<Recipient>,
    /// When it began: the data is of a moment soon after this.
    pub started_at: DateTime<Utc>,
    /// When the object was complete.
    pub finished_at: DateTime<Utc>,
    /// From the one to the other, in milliseconds.
    pub duration_ms: u64,
    /// What `pg_dump` wrote.
    pub dump: Digested,
    /// The size of that after compression, in bytes.
    pub compressed_bytes: u64,
    /// What lies in the store.
    pub object: StoredObject,
    /// The rows of each table in the snapshot that was dumped.
    pub tables: Vec<TableCensus>,
    /// The large objects in that snapshot.
    pub large_objects: LargeObjectCensus,
}

/// What has to be known to make the database anew, and to compare it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseFacts {
    /// Its name.
    pub name: String,
    /// As in `UTF8`.
    pub encoding: String,
    /// As in `C.UTF-8`.
    pub collation: String,
    /// As in `C.UTF-8`.
    pub character_type: String,
    /// `libc`, `icu` or `builtin`.
    pub locale_provider: String,
    /// The locale of the providers `icu` and `builtin`.
    pub locale: Option<String>,
    /// Its size on the server, in bytes.
    pub size: u64,
    /// Its extensions by name.
    pub extensions: Vec<Extension>,
    /// Roles that own something in it or are named by its privileges and policies. A dump does not hold them.
    pub roles: Vec<String>,
    /// Constraints, by schema, table and name, that were never validated.
    pub unvalidated_constraints: Vec<String>,
    /// Indexes that were not valid, by schema and name.
    pub invalid_indexes: Vec<String>,
    /// How many constraints there are.
    pub constraints: u64,
    /// How many valid indexes there are.
    pub indexes: u64,
}

/// An extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Bytes and what they hash to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digested {
    /// How many.
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// The encrypted dump.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredObject {
    /// Its key below the prefix of the store.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// The rows of a table and a checksum over a sample of them, whatever their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCensus {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// How many rows it has, without those of tables that inherit from it.
    pub rows: u64,
    /// The columns that decide whether a row belongs to the sample.
    pub key: Vec<String>,
    /// A row belongs to the sample when the hash of its key is a multiple of this.
    pub modulus: u64,
    /// How many rows the sample has.
    pub sampled: u64,
    /// The sum of the sample's row hashes.
    pub checksum: String,
}

/// The large objects and a checksum over the beginnings of some.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LargeObjectCensus {
    /// How many there are.
    pub count: u64,
    /// Those belong to the sample whose number is a multiple of this.
    pub modulus: u64,
    /// How many the sample has.
    pub sampled: u64,
    /// The sum of the sample's hashes.
    pub checksum: String,
}

impl Manifest {
    /// The rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    pub(crate) fn from_json(key: &str, text: &[u8]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Version {
            format_version: u64,
        }
        let invalid =
            |error: serde_json::Error| Error::ManifestInvalid { key: key.to_owned(), reason: error.to_string() };
        let Version { format_version } = serde_json::from_slice(text).map_err(invalid)?;
        if format_version != u64::from(FORMAT_VERSION) {
            return Err(Error::UnknownVersion { key: key.to_owned(), version: format_version, known: FORMAT_VERSION });
        }
        serde_json::from_slice(text).map_err(invalid)
    }
}
