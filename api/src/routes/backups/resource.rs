//! A backup, its drills and its restores on the wire.

use crate::page::{Page, PageLinks, PageMeta};
use chrono::{DateTime, Utc};
use gotong_shared::{
    backups::{BackupState, DrillState, RestoreState, Verification},
    db::models::{Backup, BackupDrill, BackupRestore},
};
use poem_openapi::{Object, types::Any};
use serde_json::Value;
use uuid::Uuid;

/// A backup of a database.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Backup", skip_serializing_if_is_none)]
pub struct BackupResource {
    /// Its id, which is that of the job that makes it.
    pub id: Uuid,
    /// Of what.
    pub target: String,
    /// Where it stands.
    pub state: BackupState,
    /// Whether it is kept whatever the retention says.
    pub pinned: bool,
    /// When the data were read: what was written later is not in it.
    pub taken_at: Option<DateTime<Utc>>,
    /// What its manifest says; there once it is good.
    pub contents: Option<BackupContents>,
    /// What a drill found of it; missing before the first.
    pub verification: Option<Verification>,
    /// When a drill last proved it.
    pub verified_at: Option<DateTime<Utc>>,
    /// How long its restore took in that drill, in milliseconds: the measured RTO.
    pub rto_ms: Option<i64>,
    /// Why there is none.
    pub error: Option<BackupError>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When its latest attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it was there, or given up.
    pub finished_at: Option<DateTime<Utc>>,
    /// When its objects were gone from the store.
    pub deleted_at: Option<DateTime<Utc>>,
    /// Its latest drills, latest first; not in lists.
    pub drills: Option<Vec<Drill>>,
    /// Its latest restores, latest first; not in lists.
    pub restores: Option<Vec<Restore>>,
    /// The whole manifest, row counts per table and all; not in lists.
    pub manifest: Option<Any<Value>>,
    /// Where to go from here.
    pub links: BackupLinks,
}

/// What a backup is made of.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct BackupContents {
    /// The database's name.
    pub database: String,
    /// The version of its server.
    pub server_version: String,
    /// The version of the program that dumped it.
    pub pg_dump_version: String,
    /// Bytes on the server, indexes and all.
    pub database_bytes: i64,
    /// Bytes of the dump.
    pub dump_bytes: i64,
    /// Bytes in the store: compressed and encrypted.
    pub stored_bytes: i64,
    /// Of those, in hexadecimal digits.
    pub sha256: String,
    /// Tables.
    pub tables: i64,
    /// Rows of all tables.
    pub rows: i64,
    /// How long it took to make, in milliseconds.
    pub duration_ms: i64,
    /// Where it is: `s3://bucket/…`, as `gotong-worker restore --from` takes it.
    pub url: Option<String>,
}

/// A restore drill: the backup was restored into a scratch database, read whole and compared with its manifest.
#[derive(Clone, Debug, Object)]
#[oai(rename = "BackupDrill", skip_serializing_if_is_none)]
pub struct Drill {
    /// Its id, which is that of its job.
    pub id: Uuid,
    /// How it went.
    pub state: DrillState,
    /// How long the restore alone took, in milliseconds.
    pub rto_ms: Option<i64>,
    /// How long all of it took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// What was restored, and what differs from the manifest.
    pub report: Option<Any<Value>>,
    /// Why it failed.
    pub error: Option<BackupError>,
    /// When its latest attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Its job.
    pub job: String,
}

/// A restore of a backup into a database on its target's server.
#[derive(Clone, Debug, Object)]
#[oai(rename = "BackupRestoration", skip_serializing_if_is_none)]
pub struct Restore {
    /// Its id, which is that of its job.
    pub id: Uuid,
    /// Into which database.
    pub database: String,
    /// Whether an existing one is replaced.
    pub overwrite: bool,
    /// How it went.
    pub state: RestoreState,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// Why it failed.
    pub error: Option<BackupError>,
    /// When its latest attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Its job.
    pub job: String,
}

/// Why something did not come about.
#[derive(Clone, Debug, Object)]
pub struct BackupError {
    /// A stable word, such as `authentication_failed`.
    pub class: String,
    /// A sentence.
    pub message: String,
}

