//! Cancels: committed here, delivered by the relay until the row is final.

use crate::db::schema::jobs;
use diesel::{
    prelude::*,
    sql_types::{Bool, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
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

/// Notes that a job of the workspace is to be cancelled. `None`: there is no such job; `Some(false)`: it has ended.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn request_cancel(
    connection: &mut AsyncPgConnection,
    workspace: Uuid,
    job: Uuid,
) -> Result<Option<bool>, diesel::result::Error> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        open: bool,
    }
    let row: Option<Row> = diesel::sql_query(
        "update jobs set cancel_requested_at =
             case when finished_at is null then coalesce(cancel_requested_at, now()) else cancel_requested_at end
         where id = $1 and workspace_id = $2 returning finished_at is null as open",
    )
    .bind::<SqlUuid, _>(job)
    .bind::<SqlUuid, _>(workspace)
    .get_result(connection)
    .await
    .optional()?;
    Ok(row.map(|row| row.open))
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
