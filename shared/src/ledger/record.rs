//! The recorder's commit: the only place where an end, a retry or a crash becomes a job's state.

use super::{
    State, attempts, consequences,
    tally::{self, Subject},
};
use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use gotong_queue::{Event, EventKind, Timestamp};
use serde_json::Value;
use std::collections::HashMap;
use uuid::Uuid;

/// What became of a batch of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Committed: the stream entries may go. How many rows changed their state.
    Committed(usize),
    /// The ledger has another epoch by now: the batch was dropped, and its entries stay.
    Fenced,
    /// Another recorder is at this queue right now.
    Busy,
}

/// Commits what workers reported of one queue, in one transaction: states, attempts, freed unique keys, what a kind's
/// end means for its subject, and the counts of it all ([`crate::statistics`]). `epoch` is the one under which the batch was read.
///
/// # Errors
/// What PostgreSQL answers; nothing is then changed.
pub async fn record(
    connection: &mut AsyncPgConnection,
    queue: &str,
    epoch: Option<&str>,
    events: &[Event],
) -> Result<Recorded, diesel::result::Error> {
    connection
        .transaction(async |connection| {
            // One recorder a queue at a time: two would only wait for each other's rows.
            if !try_lock(connection, queue).await? {
                return Ok(Recorded::Busy);
            }
            if epoch.is_none() || held_epoch(connection, queue).await?.as_deref() != epoch {
                return Ok(Recorded::Fenced);
            }
            let subjects = tally::subjects(connection, events).await?;
            let changed = apply(connection, events, &subjects).await?;
            let runs = attempts::insert(connection, events).await?;
            let ended: Vec<_> = changed.iter().filter(|row| row.finished_at.is_some()).collect();
            free_unique_keys(connection, &ended).await?;
            consequences::settle(connection, &ended).await?;
            tally::count(connection, queue, events, &subjects, &changed, &runs).await?;
            Ok(Recorded::Committed(changed.len()))
        })
        .await
}

async fn try_lock(connection: &mut AsyncPgConnection, queue: &str) -> QueryResult<bool> {
    diesel::select(
        diesel::dsl::sql::<diesel::sql_types::Bool>("pg_try_advisory_xact_lock(hashtext('recorder'), hashtext(")
            .bind::<Text, _>(queue)
            .sql("))"),
    )
    .get_result(connection)
    .await
}

/// The ledger's epoch of the queue, held until the end of the transaction.
async fn held_epoch(connection: &mut AsyncPgConnection, queue: &str) -> QueryResult<Option<String>> {
    use crate::db::schema::queue_epochs;
    queue_epochs::table
        .filter(queue_epochs::queue.eq(queue))
        .select(queue_epochs::name)
        .for_share()
        .first(connection)
        .await
        .optional()
}

/// A row whose state changed.
#[derive(QueryableByName)]
pub(super) struct Changed {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub schedule_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    pub state: String,
    #[diesel(sql_type = Integer)]
    pub generation: i32,
    #[diesel(sql_type = BigInt)]
    pub version: i64,
    #[diesel(sql_type = Timestamptz)]
    pub run_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub finished_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Text>)]
    pub error_class: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub error_message: Option<String>,
}

const APPLY: &str = "
    update jobs set
        state = new.state, generation = new.generation, version = new.version,
        attempt = greatest(jobs.attempt, new.attempt), crashes = greatest(jobs.crashes, new.crashes),
        run_at = coalesce(new.run_at, jobs.run_at), worker = coalesce(new.worker, jobs.worker),
        started_at = coalesce(new.started_at, jobs.started_at), finished_at = new.finished_at,
        result = new.result, error_class = new.error_class, error_message = new.error_message,
        error_fingerprint = new.error_fingerprint
    from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        as new (id, generation, version, state, attempt, crashes, run_at, worker, started_at, finished_at,
            result, error_class, error_message, error_fingerprint)
    where jobs.id = new.id
      and (jobs.generation, jobs.version) < (new.generation, new.version)
      and not (jobs.finished_at is not null and jobs.generation = new.generation)
    returning jobs.id, jobs.kind, jobs.schedule_id, jobs.state, jobs.generation, jobs.version, jobs.run_at, jobs.finished_at,
        jobs.error_class, jobs.error_message";

