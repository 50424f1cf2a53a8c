//! Whether the server is fit to carry jobs.

use std::fmt;

use crate::client::{Client, unbuilt};
use crate::error::Result;

/// What the server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerReport {
    /// `7.0.15`; for Valkey the Redis version that it is compatible with.
    pub version: String,
    /// Of this run of the server; another after every restart.
    pub run_id: String,
    /// `noeviction` is the only one fit for jobs.
    pub maxmemory_policy: String,
    /// Whether it writes an append-only file.
    pub aof: bool,
    /// Whether it takes snapshots.
    pub rdb: bool,
    /// What makes it unfit.
    pub warnings: Vec<ServerWarning>,
}

impl ServerReport {
    /// Whether nothing makes it unfit.
    #[must_use]
    pub fn is_fit(&self) -> bool {
        self.warnings.is_empty()
    }
}

/// A reason not to trust the server with jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerWarning {
    /// Older than Redis 7.0.
    TooOld(String),
    /// It may evict jobs when memory is short.
    Evicts(String),
    /// Neither append-only file nor snapshots: a restart loses every job.
    NotPersistent,
}

impl fmt::Display for ServerWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooOld(version) => write!(f, "redis {version} is older than 7.0"),
            Self::Evicts(policy) => write!(
                f,
                "maxmemory-policy {policy} evicts jobs when memory is short; set noeviction"
            ),
            Self::NotPersistent => {
                f.write_str("persistence is off: a restart of redis loses what it holds")
            }
        }
    }
}

impl Client {
    /// Asks the server for its version and settings.
    ///
    /// # Errors
    /// As any command.
    pub async fn server_check(&self) -> Result<ServerReport> {
        unbuilt()
    }
}
