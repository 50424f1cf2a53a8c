//! Statements on `backups`.

use super::BackupState;
use crate::db::{
    models::Backup,
    schema::{backup_drills, backup_restores, backups},
};
use chrono::{DateTime, Utc};
use diesel::{
    dsl::{exists, not, now},
    prelude::*,
    result::{DatabaseErrorKind, Error as DieselError},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

/// A backup that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct NewBackup<'a> {
    /// Its id, which is that of its job.
    pub id: Uuid,
    /// Of what.
    pub target: &'a str,
    /// Whose administrator asks for it; nil: a schedule of the platform.
    pub workspace_id: Uuid,
    /// Who asks for it.
    pub created_by: Option<Uuid>,
    /// Whether a drill follows it.
    pub verify: bool,
}

/// How an attempt to make a backup begins.
#[derive(Clone, Debug)]
pub enum Begun {
    /// It may be made.
    Now(Box<Backup>),
    /// It is there already.
    Good(Box<Backup>),
    /// Another one of the target is under way.
    UnderWay,
}

/// A backup that is in the store.
#[derive(Clone, Debug)]
pub struct Completed<'a> {
    /// Its id.
    pub id: Uuid,
    /// Where its objects are.
    pub bucket: &'a str,
    /// What their keys begin with.
    pub prefix: &'a str,
    /// The manifest.
    pub manifest: Value,
    /// When the data were read.
    pub taken_at: DateTime<Utc>,
}

const UNDER_WAY: [&str; 2] = [BackupState::Waiting.as_str(), BackupState::Running.as_str()];

/// Writes the row of a backup that is asked for, unless another one of the target is under way or it is there already.
/// Answers whether it was written.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn insert(connection: &mut AsyncPgConnection, new: NewBackup<'_>) -> QueryResult<bool> {
    let row = (
        backups::id.eq(new.id),
        backups::target.eq(new.target),
        backups::workspace_id.eq(new.workspace_id),
        backups::created_by.eq(new.created_by),
        backups::verify.eq(new.verify),
    );
    let written = diesel::insert_into(backups::table).values(row).on_conflict_do_nothing().execute(connection).await?;
    Ok(written == 1)
}

/// The backup of a target that is waiting or being made.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn under_way(connection: &mut AsyncPgConnection, target: &str) -> QueryResult<Option<Uuid>> {
    let query = backups::table.filter(backups::target.eq(target)).filter(backups::state.eq_any(UNDER_WAY));
    query.select(backups::id).first(connection).await.optional()
}

/// Notes that a job begins to make its backup, be it for the first time or again.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn begin(connection: &mut AsyncPgConnection, new: NewBackup<'_>) -> QueryResult<Begun> {
    insert(connection, new).await?;
    let open = backups::table.find(new.id).filter(backups::state.ne_all(["good", "pruned"]));
    let running = (
        backups::state.eq(BackupState::Running.as_str()),
        backups::started_at.eq(now),
        backups::finished_at.eq(None::<DateTime<Utc>>),
        backups::error_class.eq(None::<String>),
        backups::error_message.eq(None::<String>),
    );
    let begun = diesel::update(open).set(running).returning(Backup::as_returning()).get_result(connection).await;
    match begun.optional() {
        Ok(Some(backup)) => return Ok(Begun::Now(Box::new(backup))),
        // A failed one that is tried again by hand, while another one has begun.
        Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => return Ok(Begun::UnderWay),
        Err(error) => return Err(error),
        Ok(None) => {}
    }
    let there = backups::table.find(new.id).select(Backup::as_select()).first(connection).await.optional()?;
    Ok(there.map_or(Begun::UnderWay, |backup| Begun::Good(Box::new(backup))))
}

/// Lists a backup as good. Answers whether it was one that is being made.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn complete(connection: &mut AsyncPgConnection, done: Completed<'_>) -> QueryResult<bool> {
    let running = backups::table.find(done.id).filter(backups::state.eq(BackupState::Running.as_str()));
    let good = (
        backups::state.eq(BackupState::Good.as_str()),
        backups::bucket.eq(done.bucket),
        backups::prefix.eq(done.prefix),
        backups::manifest.eq(done.manifest),
        backups::taken_at.eq(done.taken_at),
        backups::finished_at.eq(now),
    );
    Ok(diesel::update(running).set(good).execute(connection).await? == 1)
}

/// Pins or unpins a backup that is not gone. Answers how it is then.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn pin(connection: &mut AsyncPgConnection, id: Uuid, pinned: bool) -> QueryResult<Option<Backup>> {
    let row = backups::table.find(id).filter(backups::state.ne(BackupState::Pruned.as_str()));
    let update = diesel::update(row).set(backups::pinned.eq(pinned)).returning(Backup::as_returning());
    update.get_result(connection).await.optional()
}

/// Takes a good backup that is not pinned off the list, before its objects go, unless it is being read. Answers whether it
/// was taken off.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn expire(connection: &mut AsyncPgConnection, id: Uuid) -> QueryResult<bool> {
    let drills = backup_drills::table.filter(backup_drills::backup_id.eq(id));
    let is_drilled = exists(drills.filter(backup_drills::state.eq_any(UNDER_WAY)));
    let restores = backup_restores::table.filter(backup_restores::backup_id.eq(id));
    let is_restored = exists(restores.filter(backup_restores::state.eq_any(UNDER_WAY)));
    let row = backups::table
        .find(id)
        .filter(backups::state.eq("good").and(backups::pinned.eq(false)))
        .filter(not(is_drilled).and(not(is_restored)));
    let update = diesel::update(row).set(backups::state.eq(BackupState::Pruned.as_str()));
    Ok(update.execute(connection).await? == 1)
}

/// The backups off the list whose objects are not known to be gone, at most 1,000.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn to_delete(connection: &mut AsyncPgConnection) -> QueryResult<Vec<Backup>> {
    let rows = backups::table.filter(backups::state.eq("pruned")).filter(backups::deleted_at.is_null());
    rows.select(Backup::as_select()).order(backups::id).limit(1_000).load(connection).await
}

/// Notes that a backup's objects are gone.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn deleted(connection: &mut AsyncPgConnection, id: Uuid) -> QueryResult<()> {
    let update = diesel::update(backups::table.find(id)).set(backups::deleted_at.eq(now));
    update.execute(connection).await.map(drop)
}

/// Removes the rows of backups that failed or were removed before `limit`. Answers how many.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn forget_old(connection: &mut AsyncPgConnection, limit: DateTime<Utc>) -> QueryResult<usize> {
    let failed = backups::state.eq("failed").and(backups::finished_at.lt(limit));
    let gone = backups::state.eq("pruned").and(backups::deleted_at.lt(limit));
    diesel::delete(backups::table.filter(failed.or(gone))).execute(connection).await
}
