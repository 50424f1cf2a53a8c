//! `backup.copy_media`: copies the media that are not copied yet to a second bucket or prefix, each compared by its hash.

use super::{
    backup_create::LONG,
    contract::{BACKUPS, Contract, Limits, QueueProfile},
};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};

/// Payload of `backup.copy_media`.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct BackupCopyMedia {
    /// Whether what was copied before is read again and compared too.
    #[serde(default)]
    #[oai(default)]
    pub recheck: bool,
}

impl Contract for BackupCopyMedia {
    const KIND: &'static str = "backup.copy_media";
    const QUEUE: QueueProfile = BACKUPS;
    const LIMITS: Limits = LONG;
    const PLATFORM: bool = true;
}
