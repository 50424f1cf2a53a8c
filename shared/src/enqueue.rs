//! How a job is accepted: its row commits with the caller's transaction; the push follows the commit.
//!
//! ```text
//! let clock = dispatcher.clock().await;               // Redis time before the row is read: the push's deadline
//! connection.transaction(|c| { business rows; enqueue(c, &[job]) })   // accepted
//! dispatcher.push(clock, enqueued).await;             // sent once; what fails is left to the relay
//! ```

use crate::{
    jobs::{self, Contract, Limits, PayloadError},
    ledger,
};
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Integer, Jsonb, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use gotong_queue::{Client, Micros, PushTerms, QueueName};
use serde_json::Value;
use std::{collections::HashMap, time::Duration};
use uuid::Uuid;

/// How long after reading a row its push may arrive, in Redis time. A tombstone outlives the recorded end of its job
/// by more than this, so no push can bring back what ended.
pub const PUSH_DEADLINE: Duration = Duration::from_secs(2);

/// The largest payload, as JSON.
pub const PAYLOAD_LIMIT: usize = 64 * 1024;

/// The most jobs in one call.
pub const BATCH_LIMIT: usize = 1_000;

/// A job to be accepted.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// UUIDv7. Whoever enqueues makes it, so that a repeated request is the same job.
    pub id: Uuid,
    /// Whose it is.
    pub workspace_id: Uuid,
    /// Its kind.
    pub kind: &'static str,
    /// Its queue.
    pub queue: &'static str,
    /// The kind's payload.
    pub payload: Value,
    /// 0 (lowest) to 4 (highest).
    pub priority: i16,
    /// Not before.
    pub run_at: Option<DateTime<Utc>>,
    /// Not after.
    pub expires_at: Option<DateTime<Utc>>,
    /// At most one live job of the workspace and kind has it.
    pub unique_key: Option<String>,
    /// The key or person that asks for it.
    pub created_by: Option<Uuid>,
    /// W3C `traceparent` of the request that causes it.
    pub trace: Option<String>,
    /// What bounds it.
    pub limits: Limits,
}

impl NewJob {
    /// A job of that kind, due now, of normal priority.
    ///
    /// # Errors
    /// When the payload does not fit its kind, or is longer than [`PAYLOAD_LIMIT`].
    pub fn of<C: Contract>(workspace_id: Uuid, payload: &C) -> Result<Self, EnqueueError> {
        let payload = serde_json::to_value(payload).map_err(|error| PayloadError(error.to_string()))?;
        Self::of_kind(workspace_id, C::KIND, payload)
    }

    /// A job of the kind with that name, due now, of normal priority.
    ///
    /// # Errors
    /// When there is no such kind, the payload does not fit it, or is longer than [`PAYLOAD_LIMIT`].
    pub fn of_kind(workspace_id: Uuid, kind: &str, payload: Value) -> Result<Self, EnqueueError> {
        let kind = jobs::kind(kind).ok_or_else(|| PayloadError(format!("there is no kind {kind}")))?;
        kind.check(&payload)?;
        if payload.to_string().len() > PAYLOAD_LIMIT {
            return Err(PayloadError(format!("it is longer than {PAYLOAD_LIMIT} bytes")).into());
        }
        Ok(Self {
            id: Uuid::now_v7(),
            workspace_id,
            kind: kind.name,
            queue: kind.queue.name,
            payload,
            priority: 2,
            run_at: None,
            expires_at: None,
            unique_key: None,
            created_by: None,
            trace: None,
            limits: kind.limits,
        })
    }

    /// Notes who asks for it.
    #[must_use]
    pub fn created_by(self, actor: Uuid) -> Self {
        Self { created_by: Some(actor), ..self }
    }

    /// Continues the trace of the request that causes it.
    #[must_use]
    pub fn trace(self, traceparent: Option<String>) -> Self {
        Self { trace: traceparent, ..self }
    }

    /// Delays it.
    #[must_use]
    pub fn run_at(self, time: DateTime<Utc>) -> Self {
        Self { run_at: Some(time), ..self }
    }

    /// Makes it the only live job of its workspace and kind with that key.
    #[must_use]
    pub fn unique(self, key: impl Into<String>) -> Self {
        Self { unique_key: Some(key.into()), ..self }
    }
}

