//! What the relay delivers: rows that Redis is not known to have.

use crate::db::{models::Job, schema::jobs};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, Integer, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use gotong_queue::{Backoff, NewJob, Priority, Timestamp};
use std::time::Duration;
use uuid::Uuid;

/// Jobs due later than this stay in the ledger, so that Redis holds only near work.
pub const NEAR: TimeDelta = TimeDelta::minutes(10);

/// A row as it is pushed.
#[must_use]
pub fn to_push(job: &Job) -> NewJob {
    let unsigned = |number: i32| u32::try_from(number).unwrap_or_default();
    let millis = |number: i32| Duration::from_millis(u64::from(unsigned(number)));
    NewJob {
        id: job.id,
        generation: unsigned(job.generation),
        version: u64::try_from(job.version).unwrap_or_default(),
        kind: job.kind.clone(),
        payload: Bytes::from(job.payload.to_string()),
        priority: u8::try_from(job.priority).ok().and_then(Priority::new).unwrap_or(Priority::NORMAL),
        run_at: Some(timestamp(job.run_at)),
        expires_at: job.expires_at.map(timestamp),
        attempt: unsigned(job.attempt),
        crashes: unsigned(job.crashes),
        max_attempts: unsigned(job.max_attempts),
        timeout: millis(job.timeout_ms),
        backoff: Backoff { base: millis(job.backoff_base_ms), cap: millis(job.backoff_cap_ms) },
        trace: job.trace.clone(),
        unique: None,
    }
}

fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp(u64::try_from(time.timestamp_millis()).unwrap_or_default())
}

/// Open rows of `queues` that are due within [`NEAR`], not marked as pushed, not to be cancelled, and accepted at
/// least `age` ago: the push of whoever accepted a younger one is probably still under way. At most `limit`, the
/// earliest first.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn due_unpushed(
    connection: &mut AsyncPgConnection,
    queue: &str,
    age: TimeDelta,
    limit: i64,
) -> Result<Vec<Job>, diesel::result::Error> {
    let now = Utc::now();
    jobs::table
        .filter(jobs::pushed.eq(false).and(jobs::finished_at.is_null()).and(jobs::cancel_requested_at.is_null()))
        .filter(jobs::queue.eq(queue).and(jobs::run_at.le(now + NEAR)).and(jobs::created_at.le(now - age)))
        .order(jobs::run_at)
        .limit(limit)
        .select(Job::as_select())
        .load(connection)
        .await
}

/// Marks rows as pushed, if they still are of the generation that was pushed.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn mark_pushed(
    connection: &mut AsyncPgConnection,
    pushed: &[(Uuid, u32)],
) -> Result<usize, diesel::result::Error> {
    let ids: Vec<_> = pushed.iter().map(|(id, _)| *id).collect();
    let generations: Vec<_> =
        pushed.iter().map(|(_, generation)| i32::try_from(*generation).unwrap_or(i32::MAX)).collect();
    let mark = diesel::sql_query(
        "update jobs set pushed = true from unnest($1, $2) as done (id, generation)
         where jobs.id = done.id and jobs.generation = done.generation and not jobs.pushed",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Integer>, _>(generations);
    mark.execute(connection).await
}