/// Applies the greatest transition of each job, where it is greater than what the ledger has, and where that is not
/// final already.
async fn apply(
    connection: &mut AsyncPgConnection,
    events: &[Event],
    subjects: &HashMap<Uuid, Subject>,
) -> QueryResult<Vec<Changed>> {
    let events = greatest(events);
    let column = |get: fn(&Event) -> u32| events.iter().map(|(e, _)| signed(get(e))).collect::<Vec<_>>();
    let apply = diesel::sql_query(APPLY)
        .bind::<Array<SqlUuid>, _>(events.iter().map(|(e, _)| e.job_id).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(column(|e| e.generation))
        .bind::<Array<BigInt>, _>(events.iter().map(|(e, _)| version(e)).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(events.iter().map(|(_, state)| state.as_str()).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(column(|e| e.attempts_used))
        .bind::<Array<Integer>, _>(column(|e| e.crashes))
        .bind::<Array<Nullable<Timestamptz>>, _>(
            events.iter().map(|(e, _)| e.run_at.and_then(time)).collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<Text>>, _>(
            events.iter().map(|(e, _)| e.worker.map(|id| id.to_string())).collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<Timestamptz>>, _>(
            events.iter().map(|(e, _)| e.started_at.and_then(time)).collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<Timestamptz>>, _>(
            events.iter().map(|(e, state)| state.is_final().then(|| ended(e))).collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<Jsonb>>, _>(events.iter().map(|(e, _)| result(e)).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(events.iter().map(|(e, _)| e.error_class.as_deref()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(events.iter().map(|(e, _)| e.error_message.as_deref()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(
            events.iter().map(|(e, _)| tally::fingerprint_of(e, subjects)).collect::<Vec<_>>(),
        );
    apply.load(connection).await
}

/// The last transition of each job among `events`, with the state it leads to.
fn greatest(events: &[Event]) -> Vec<(&Event, State)> {
    let mut last: HashMap<Uuid, (&Event, State)> = HashMap::new();
    for event in events {
        let Some(state) = state(event.kind) else { continue };
        let known = last.entry(event.job_id).or_insert((event, state));
        if order(event) > order(known.0) {
            *known = (event, state);
        }
    }
    last.into_values().collect()
}

/// The state that a transition leads to; a report of a stale run leads to none.
fn state(kind: EventKind) -> Option<State> {
    Some(match kind {
        EventKind::Completed => State::Completed,
        EventKind::Retried | EventKind::Crashed => State::Retryable,
        EventKind::Dead | EventKind::Expired => State::Dead,
        EventKind::Cancelled => State::Cancelled,
        EventKind::Snoozed => State::Snoozed,
        EventKind::Quarantined => State::Quarantined,
        EventKind::StaleReport => return None,
    })
}

async fn free_unique_keys(connection: &mut AsyncPgConnection, ended: &[&Changed]) -> QueryResult<()> {
    use crate::db::schema::unique_keys;
    let ids: Vec<Uuid> = ended.iter().map(|row| row.id).collect();
    diesel::delete(unique_keys::table.filter(unique_keys::job_id.eq_any(ids))).execute(connection).await?;
    Ok(())
}

pub(super) fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

pub(super) fn version(event: &Event) -> i64 {
    i64::try_from(event.version).unwrap_or(i64::MAX)
}

/// Orders all transitions of a job.
pub(super) fn order(event: &Event) -> (i32, i64) {
    (signed(event.generation), version(event))
}

pub(super) fn time(at: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(i64::try_from(at.0).ok()?)
}

pub(super) fn ended(event: &Event) -> DateTime<Utc> {
    time(event.ended_at).unwrap_or_else(Utc::now)
}

fn result(event: &Event) -> Option<Value> {
    serde_json::from_slice(event.result.as_deref()?).ok()
}
