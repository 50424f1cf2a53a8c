//! Finding jobs: newest first, by index, whatever the filter.
//!
//! The most selective filter drives the walk, in the order of ids: a field of the payload, an error's fingerprint, a
//! schedule, else kind and state. Kinds and states are few, so the last one merges an ordered walk for each pair of
//! them (`jobs_list`); what remains of the filter is checked on the rows.

use super::State;
use crate::{db::models::Job, jobs};
use chrono::{DateTime, Utc};
use diesel::{
    QueryResult,
    sql_types::{Array, BigInt, Bool, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Which jobs. An empty list and `None` filter nothing.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Whose.
    pub workspace_id: Uuid,
    /// In one of these states, as the ledger has them.
    pub states: Vec<State>,
    /// Of one of these kinds.
    pub kinds: Vec<String>,
    /// Of that queue.
    pub queue: Option<String>,
    /// Made by that schedule.
    pub schedule_id: Option<Uuid>,
    /// Whose last error has that fingerprint.
    pub error_fingerprint: Option<String>,
    /// With all of these fields, as `path:value`.
    pub fields: Vec<String>,
    /// Among these: for what Redis alone can name.
    pub among: Option<Vec<Uuid>>,
    /// Accepted at that time or later.
    pub accepted_from: Option<DateTime<Utc>>,
    /// Accepted before that time.
    pub accepted_before: Option<DateTime<Utc>>,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the newest job.
    Newest,
    /// At the first job older than that one.
    After(Uuid),
    /// Going back: at the first job newer than that one, in rising order.
    Before(Uuid),
}

/// The smallest id that a job accepted at that time can have.
#[must_use]
pub fn first_id_of(time: DateTime<Utc>) -> Uuid {
    let millis = u128::try_from(time.timestamp_millis().max(0)).unwrap_or_default();
    Uuid::from_u128(millis << 80)
}

/// Up to `limit` jobs: newest first, or, before a job, oldest first.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn list_jobs(
    connection: &mut AsyncPgConnection,
    filter: &JobFilter,
    start: Start,
    limit: i64,
) -> QueryResult<Vec<Job>> {
    let lowest = filter.accepted_from.map_or(Uuid::nil(), first_id_of);
    let end = filter.accepted_before.map_or(Uuid::max(), first_id_of);
    // Ids from `low` on and below `high`.
    let (low, high) = match start {
        Start::Newest => (lowest, end),
        Start::After(id) => (lowest, end.min(id)),
        Start::Before(id) => (lowest.max(next(id)), end),
    };
    diesel::sql_query(statement(filter, start))
        .bind::<SqlUuid, _>(filter.workspace_id)
        .bind::<SqlUuid, _>(low)
        .bind::<SqlUuid, _>(high)
        .bind::<BigInt, _>(limit)
        .bind::<Array<Text>, _>(kinds(filter))
        .bind::<Array<Text>, _>(states(filter))
        .bind::<Nullable<Text>, _>(filter.queue.as_deref())
        .bind::<Nullable<SqlUuid>, _>(filter.schedule_id)
        .bind::<Nullable<Text>, _>(filter.error_fingerprint.as_deref())
        .bind::<Array<Text>, _>(&filter.fields)
        .bind::<Bool, _>(wants(filter, State::Scheduled))
        .bind::<Bool, _>(wants(filter, State::Available))
        .bind::<Array<SqlUuid>, _>(filter.among.as_deref().unwrap_or_default())
        .load(connection)
        .await
}

fn statement(filter: &JobFilter, start: Start) -> String {
    let order = if matches!(start, Start::Before(_)) { "asc" } else { "desc" };
    let range = |id: &str| format!("{id} >= $2 and {id} < $3");
    // A due job that was accepted for later is available, whatever its row says.
    let rest = "j.workspace_id = $1 and j.kind = any($5) and j.state = any($6)
        and (j.state <> 'scheduled' or ($11 and j.run_at > now()) or ($12 and j.run_at <= now()))
        and ($7::text is null or j.queue = $7) and ($8::uuid is null or j.schedule_id = $8)
        and ($9::text is null or j.error_fingerprint = $9)
        and not exists (select from unnest($10::text[]) wanted where not exists
            (select from job_fields f where f.workspace_id = $1 and f.field = wanted and f.job_id = j.id))";
    let driven = if filter.among.is_some() {
        format!(
            "select j.* from jobs j where j.id = any($13) and {} and {rest} order by j.id {order} limit $4",
            range("j.id")
        )
    } else if !filter.fields.is_empty() {
        format!(
            "select j.* from job_fields driver cross join lateral (select * from jobs where id = driver.job_id offset 0) j
             where driver.workspace_id = $1 and driver.field = ($10::text[])[1] and {} and {rest}
             order by driver.job_id {order} limit $4",
            range("driver.job_id")
        )
    } else if filter.error_fingerprint.is_some() {
        format!(
            "select j.* from jobs j where j.error_fingerprint = $9 and {} and {rest} order by j.id {order} limit $4",
            range("j.id")
        )
    } else if filter.schedule_id.is_some() {
        format!(
            "select j.* from jobs j where j.schedule_id = $8 and {} and {rest} order by j.id {order} limit $4",
            range("j.id")
        )
    } else {
        format!(
            "select j.* from unnest($5) wanted_kind cross join unnest($6) wanted_state
             cross join lateral (
                 select j.* from jobs j where j.workspace_id = $1 and j.kind = wanted_kind and j.state = wanted_state
                     and {} and {rest} order by j.id {order} limit $4) j
             order by j.id {order} limit $4",
            range("j.id")
        )
    };
    // The parameters have the same number and types in every form of the statement.
    format!(
        "with typed as (select $7::text, $8::uuid, $9::text, $10::text[], $11::bool, $12::bool, $13::uuid[]) {driven}"
    )
}

fn wants(filter: &JobFilter, state: State) -> bool {
    filter.states.is_empty() || filter.states.contains(&state)
}

/// The kinds to be walked. A queue's are enough for its jobs.
fn kinds(filter: &JobFilter) -> Vec<&str> {
    if !filter.kinds.is_empty() {
        return filter.kinds.iter().map(String::as_str).collect();
    }
    let of_queue = jobs::kinds().filter(|kind| filter.queue.as_deref().is_none_or(|queue| kind.queue.name == queue));
    of_queue.map(|kind| kind.name).collect()
}

/// The states that rows can be in.
fn states(filter: &JobFilter) -> Vec<&'static str> {
    let known = State::ALL.into_iter().filter(|state| *state != State::Running);
    // Due jobs that were accepted for later are among the available ones.
    let wanted =
        known.filter(|state| wants(filter, *state) || (*state == State::Scheduled && wants(filter, State::Available)));
    wanted.map(State::as_str).collect()
}

fn next(id: Uuid) -> Uuid {
    Uuid::from_u128(id.as_u128().saturating_add(1))
}
