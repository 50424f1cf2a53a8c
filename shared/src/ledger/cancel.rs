//! Cancels: committed here, delivered by the relay until the row is final.

use crate::db::schema::jobs;
use diesel::{
    prelude::*,
    sql_types::{Array, Bool, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::HashMap;
use uuid::Uuid;

/// A cancel that is to be delivered.
#[derive(Clone, Debug, Queryable)]
pub struct Undelivered {
    /// The job.
    pub id: Uuid,
    /// Its generation when it was read.
    pub generation: i32,
    /// Its version when it was read.
    pub version: i64,
}

/// Notes that jobs of the workspace are to be cancelled. Answers for each one that exists whether it is open; one that
/// has ended stays as it is.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn request_cancels(
    connection: &mut AsyncPgConnection,
    workspace: Uuid,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, bool>, diesel::result::Error> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Bool)]
        open: bool,
    }
    // In the order of ids, so that two cancels of the same jobs cannot wait for each other.
    let rows: Vec<Row> = diesel::sql_query(
        "with found as (select id, finished_at is null as open from jobs
             where id = any($1) and workspace_id = $2 order by id for update),
         noted as (update jobs set cancel_requested_at = now() from found
             where jobs.id = found.id and found.open and jobs.cancel_requested_at is null)
         select id, open from found",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<SqlUuid, _>(workspace)
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.open)).collect())
}

/// Open rows of a queue whose cancel is to be delivered, the oldest request first.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn undelivered_cancels(
    connection: &mut AsyncPgConnection,
    queue: &str,
    limit: i64,
) -> Result<Vec<Undelivered>, diesel::result::Error> {
    jobs::table
        .filter(jobs::cancel_requested_at.is_not_null().and(jobs::finished_at.is_null()).and(jobs::queue.eq(queue)))
        .order(jobs::cancel_requested_at)
        .limit(limit)
        .select((jobs::id, jobs::generation, jobs::version))
        .load(connection)
        .await
}
