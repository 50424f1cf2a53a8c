//! The statements that accept jobs.

use super::{BATCH_LIMIT, EnqueueError, NewJob, PAYLOAD_LIMIT, is_longer};
use crate::{
    db::{Cached, models::Job},
    jobs::PayloadError,
    ledger,
};
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Array, Integer, Jsonb, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use gotong_queue::QueueName;
use std::{collections::HashMap, time::Duration};
use uuid::Uuid;

/// Jobs whose rows are written, to be pushed after the commit.
#[must_use = "jobs that are not pushed wait some seconds for the relay"]
#[derive(Debug, Default)]
pub struct Enqueued {
    /// Jobs that were refused because a live job has their unique key: their ids, and that job's.
    pub duplicates: HashMap<Uuid, Uuid>,
    /// The rows, in no order.
    pub rows: Vec<Job>,
    pub(super) pushes: HashMap<QueueName, (Option<String>, Vec<gotong_queue::NewJob>)>,
}

impl Enqueued {
    /// Notes a row, to be pushed under the epoch that was read with it if it is due soon.
    pub(crate) fn add(&mut self, job: Job, epoch: Option<String>) {
        if job.run_at <= Utc::now() + ledger::NEAR
            && let Ok(queue) = job.queue.parse::<QueueName>()
        {
            self.pushes.entry(queue).or_insert_with(|| (epoch, Vec::new())).1.push(ledger::to_push(&job));
        }
        self.rows.push(job);
    }
}

/// What PostgreSQL decides of a row; the rest is known.
#[derive(QueryableByName)]
struct Inserted {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Timestamptz)]
    run_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Text>)]
    epoch: Option<String>,
}

const INSERT: &str = "
    with added as (
        insert into jobs (id, workspace_id, kind, queue, priority, state, payload, run_at, expires_at, max_attempts,
            timeout_ms, backoff_base_ms, backoff_cap_ms, retention_s, unique_key, created_by, trace, schedule_id)
        select id, workspace_id, kind, queue, priority,
            case when coalesce(run_at, now()) > now() then 'scheduled' else 'available' end,
            payload, coalesce(run_at, now()), expires_at, max_attempts,
            timeout_ms, backoff_base_ms, backoff_cap_ms, retention_s, unique_key, created_by, trace, schedule_id
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
            as new (id, workspace_id, kind, queue, priority, payload, run_at, expires_at, max_attempts,
                timeout_ms, backoff_base_ms, backoff_cap_ms, retention_s, unique_key, created_by, trace, schedule_id)
        where uuid_instant(id) between now() - interval '1 minute' and now() + interval '1 minute'
        on conflict do nothing
        returning id, workspace_id, queue, state, run_at, created_at),
    findable as (
        insert into job_fields (workspace_id, field, job_id)
        select added.workspace_id, new.field, added.id
        from unnest($18, $19) as new (id, field) join added using (id))
    select id, state, run_at, created_at, queue_epochs.name as epoch from added left join queue_epochs using (queue)";

/// Writes the jobs' rows within the caller's transaction.
///
/// # Errors
/// When one of them cannot be accepted; the caller's transaction must then be rolled back.
pub async fn enqueue(connection: &mut AsyncPgConnection, jobs: &[NewJob]) -> Result<Enqueued, EnqueueError> {
    let enqueued = enqueue_each(connection, jobs).await?;
    let written = enqueued.rows.len() + enqueued.duplicates.len();
    if written < jobs.len() { Err(EnqueueError::Id) } else { Ok(enqueued) }
}

