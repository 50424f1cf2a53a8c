//! What the end of a job without success means for what it was to make.

use super::{BackupState, DrillState, RestoreState};
use crate::db::schema::{backup_drills, backup_restores, backups};
use diesel::{dsl::now, prelude::*};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Notes on the row of that id, of whichever table, that its job has ended without success. What is there stays.
///
/// # Errors
/// What PostgreSQL answers.
pub(crate) async fn fail(connection: &mut AsyncPgConnection, id: Uuid, class: &str, message: &str) -> QueryResult<()> {
    let open = backups::table.find(id).filter(backups::state.eq_any(["waiting", "running"]));
    diesel::update(open)
        .set((
            backups::state.eq(BackupState::Failed.as_str()),
            backups::error_class.eq(class),
            backups::error_message.eq(message),
            backups::finished_at.eq(now),
        ))
        .execute(connection)
        .await?;
    let open = backup_drills::table.find(id).filter(backup_drills::state.eq_any(["waiting", "running"]));
    diesel::update(open)
        .set((
            backup_drills::state.eq(DrillState::Failed.as_str()),
            backup_drills::error_class.eq(class),
            backup_drills::error_message.eq(message),
            backup_drills::finished_at.eq(now),
        ))
        .execute(connection)
        .await?;
    let open = backup_restores::table.find(id).filter(backup_restores::state.eq_any(["waiting", "running"]));
    diesel::update(open)
        .set((
            backup_restores::state.eq(RestoreState::Failed.as_str()),
            backup_restores::error_class.eq(class),
            backup_restores::error_message.eq(message),
            backup_restores::finished_at.eq(now),
        ))
        .execute(connection)
        .await
        .map(drop)
}
