//! Statements on `backup_restores`.

use super::RestoreState;
use crate::db::{models::BackupRestore, schema::backup_restores};
use diesel::{dsl::now, prelude::*};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Notes that a job begins its restore, be it for the first time or again; `None`: it is done, or nobody asked for it.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn begin_restore(connection: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Option<BackupRestore>> {
    let open = backup_restores::table.find(id).filter(backup_restores::state.ne(RestoreState::Done.as_str()));
    let running = (
        backup_restores::state.eq(RestoreState::Running.as_str()),
        backup_restores::started_at.eq(now),
        backup_restores::error_class.eq(None::<String>),
        backup_restores::error_message.eq(None::<String>),
    );
    let update = diesel::update(open).set(running).returning(BackupRestore::as_returning());
    update.get_result(connection).await.optional()
}

/// Notes that the database is there.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn end_restore(connection: &mut AsyncPgConnection, id: Uuid, duration_ms: i64) -> QueryResult<()> {
    let done = (
        backup_restores::state.eq(RestoreState::Done.as_str()),
        backup_restores::duration_ms.eq(duration_ms),
        backup_restores::finished_at.eq(now),
    );
    diesel::update(backup_restores::table.find(id)).set(done).execute(connection).await.map(drop)
}
