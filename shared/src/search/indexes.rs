//! The rows of `search_indexes` and `retired_search_indexes`: which index is searched, which is filled, which waits for
//! its end.

use crate::{
    db::schema::{retired_search_indexes as retired, search_indexes},
    documents::DocumentKey,
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types::Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// How long an index is kept after the alias has left it.
pub const KEPT: Duration = Duration::from_hours(24);

/// What the ledger knows of an index's parts.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = search_indexes)]
pub struct IndexState {
    /// The alias without its prefix.
    pub name: String,
    /// Where the alias leads.
    pub active: Option<String>,
    /// The one that a reindex fills.
    pub building: Option<String>,
    /// Up to where it is filled: a [`DocumentKey`].
    pub filled_to: Option<Value>,
    /// How many documents it was filled with.
    pub filled: i64,
    /// The job that reindexes, or that did so last.
    pub reindex_job_id: Option<Uuid>,
    /// When the alias was last led to another index.
    pub reindexed_at: Option<DateTime<Utc>>,
    /// When ledger and index were last compared.
    pub audited_at: Option<DateTime<Utc>>,
    /// What differed then.
    pub drift: Option<Value>,
}

impl IndexState {
    /// Up to where the index that is built is filled.
    #[must_use]
    pub fn filled_to(&self) -> Option<DocumentKey> {
        serde_json::from_value(self.filled_to.clone()?).ok()
    }
}

/// The state of an index.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn state(connection: &mut AsyncPgConnection, name: &str) -> QueryResult<IndexState> {
    search_indexes::table.find(name).select(IndexState::as_select()).first(connection).await
}

/// The state of an index, locked until the end of the caller's transaction.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn locked(connection: &mut AsyncPgConnection, name: &str) -> QueryResult<IndexState> {
    search_indexes::table.find(name).select(IndexState::as_select()).for_update().first(connection).await
}

/// Names the first index, unless another process has done so: answers the one that is named now.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn name_first(connection: &mut AsyncPgConnection, name: &str, index: &str) -> QueryResult<String> {
    let row = search_indexes::table.find(name).filter(search_indexes::active.is_null());
    diesel::update(row).set(search_indexes::active.eq(index)).execute(connection).await?;
    let active = search_indexes::table.find(name).select(search_indexes::active.assume_not_null());
    active.first(connection).await
}

/// Begins to build an index, unless one is being built: answers the one that is. From this commit on writes go to both.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn begin(connection: &mut AsyncPgConnection, name: &str, index: &str) -> QueryResult<IndexState> {
    let row = search_indexes::table.find(name).filter(search_indexes::building.is_null());
    let building =
        (search_indexes::building.eq(index), search_indexes::filled_to.eq(None::<Value>), search_indexes::filled.eq(0));
    diesel::update(row).set(building).execute(connection).await?;
    state(connection, name).await
}

/// Notes up to where the index that is built is filled; `None` for an index that has to be filled from the start.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn note_filled(
    connection: &mut AsyncPgConnection,
    name: &str,
    to: Option<&DocumentKey>,
    filled: i64,
) -> QueryResult<()> {
    let to = to.and_then(|key| serde_json::to_value(key).ok());
    let values = (search_indexes::filled_to.eq(to), search_indexes::filled.eq(filled));
    diesel::update(search_indexes::table.find(name)).set(values).execute(connection).await?;
    Ok(())
}

/// The alias leads to the index that was built: the old one is kept for a day.
///
/// # Errors
/// What PostgreSQL answers; nothing is then changed.
pub async fn swapped(connection: &mut AsyncPgConnection, name: &str, index: &str) -> QueryResult<()> {
    connection
        .transaction(async |connection| {
            let before = locked(connection, name).await?;
            if before.building.as_deref() != Some(index) {
                return Ok(());
            }
            let values = (
                search_indexes::active.eq(index),
                search_indexes::building.eq(None::<String>),
                search_indexes::filled_to.eq(None::<Value>),
                search_indexes::reindexed_at.eq(diesel::dsl::now),
            );
            diesel::update(search_indexes::table.find(name)).set(values).execute(connection).await?;
            diesel::delete(retired::table.find(index)).execute(connection).await?;
            match before.active.filter(|old| old != index) {
                Some(old) => retire(connection, name, &old, KEPT).await,
                None => Ok(()),
            }
        })
        .await
}

/// Gives up the index that is being built.
///
/// # Errors
/// What PostgreSQL answers; nothing is then changed.
pub async fn abandon(connection: &mut AsyncPgConnection, name: &str, index: &str) -> QueryResult<()> {
    connection
        .transaction(async |connection| {
            let row = search_indexes::table.find(name).filter(search_indexes::building.eq(index));
            let given_up = diesel::update(row).set(search_indexes::building.eq(None::<String>));
            if given_up.execute(connection).await? > 0 {
                retire(connection, name, index, Duration::ZERO).await?;
            }
            Ok(())
        })
        .await
}

async fn retire(connection: &mut AsyncPgConnection, name: &str, index: &str, kept: Duration) -> QueryResult<()> {
    let statement = "insert into retired_search_indexes (index_name, name, drop_after)
        values ($1, $2, now() + make_interval(secs => $3)) on conflict do nothing";
    diesel::sql_query(statement)
        .bind::<Text, _>(index)
        .bind::<Text, _>(name)
        .bind::<diesel::sql_types::Double, _>(kept.as_secs_f64())
        .execute(connection)
        .await?;
    Ok(())
}

/// The index that the alias left last, if it is still kept.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn last_retired(connection: &mut AsyncPgConnection, name: &str) -> QueryResult<Option<String>> {
    retired::table
        .filter(retired::name.eq(name).and(retired::drop_after.gt(diesel::dsl::now)))
        .order(retired::retired_at.desc())
        .select(retired::index_name)
        .first(connection)
        .await
        .optional()
}

/// The indices whose time is over, a few at a time.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn to_drop(connection: &mut AsyncPgConnection) -> QueryResult<Vec<String>> {
    let over = retired::table.filter(retired::drop_after.le(diesel::dsl::now)).select(retired::index_name);
    over.limit(100).load(connection).await
}

/// An index was removed.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn dropped(connection: &mut AsyncPgConnection, index: &str) -> QueryResult<()> {
    diesel::delete(retired::table.find(index)).execute(connection).await?;
    Ok(())
}

/// Notes what a comparison found.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn note_audit(connection: &mut AsyncPgConnection, name: &str, drift: &Value) -> QueryResult<()> {
    let values = (search_indexes::audited_at.eq(diesel::dsl::now), search_indexes::drift.eq(drift));
    diesel::update(search_indexes::table.find(name)).set(values).execute(connection).await?;
    Ok(())
}
