//! `backup.verify`: a restore drill: the backup is restored into a scratch database and compared with its manifest.

use super::{
    backup_create::LONG,
    contract::{BACKUPS, Contract, Limits, QueueProfile},
};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Payload of `backup.verify`. The drill's id is that of the job.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct BackupVerify {
    /// Which backup.
    pub backup_id: Uuid,
}

impl Contract for BackupVerify {
    const KIND: &'static str = "backup.verify";
    const QUEUE: QueueProfile = BACKUPS;
    const LIMITS: Limits = LONG;
    const SEARCHABLE: &'static [&'static str] = &["backup_id"];
    const PLATFORM: bool = true;
}
