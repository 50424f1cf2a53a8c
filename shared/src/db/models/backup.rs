//! `backups`, `backup_drills`, `backup_restores` and `media_copy`.

use crate::db::schema::{backup_drills, backup_restores, backups, media_copy};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

/// A backup of a database.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = backups)]
pub struct Backup {
    /// Its id, which is that of the job that makes it.
    pub id: Uuid,
    /// Of what.
    pub target: String,
    /// See [`crate::backups::BackupState`].
    pub state: String,
    /// Whose administrator asked for it; nil: a schedule of the platform.
    pub workspace_id: Uuid,
    /// Who asked for it: a key or a person, or the job that asked for one of each target.
    pub created_by: Option<Uuid>,
    /// Whether a drill follows it.
    pub verify: bool,
    /// Where its objects are.
    pub bucket: Option<String>,
    /// What their keys begin with.
    pub prefix: Option<String>,
    /// The manifest.
    pub manifest: Option<Value>,
    /// When the data were read.
    pub taken_at: Option<DateTime<Utc>>,
    /// Whether it is kept whatever the retention says.
    pub pinned: bool,
    /// See [`crate::backups::Verification`].
    pub verification: Option<String>,
    /// When a drill passed last.
    pub verified_at: Option<DateTime<Utc>>,
    /// How long the restore of that drill took, in milliseconds.
    pub rto_ms: Option<i64>,
    /// Why there is none: a stable word.
    pub error_class: Option<String>,
    /// Why there is none: a sentence.
    pub error_message: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When its latest attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it was there, or given up.
    pub finished_at: Option<DateTime<Utc>>,
    /// When its objects were gone.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// A restore into a scratch database.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = backup_drills)]
pub struct BackupDrill {
    /// Its id, which is that of its job.
    pub id: Uuid,
    /// Of which backup.
    pub backup_id: Uuid,
    /// See [`crate::backups::DrillState`].
    pub state: String,
    /// How long the restore alone took, in milliseconds.
    pub rto_ms: Option<i64>,
    /// How long all of it took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// What was restored, and what differs from the manifest.
    pub report: Option<Value>,
    /// Why it failed: a stable word.
    pub error_class: Option<String>,
    /// Why it failed: a sentence.
    pub error_message: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When its latest attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// A restore in earnest.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = backup_restores)]
pub struct BackupRestore {
    /// Its id, which is that of its job.
    pub id: Uuid,
    /// Of which backup.
    pub backup_id: Uuid,
    /// Into which database of its target's server.
    pub database: String,
    /// Whether an existing one is replaced.
    pub overwrite: bool,
    /// See [`crate::backups::RestoreState`].
    pub state: String,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// Whose administrator asked for it.
    pub workspace_id: Uuid,
    /// Who asked for it.
    pub created_by: Option<Uuid>,
    /// Why it failed: a stable word.
    pub error_class: Option<String>,
    /// Why it failed: a sentence.
    pub error_message: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When its latest attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// How the copy of the media stands.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = media_copy)]
pub struct MediaCopy {
    /// When the latest attempt ended.
    pub attempted_at: Option<DateTime<Utc>>,
    /// When the latest that copied everything ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// What the latest came to.
    pub report: Option<Value>,
    /// Why the latest is not whole: a stable word.
    pub error_class: Option<String>,
    /// Why the latest is not whole: a sentence.
    pub error_message: Option<String>,
}