/// Why nothing was accepted.
#[derive(Debug, thiserror::Error)]
pub enum EnqueueError {
    /// A payload is not one of its kind.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// An id's time is more than a minute off the database's clock, or its row exists.
    #[error("a job's id must be new, and its time within a minute of the database's clock")]
    Id,
    /// More than [`BATCH_LIMIT`].
    #[error("at most {BATCH_LIMIT} jobs can be enqueued in one call")]
    TooMany,
    /// PostgreSQL refused.
    #[error("the ledger refused the jobs: {0}")]
    Database(#[from] diesel::result::Error),
}

/// Jobs whose rows are written, to be pushed after the commit.
#[must_use = "jobs that are not pushed wait some seconds for the relay"]
#[derive(Debug, Default)]
pub struct Enqueued {
    /// Jobs that were refused because a live job has their unique key: their ids, and that job's.
    pub duplicates: HashMap<Uuid, Uuid>,
    pushes: HashMap<QueueName, (Option<String>, Vec<gotong_queue::NewJob>)>,
}

#[derive(QueryableByName)]
struct Inserted {
    #[diesel(embed)]
    job: crate::db::models::Job,
    #[diesel(sql_type = Nullable<Text>)]
    epoch: Option<String>,
}

const INSERT: &str = "
    with added as (
        insert into jobs (id, workspace_id, kind, queue, priority, state, payload, run_at, expires_at, max_attempts,
            timeout_ms, backoff_base_ms, backoff_cap_ms, retention_s, unique_key, created_by, trace)
        select id, workspace_id, kind, queue, priority,
            case when coalesce(run_at, now()) > now() then 'scheduled' else 'available' end,
            payload, coalesce(run_at, now()), expires_at, max_attempts,
            timeout_ms, backoff_base_ms, backoff_cap_ms, retention_s, unique_key, created_by, trace
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
            as new (id, workspace_id, kind, queue, priority, payload, run_at, expires_at, max_attempts,
                timeout_ms, backoff_base_ms, backoff_cap_ms, retention_s, unique_key, created_by, trace)
        where uuid_instant(id) between now() - interval '1 minute' and now() + interval '1 minute'
        on conflict do nothing
        returning *)
    select added.*, queue_epochs.name as epoch from added left join queue_epochs using (queue)";

/// Writes the jobs' rows within the caller's transaction.
///
/// # Errors
/// When one of them cannot be accepted; the caller's transaction must then be rolled back.
pub async fn enqueue(connection: &mut AsyncPgConnection, jobs: &[NewJob]) -> Result<Enqueued, EnqueueError> {
    if jobs.len() > BATCH_LIMIT {
        return Err(EnqueueError::TooMany);
    }
    let duplicates = claim_unique_keys(connection, jobs).await?;
    let jobs: Vec<&NewJob> = jobs.iter().filter(|job| !duplicates.contains_key(&job.id)).collect();
    let column = |get: fn(&NewJob) -> i32| jobs.iter().map(|job| get(job)).collect::<Vec<_>>();
    let rows: Vec<Inserted> = diesel::sql_query(INSERT)
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
        .bind::<Array<Integer>, _>(column(|job| i32::try_from(job.limits.retention.as_secs()).unwrap_or(i32::MAX)))
        .bind::<Array<Nullable<Text>>, _>(jobs.iter().map(|job| job.unique_key.as_deref()).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(jobs.iter().map(|job| job.created_by).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(jobs.iter().map(|job| job.trace.as_deref()).collect::<Vec<_>>())
        .load(connection)
        .await?;
    if rows.len() < jobs.len() {
        return Err(EnqueueError::Id);
    }
    let mut enqueued = Enqueued { duplicates, ..Enqueued::default() };
    let near = Utc::now() + ledger::NEAR;
    for Inserted { job, epoch } in rows.into_iter().filter(|row| row.job.run_at <= near) {
        let Ok(queue) = job.queue.parse::<QueueName>() else { continue };
        enqueued.pushes.entry(queue).or_insert_with(|| (epoch, Vec::new())).1.push(ledger::to_push(&job));
    }
    Ok(enqueued)
}

fn millis(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX)
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
    let keyed: Vec<_> = jobs.iter().filter_map(|job| Some((job, job.unique_key.as_deref()?))).collect();
    if keyed.is_empty() {
        return Ok(HashMap::new());
    }
    let scopes: Vec<_> = keyed.iter().map(|(job, _)| format!("{}:{}", job.workspace_id, job.kind)).collect();
    let keys: Vec<_> = keyed.iter().map(|(_, key)| *key).collect();
    let ids: Vec<_> = keyed.iter().map(|(job, _)| job.id).collect();
    // In the order of the keys, so that two transactions that want the same keys cannot wait for each other.
    let claim = "insert into unique_keys (scope, key, job_id)
        select * from unnest($1, $2, $3) as new (scope, key, job_id) order by 1, 2 on conflict do nothing";
    diesel::sql_query(claim)
        .bind::<Array<Text>, _>(&scopes)
        .bind::<Array<Text>, _>(&keys)
        .bind::<Array<SqlUuid>, _>(&ids)
        .execute(connection)
        .await?;
    let owners = "select new.job_id as asked, unique_keys.job_id as owner
        from unnest($1, $2, $3) as new (scope, key, job_id) join unique_keys using (scope, key)
        where unique_keys.job_id <> new.job_id";
    let rows: Vec<KeyOwner> = diesel::sql_query(owners)
        .bind::<Array<Text>, _>(&scopes)
        .bind::<Array<Text>, _>(&keys)
        .bind::<Array<SqlUuid>, _>(&ids)
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.asked, row.owner)).collect())
}

/// Hands accepted jobs to Redis. Cheap to clone.
#[derive(Clone)]
pub struct Dispatcher {
    client: Client,
}

impl Dispatcher {
    /// Pushes through that client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The engine's client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Redis time, from which a push's deadline is counted: to be asked for before the row is read or written.
    /// `None` when Redis does not answer; the push is then left to the relay.
    pub async fn clock(&self) -> Option<Micros> {
        self.client.time().await.ok()
    }

    /// Pushes what was accepted, once. Whatever Redis refuses or does not answer is left to the relay, so this never
    /// fails its caller.
    pub async fn push(&self, clock: Option<Micros>, enqueued: Enqueued) {
        let Some(clock) = clock else { return };
        for (queue, (epoch, jobs)) in enqueued.pushes {
            let Some(epoch) = epoch else { continue };
            let terms = PushTerms { epoch, deadline: clock.after(PUSH_DEADLINE) };
            if let Err(error) = self.client.push(&queue, &jobs, Some(&terms)).await {
                tracing::debug!(%queue, %error, jobs = jobs.len(), "push left to the relay");
            }
        }
    }
}
