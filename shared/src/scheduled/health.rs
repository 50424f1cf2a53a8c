//! The dead-man's switch: schedules that are later than expected, or whose jobs failed so many times in a row.

use super::CHANNEL;
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A schedule that is in trouble.
#[derive(Clone, Debug, QueryableByName)]
pub struct LateSchedule {
    /// Which.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// Whose; `None`: the platform's own.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub workspace_id: Option<Uuid>,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The tick that nobody has claimed, if it is late.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub late_since: Option<DateTime<Utc>>,
    /// Its jobs that failed in a row.
    #[diesel(sql_type = Integer)]
    pub failures: i32,
    /// Whether these are as many as its limit.
    #[diesel(sql_type = Bool)]
    pub is_failing: bool,
    /// When the last of them failed.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_failure_at: Option<DateTime<Utc>>,
}

/// Schedules that are later than their grace time, or whose jobs failed in a row as often as their limit says; the
/// latest first, at most `limit`.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn late_schedules(
    connection: &mut AsyncPgConnection,
    limit: i64,
) -> Result<Vec<LateSchedule>, diesel::result::Error> {
    let query = "
        select s.id, s.workspace_id, s.name,
            case when s.next_run_at < now() - make_interval(secs => s.grace_s) then s.next_run_at end as late_since,
            coalesce(h.failures, 0) as failures, coalesce(h.failures >= s.failure_limit, false) as is_failing,
            h.last_failure_at
        from schedules s left join schedule_health h on h.schedule_id = s.id
        where s.enabled
          and (s.next_run_at < now() - make_interval(secs => s.grace_s) or h.failures >= s.failure_limit)
        order by late_since nulls last, h.failures desc, s.id limit $1";
    diesel::sql_query(query).bind::<BigInt, _>(limit).load(connection).await
}

/// The end of a schedule's job.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// Whose job.
    pub schedule_id: Uuid,
    /// Whether it succeeded; `None`: it was called off, which tells nothing.
    pub succeeded: Option<bool>,
    /// When.
    pub at: DateTime<Utc>,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    failures: i32,
    last_success_at: Option<DateTime<Utc>>,
    last_failure_at: Option<DateTime<Utc>>,
}

/// Counts failures in a row within the transaction that records the ends, and wakes the schedulers if a tick waits for
/// one of them.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn note_ends(connection: &mut AsyncPgConnection, ends: &[End]) -> Result<(), diesel::result::Error> {
    if ends.is_empty() {
        return Ok(());
    }
    let tallies = tallies(ends);
    let told: Vec<_> = tallies.iter().filter(|(_, t)| t.last_success_at.or(t.last_failure_at).is_some()).collect();
    // A schedule that was deleted meanwhile has no health.
    let count = "
        insert into schedule_health (schedule_id, failures, last_success_at, last_failure_at)
        select new.* from unnest($1, $2, $3, $4) as new (id, failures, success_at, failure_at)
        join schedules using (id) order by new.id
        on conflict (schedule_id) do update set
            failures = excluded.failures
                + case when excluded.last_success_at is null then schedule_health.failures else 0 end,
            last_success_at = coalesce(excluded.last_success_at, schedule_health.last_success_at),
            last_failure_at = coalesce(excluded.last_failure_at, schedule_health.last_failure_at)";
    diesel::sql_query(count)
        .bind::<Array<SqlUuid>, _>(told.iter().map(|(id, _)| **id).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(told.iter().map(|(_, tally)| tally.failures).collect::<Vec<_>>())
        .bind::<Array<Nullable<Timestamptz>>, _>(told.iter().map(|(_, t)| t.last_success_at).collect::<Vec<_>>())
        .bind::<Array<Nullable<Timestamptz>>, _>(told.iter().map(|(_, t)| t.last_failure_at).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    let wake = format!(
        "select pg_notify('{CHANNEL}', '') where exists
            (select from schedules where id = any($1) and queued_tick is not null)"
    );
    let ids: Vec<Uuid> = tallies.into_keys().collect();
    diesel::sql_query(wake).bind::<Array<SqlUuid>, _>(ids).execute(connection).await?;
    Ok(())
}

/// What the ends mean for each schedule, in the order in which they came.
fn tallies(ends: &[End]) -> BTreeMap<Uuid, Tally> {
    let mut ends: Vec<&End> = ends.iter().collect();
    ends.sort_by_key(|end| end.at);
    let mut tallies: BTreeMap<Uuid, Tally> = BTreeMap::new();
    for end in ends {
        let tally = tallies.entry(end.schedule_id).or_default();
        match end.succeeded {
            Some(true) => {
                tally.failures = 0;
                tally.last_success_at = Some(end.at);
            }
            Some(false) => {
                tally.failures += 1;
                tally.last_failure_at = Some(end.at);
            }
            None => {}
        }
    }
    tallies
}