/// Where to go from a backup.
#[derive(Clone, Debug, Object)]
pub struct BackupLinks {
    /// This resource.
    #[oai(rename = "self")]
    pub this: String,
    /// The job that makes it.
    pub job: String,
}

/// A page of backups, the latest first.
#[derive(Clone, Debug, Object)]
pub struct BackupList {
    data: Vec<BackupResource>,
    meta: PageMeta,
    links: PageLinks,
}

impl BackupList {
    /// Of a page of rows.
    pub fn of(page: Page<Backup>) -> Self {
        Self { data: page.rows.into_iter().map(BackupResource::of).collect(), meta: page.meta, links: page.links }
    }
}

impl BackupResource {
    /// A backup among others.
    #[must_use]
    pub fn of(row: Backup) -> Self {
        Self {
            id: row.id,
            state: BackupState::of(&row.state).unwrap_or(BackupState::Failed),
            pinned: row.pinned,
            taken_at: row.taken_at,
            contents: contents(&row),
            verification: row.verification.as_deref().and_then(Verification::of),
            verified_at: row.verified_at,
            rto_ms: row.rto_ms,
            error: error(row.error_class, row.error_message),
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            deleted_at: row.deleted_at,
            drills: None,
            restores: None,
            manifest: None,
            links: BackupLinks { this: format!("/api/v1/backups/{}", row.id), job: format!("/api/v1/jobs/{}", row.id) },
            target: row.target,
        }
    }

    /// A backup with all that is known of it.
    #[must_use]
    pub fn whole(row: Backup, drills: Vec<BackupDrill>, restores: Vec<BackupRestore>) -> Self {
        let manifest = row.manifest.clone().map(Any);
        Self {
            manifest,
            drills: Some(drills.into_iter().map(Drill::of).collect()),
            restores: Some(restores.into_iter().map(Restore::of).collect()),
            ..Self::of(row)
        }
    }
}

fn contents(row: &Backup) -> Option<BackupContents> {
    let manifest = row.manifest.as_ref()?;
    let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
    let tables = manifest.get("tables").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let rows = tables.iter().filter_map(|table| table.get("rows")?.as_i64());
    let place = row.bucket.as_ref().zip(row.prefix.as_ref());
    Some(BackupContents {
        database: text("/database/name"),
        server_version: text("/server_version"),
        pg_dump_version: text("/pg_dump_version"),
        database_bytes: number("/database/size"),
        dump_bytes: number("/dump/bytes"),
        stored_bytes: number("/object/bytes"),
        sha256: text("/object/sha256"),
        tables: i64::try_from(tables.len()).unwrap_or(i64::MAX),
        rows: rows.sum(),
        duration_ms: number("/duration_ms"),
        url: place.map(|(bucket, prefix)| format!("s3://{bucket}/{prefix}{}/{}", row.target, text("/id"))),
    })
}

impl Drill {
    fn of(row: BackupDrill) -> Self {
        Self {
            id: row.id,
            state: DrillState::of(&row.state).unwrap_or(DrillState::Failed),
            rto_ms: row.rto_ms,
            duration_ms: row.duration_ms,
            report: row.report.map(Any),
            error: error(row.error_class, row.error_message),
            started_at: row.started_at,
            finished_at: row.finished_at,
            job: format!("/api/v1/jobs/{}", row.id),
        }
    }
}

impl Restore {
    fn of(row: BackupRestore) -> Self {
        Self {
            id: row.id,
            database: row.database,
            overwrite: row.overwrite,
            state: RestoreState::of(&row.state).unwrap_or(RestoreState::Failed),
            duration_ms: row.duration_ms,
            error: error(row.error_class, row.error_message),
            started_at: row.started_at,
            finished_at: row.finished_at,
            job: format!("/api/v1/jobs/{}", row.id),
        }
    }
}

/// A class and a message, where there are any.
pub fn error(class: Option<String>, message: Option<String>) -> Option<BackupError> {
    class.map(|class| BackupError { class, message: message.unwrap_or_default() })
}
