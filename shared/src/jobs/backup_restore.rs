//! `backup.restore`: a backup becomes a database on its target's server. `POST /backups/{id}/restore` makes its jobs, since
//! the restore's row commits with them.

use super::{
    backup_create::LONG,
    contract::{BACKUPS, Contract, Limits, QueueProfile},
};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Payload of `backup.restore`. The restore's id is that of the job.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct BackupRestore {
    /// Which backup.
    pub backup_id: Uuid,
}

impl Contract for BackupRestore {
    const KIND: &'static str = "backup.restore";
    const QUEUE: QueueProfile = BACKUPS;
    const LIMITS: Limits = LONG;
    const SEARCHABLE: &'static [&'static str] = &["backup_id"];
    const ROUTE: Option<&'static str> = Some("POST /backups/{id}/restore");
}
