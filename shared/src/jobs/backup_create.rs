//! `backup.create`: a backup of a database. Its id is that of the job.

use super::contract::{BACKUPS, Contract, Limits, PayloadError, QueueProfile};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Payload of `backup.create`.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(skip_serializing_if_is_none)]
pub struct BackupCreate {
    /// Of which target; without one of each, by a job of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Whether a restore drill follows.
    #[serde(default)]
    #[oai(default)]
    pub verify: bool,
}

impl Contract for BackupCreate {
    const KIND: &'static str = "backup.create";
    const QUEUE: QueueProfile = BACKUPS;
    const LIMITS: Limits = LONG;
    const SEARCHABLE: &'static [&'static str] = &["target"];
    const PLATFORM: bool = true;

    fn validate(&self) -> Result<(), PayloadError> {
        self.target.as_deref().map_or(Ok(()), check_target)
    }
}

/// A dump or a restore of a large database takes hours; a server that is down is tried for about an hour.
pub(super) const LONG: Limits = Limits {
    timeout: Duration::from_hours(12),
    max_attempts: 8,
    backoff_base: Duration::from_secs(20),
    backoff_cap: Duration::from_mins(15),
    retention: Duration::from_hours(30 * 24),
};

/// Whether there is such a target is told by whoever knows the configuration.
pub(super) fn check_target(name: &str) -> Result<(), PayloadError> {
    if (1..=40).contains(&name.len()) {
        return Ok(());
    }
    Err(PayloadError::at("/target", "has 1 to 40 characters"))
}