/// As [`enqueue`], but a job whose id cannot be accepted is merely missing from the rows; the others are accepted.
///
/// # Errors
/// When none of them can be accepted; the caller's transaction must then be rolled back.
pub async fn enqueue_each(connection: &mut AsyncPgConnection, jobs: &[NewJob]) -> Result<Enqueued, EnqueueError> {
    if jobs.len() > BATCH_LIMIT {
        return Err(EnqueueError::TooMany);
    }
    if jobs.iter().any(|job| is_longer(&job.payload, PAYLOAD_LIMIT)) {
        return Err(PayloadError::whole("a payload of that size has to be checked in first").into());
    }
    let duplicates = claim_unique_keys(connection, jobs).await?;
    let jobs: Vec<&NewJob> = jobs.iter().filter(|job| !duplicates.contains_key(&job.id)).collect();
    let mut enqueued = Enqueued { duplicates, ..Enqueued::default() };
    if jobs.is_empty() {
        return Ok(enqueued);
    }
    let column = |get: fn(&NewJob) -> i32| jobs.iter().map(|job| get(job)).collect::<Vec<_>>();
    let fields: Vec<_> = jobs.iter().flat_map(|job| job.fields.iter().map(|field| (job.id, field.as_str()))).collect();
    let insert = diesel::sql_query(INSERT)
        .bind::<Array<SqlUuid>, _>(jobs.iter().map(|job| job.id).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(jobs.iter().map(|job| job.workspace_id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(jobs.iter().map(|job| job.kind).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(jobs.iter().map(|job| job.queue).collect::<Vec<_>>())
        .bind::<Array<SmallInt>, _>(jobs.iter().map(|job| job.priority).collect::<Vec<_>>())
        .bind::<Array<Jsonb>, _>(jobs.iter().map(|job| &job.payload).collect::<Vec<_>>())
        .bind::<Array<Nullable<Timestamptz>>, _>(jobs.iter().map(|job| job.run_at).collect::<Vec<_>>())
        .bind::<Array<Nullable<Timestamptz>>, _>(jobs.iter().map(|job| job.expires_at).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(column(|job| job.limits.max_attempts.into()))
        .bind::<Array<Integer>, _>(column(|job| millis(job.limits.timeout)))
        .bind::<Array<Integer>, _>(column(|job| millis(job.limits.backoff_base)))
        .bind::<Array<Integer>, _>(column(|job| millis(job.limits.backoff_cap)))
        .bind::<Array<Integer>, _>(column(|job| seconds(job.limits.retention)))
        .bind::<Array<Nullable<Text>>, _>(jobs.iter().map(|job| job.unique_key.as_deref()).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(jobs.iter().map(|job| job.created_by).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(jobs.iter().map(|job| job.trace.as_deref()).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(jobs.iter().map(|job| job.schedule_id).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(fields.iter().map(|(id, _)| *id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(fields.iter().map(|(_, field)| *field).collect::<Vec<_>>());
    let mut rows: HashMap<Uuid, Inserted> =
        Cached(insert).load(connection).await?.into_iter().map(|row: Inserted| (row.id, row)).collect();
    let mut refused = Vec::new();
    for job in jobs {
        match rows.remove(&job.id) {
            Some(row) => enqueued.add(accepted(job, &row), row.epoch),
            None if job.unique_key.is_some() => refused.push(job.id),
            None => {}
        }
    }
    free_keys_of(connection, &refused).await?;
    Ok(enqueued)
}

/// The row as it stands now.
fn accepted(job: &NewJob, row: &Inserted) -> Job {
    Job {
        id: job.id,
        workspace_id: job.workspace_id,
        kind: job.kind.to_owned(),
        queue: job.queue.to_owned(),
        priority: job.priority,
        state: row.state.clone(),
        generation: 1,
        version: 0,
        pushed: false,
        payload: job.payload.clone(),
        run_at: row.run_at,
        expires_at: job.expires_at,
        attempt: 0,
        max_attempts: job.limits.max_attempts.into(),
        crashes: 0,
        timeout_ms: millis(job.limits.timeout),
        backoff_base_ms: millis(job.limits.backoff_base),
        backoff_cap_ms: millis(job.limits.backoff_cap),
        retention_s: seconds(job.limits.retention),
        unique_key: job.unique_key.clone(),
        created_by: job.created_by,
        trace: job.trace.clone(),
        cancel_requested_at: None,
        created_at: row.created_at,
        started_at: None,
        finished_at: None,
        worker: None,
        result: None,
        error_class: None,
        error_message: None,
        schedule_id: job.schedule_id,
        error_fingerprint: None,
    }
}

fn millis(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX)
}

fn seconds(time: Duration) -> i32 {
    i32::try_from(time.as_secs()).unwrap_or(i32::MAX)
}

#[derive(QueryableByName)]
struct KeyOwner {
    #[diesel(sql_type = SqlUuid)]
    asked: Uuid,
    #[diesel(sql_type = SqlUuid)]
    owner: Uuid,
}

/// Takes the unique keys that are free; answers which jobs came too late, and for whom.
async fn claim_unique_keys(
    connection: &mut AsyncPgConnection,
    jobs: &[NewJob],
) -> Result<HashMap<Uuid, Uuid>, diesel::result::Error> {
    let keyed =
        jobs.iter().filter_map(|job| Some((job.id, key_scope(job.workspace_id, job.kind), job.unique_key.as_deref()?)));
    claim_keys(connection, &keyed.collect::<Vec<_>>()).await
}

/// Frees the keys of jobs that were refused; one that has a row was accepted before, and keeps its key.
async fn free_keys_of(connection: &mut AsyncPgConnection, refused: &[Uuid]) -> Result<(), diesel::result::Error> {
    if refused.is_empty() {
        return Ok(());
    }
    let free = diesel::sql_query(
        "delete from unique_keys where job_id = any($1) and not exists (select from jobs where id = unique_keys.job_id)",
    );
    Cached(free.bind::<Array<SqlUuid>, _>(refused)).execute(connection).await?;
    Ok(())
}

/// Within what a unique key is unique.
pub(crate) fn key_scope(workspace: Uuid, kind: &str) -> String {
    format!("{workspace}:{kind}")
}

/// Takes for each job, given with scope and key, its key if that is free; answers whose is not, and who has it.
pub(crate) async fn claim_keys(
    connection: &mut AsyncPgConnection,
    keyed: &[(Uuid, String, &str)],
) -> Result<HashMap<Uuid, Uuid>, diesel::result::Error> {
    if keyed.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<_> = keyed.iter().map(|(id, ..)| *id).collect();
    let scopes: Vec<_> = keyed.iter().map(|(_, scope, _)| scope).collect();
    let keys: Vec<_> = keyed.iter().map(|(.., key)| *key).collect();
    // In the order of the keys, so that two transactions that want the same keys cannot wait for each other.
    let claim = "insert into unique_keys (scope, key, job_id)
        select * from unnest($1, $2, $3) as new (scope, key, job_id) order by 1, 2 on conflict do nothing";
    let claim = diesel::sql_query(claim)
        .bind::<Array<Text>, _>(&scopes)
        .bind::<Array<Text>, _>(&keys)
        .bind::<Array<SqlUuid>, _>(&ids);
    Cached(claim).execute(connection).await?;
    let owners = "select new.job_id as asked, unique_keys.job_id as owner
        from unnest($1, $2, $3) as new (scope, key, job_id) join unique_keys using (scope, key)
        where unique_keys.job_id <> new.job_id";
    let owners = diesel::sql_query(owners)
        .bind::<Array<Text>, _>(&scopes)
        .bind::<Array<Text>, _>(&keys)
        .bind::<Array<SqlUuid>, _>(&ids);
    let rows: Vec<KeyOwner> = Cached(owners).load(connection).await?;
    Ok(rows.into_iter().map(|row| (row.asked, row.owner)).collect())
}
