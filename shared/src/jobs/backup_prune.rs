//! `backup.prune`: removes the backups that the retention does not keep, and what killed workers have left behind.

use super::{
    backup_create::check_target,
    contract::{BACKUPS, Contract, Limits, PayloadError, QueueProfile, USUAL},
};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Payload of `backup.prune`.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(skip_serializing_if_is_none)]
pub struct BackupPrune {
    /// Of which target; without one of each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

impl Contract for BackupPrune {
    const KIND: &'static str = "backup.prune";
    const QUEUE: QueueProfile = BACKUPS;
    const LIMITS: Limits = Limits { timeout: Duration::from_hours(1), ..USUAL };
    const PLATFORM: bool = true;

    fn validate(&self) -> Result<(), PayloadError> {
        self.target.as_deref().map_or(Ok(()), check_target)
    }
}
