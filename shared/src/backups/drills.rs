//! Statements on `backup_drills`.

use super::{DrillState, Verification};
use crate::db::schema::{backup_drills, backups};
use chrono::{DateTime, Utc};
use diesel::{dsl::now, prelude::*};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

/// What a drill came to.
#[derive(Clone, Debug)]
pub struct DrillEnd {
    /// Of which backup.
    pub backup_id: Uuid,
    /// How long the restore alone took, in milliseconds.
    pub rto_ms: Option<i64>,
    /// How long all of it took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// What was restored, and what differs from the manifest.
    pub report: Option<Value>,
    /// Why it failed: a stable word and a sentence; `None`: it passed.
    pub error: Option<(String, String)>,
    /// Whether it failed for what the backup is, and not for the server, the key or the like.
    pub is_damaged: bool,
}

impl DrillEnd {
    /// A drill of that backup that passed, of which nothing else is known yet.
    #[must_use]
    pub fn of(backup_id: Uuid) -> Self {
        Self { backup_id, rto_ms: None, duration_ms: None, report: None, error: None, is_damaged: false }
    }
}

/// Notes that a job begins its drill, be it for the first time or again.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn begin_drill(connection: &mut AsyncPgConnection, id: Uuid, backup_id: Uuid) -> QueryResult<()> {
    let running = || {
        (
            backup_drills::state.eq(DrillState::Running.as_str()),
            backup_drills::started_at.eq(now),
            backup_drills::finished_at.eq(None::<DateTime<Utc>>),
            backup_drills::error_class.eq(None::<String>),
            backup_drills::error_message.eq(None::<String>),
        )
    };
    let row = (backup_drills::id.eq(id), backup_drills::backup_id.eq(backup_id), running());
    let insert = diesel::insert_into(backup_drills::table).values(row).on_conflict(backup_drills::id);
    insert.do_update().set(running()).execute(connection).await.map(drop)
}

/// Notes what a drill came to, for the drill and for its backup.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn end_drill(connection: &mut AsyncPgConnection, id: Uuid, end: &DrillEnd) -> QueryResult<()> {
    let passed = end.error.is_none();
    let (class, message) = end.error.as_ref().map(|(class, message)| (class.as_str(), message.as_str())).unzip();
    let state = if passed { DrillState::Passed } else { DrillState::Failed };
    connection
        .transaction(async |connection| {
            let drill = (
                backup_drills::state.eq(state.as_str()),
                backup_drills::rto_ms.eq(end.rto_ms),
                backup_drills::duration_ms.eq(end.duration_ms),
                backup_drills::report.eq(&end.report),
                backup_drills::error_class.eq(class),
                backup_drills::error_message.eq(message),
                backup_drills::finished_at.eq(now),
            );
            diesel::update(backup_drills::table.find(id)).set(drill).execute(connection).await?;
            let backup = diesel::update(backups::table.find(end.backup_id));
            if passed {
                let passed = (
                    backups::verification.eq(Verification::Passed.as_str()),
                    backups::verified_at.eq(now),
                    backups::rto_ms.eq(end.rto_ms),
                );
                backup.set(passed).execute(connection).await?;
            } else if end.is_damaged {
                backup.set(backups::verification.eq(Verification::Failed.as_str())).execute(connection).await?;
            }
            Ok(())
        })
        .await
}
