//! A manual retry: a job that has ended begins again, as its next generation.

use crate::{
    db::{models::Job, schema::jobs},
    enqueue::{Enqueued, claim_keys},
};
use diesel::{
    prelude::*,
    sql_types::{Array, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::HashMap;
use uuid::Uuid;

/// What a retry of a job came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It waits again.
    Begun,
    /// It has not ended, so there is nothing to retry.
    Open,
    /// That live job has its unique key by now.
    KeyTaken(Uuid),
}

/// Retries jobs of a workspace within the caller's transaction. A job that is missing from the answers does not exist.
/// What the row said of its last run moves to the attempts, so nothing is forgotten.
///
/// # Errors
/// What PostgreSQL answers; the caller's transaction must then be rolled back.
pub async fn retry_jobs(
    connection: &mut AsyncPgConnection,
    workspace: Uuid,
    ids: &[Uuid],
) -> QueryResult<(HashMap<Uuid, Retry>, Enqueued)> {
    // In the order of ids, so that two retries of the same jobs cannot wait for each other.
    let rows: Vec<Job> = jobs::table
        .filter(jobs::id.eq_any(ids).and(jobs::workspace_id.eq(workspace)))
        .order(jobs::id)
        .for_update()
        .select(Job::as_select())
        .load(connection)
        .await?;
    let (ended, open): (Vec<Job>, Vec<Job>) = rows.into_iter().partition(|row| row.finished_at.is_some());
    let mut outcomes: HashMap<Uuid, Retry> = open.into_iter().map(|row| (row.id, Retry::Open)).collect();
    let keyed = ended.iter().filter_map(|row| Some((row.id, key_scope(row), row.unique_key.as_deref()?)));
    let taken = claim_keys(connection, &keyed.collect::<Vec<_>>()).await?;
    let begun: Vec<Uuid> = ended.iter().map(|row| row.id).filter(|id| !taken.contains_key(id)).collect();
    outcomes.extend(taken.into_iter().map(|(id, owner)| (id, Retry::KeyTaken(owner))));
    let rows: Vec<Begun> = diesel::sql_query(BEGIN_AGAIN).bind::<Array<SqlUuid>, _>(&begun).load(connection).await?;
    let mut enqueued = Enqueued::default();
    for Begun { job, epoch } in rows {
        outcomes.insert(job.id, Retry::Begun);
        enqueued.add(job, epoch);
    }
    Ok((outcomes, enqueued))
}

fn key_scope(row: &Job) -> String {
    crate::enqueue::key_scope(row.workspace_id, &row.kind)
}

#[derive(QueryableByName)]
struct Begun {
    #[diesel(embed)]
    job: Job,
    #[diesel(sql_type = Nullable<Text>)]
    epoch: Option<String>,
}

const BEGIN_AGAIN: &str = "
    with ended as (select * from jobs where id = any($1)),
    kept as (
        insert into job_attempts (job_id, generation, version, attempt, outcome, worker, started_at, ended_at,
            error_class, error_message)
        select id, generation, version, attempt, state, worker, started_at, finished_at, error_class, error_message
        from ended where started_at is not null on conflict do nothing),
    begun as (
        update jobs set state = 'available', generation = jobs.generation + 1, version = 0, pushed = false,
            attempt = 0, crashes = 0, run_at = now(), cancel_requested_at = null,
            expires_at = case when jobs.expires_at > now() then jobs.expires_at end,
            started_at = null, finished_at = null, worker = null, result = null,
            error_class = null, error_message = null, error_fingerprint = null
        from ended where jobs.id = ended.id returning jobs.*)
    select begun.*, queue_epochs.name as epoch from begun left join queue_epochs using (queue)";
