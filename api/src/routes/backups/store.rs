//! Statements on `backups` and what belongs to them.

use crate::{
    AppState,
    page::Cursor,
    problem::{Code, Problem},
    state::Session,
};
use diesel::{QueryableByName, prelude::*, sql_types::Text};
use diesel_async::RunQueryDsl;
use gotong_shared::{
    backups::BackupState,
    db::{
        models::{Backup, BackupDrill, BackupRestore},
        schema::{backup_drills, backup_restores, backups},
    },
};
use uuid::Uuid;

/// How many drills and restores are told of a backup.
const TOLD: i64 = 20;

/// Which backups are listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those of that target.
    pub target: Option<String>,
    /// Those in that state.
    pub state: Option<BackupState>,
}

/// Up to `per_page + 1` backups: the latest first, or, before a cursor, the earliest.
pub async fn list(
    app: &AppState,
    filter: &Filter,
    per_page: u32,
    cursor: Option<Cursor>,
) -> Result<Vec<Backup>, Problem> {
    let mut query = backups::table.select(Backup::as_select()).limit(i64::from(per_page) + 1).into_boxed();
    if let Some(target) = &filter.target {
        query = query.filter(backups::target.eq(target.clone()));
    }
    if let Some(state) = filter.state {
        query = query.filter(backups::state.eq(state.as_str()));
    }
    query = match cursor {
        None => query.order(backups::id.desc()),
        Some(Cursor::After(id)) => query.filter(backups::id.lt(id)).order(backups::id.desc()),
        Some(Cursor::Before(id)) => query.filter(backups::id.gt(id)).order(backups::id.asc()),
    };
    let mut session = app.session().await?;
    let (connection, deadline) = session.ledger();
    Ok(deadline.bound(query.load(connection)).await?)
}

/// A backup, its latest drills and its latest restores.
pub async fn find(app: &AppState, id: Uuid) -> Result<(Backup, Vec<BackupDrill>, Vec<BackupRestore>), Problem> {
    let mut session = app.session().await?;
    let (connection, deadline) = session.ledger();
    let query = backups::table.find(id).select(Backup::as_select());
    let backup: Option<Backup> = deadline.bound(async { query.first(connection).await.optional() }).await?;
    let backup = backup.ok_or_else(|| Problem::not_found("backup"))?;
    let drills = backup_drills::table.filter(backup_drills::backup_id.eq(id)).order(backup_drills::id.desc());
    let drills = deadline.bound(drills.select(BackupDrill::as_select()).limit(TOLD).load(connection)).await?;
    let restores = backup_restores::table.filter(backup_restores::backup_id.eq(id)).order(backup_restores::id.desc());
    let restores = deadline.bound(restores.select(BackupRestore::as_select()).limit(TOLD).load(connection)).await?;
    Ok((backup, drills, restores))
}

/// A backup that can be restored, locked until the end of the caller's transaction, so that it is not removed meanwhile.
pub async fn restorable(session: &mut Session, id: Uuid) -> Result<Backup, Problem> {
    let (connection, deadline) = session.ledger();
    let query = backups::table.find(id).select(Backup::as_select()).for_update();
    let backup: Option<Backup> = deadline.bound(async { query.first(connection).await.optional() }).await?;
    let backup = backup.ok_or_else(|| Problem::not_found("backup"))?;
    if backup.state == BackupState::Good.as_str() {
        return Ok(backup);
    }
    let why = match BackupState::of(&backup.state) {
        Some(BackupState::Waiting | BackupState::Running) => "is not made yet",
        Some(BackupState::Pruned) => "has been removed",
        _ => "failed",
    };
    Err(Problem::new(Code::NotRestorable, format!("The backup {why}; only a good one can be restored.")))
}

/// Whether the ledger's server has a database of that name.
pub async fn has_database(session: &mut Session, name: &str) -> Result<bool, Problem> {
    #[derive(QueryableByName)]
    struct Name {
        #[diesel(sql_type = Text)]
        #[expect(dead_code, reason = "that there is one is what is asked")]
        name: String,
    }
    let (connection, deadline) = session.ledger();
    let query = diesel::sql_query("select datname::text as name from pg_database where datname = $1");
    let found: Vec<Name> = deadline.bound(query.bind::<Text, _>(name).load(connection)).await?;
    Ok(!found.is_empty())
}
