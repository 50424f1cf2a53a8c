//! Claims what is due: ticks, jobs and next ticks commit together.
//!
//! Rows are locked for a change that leaves their keys alone, and those that another scheduler holds are passed over. A
//! bounded batch is decided in memory and written in a handful of statements, however many schedules it holds.

use super::decide::{Decision, decide};
use crate::runner::PassError;
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    prelude::*,
    sql_types::{Array, Nullable, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use gotong_shared::{
    db::{
        models::{Schedule, ScheduleTick},
        schema::schedules,
    },
    enqueue::{BATCH_LIMIT, Enqueued, NewJob, enqueue},
    ledger::request_cancels,
    schedule::{Overlap, due::Span},
    scheduled::{End, TickOutcome, insert_ticks, note_ends},
};
use prometheus::{Histogram, IntCounterVec};
use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};
use uuid::Uuid;

/// Schedules claimed in one transaction.
const BATCH: i64 = 1_000;

static LATENESS: LazyLock<Histogram> = LazyLock::new(|| {
    let buckets = vec![0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0];
    let help = "From a tick to its claim, by the database's clock.";
    prometheus::register_histogram!("gotong_schedule_lateness_seconds", help, buckets)
        .expect("the metric's name is unique and valid")
});
static TICKS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    prometheus::register_int_counter_vec!("gotong_schedule_ticks_total", "Ticks by what became of them.", &["outcome"])
        .expect("the metric's name is unique and valid")
});

/// What a pass claimed.
#[derive(Default)]
pub(super) struct Claimed {
    pub schedules: usize,
    /// Whether the bound stopped it.
    pub more: bool,
    pub enqueued: Vec<Enqueued>,
    notes: Vec<Note>,
}

/// What is told of a schedule once the transaction has committed.
struct Note {
    schedule: Schedule,
    missed: Option<Span>,
    ticks: Vec<ScheduleTick>,
    now: DateTime<Utc>,
}

pub(super) async fn claim(connection: &mut AsyncPgConnection) -> Result<Claimed, PassError> {
    let due: Vec<Schedule> = schedules::table
        .filter(schedules::enabled.and(schedules::next_run_at.assume_not_null().le(diesel::dsl::now)))
        .order(schedules::next_run_at)
        .limit(BATCH)
        .select(Schedule::as_select())
        .for_no_key_update()
        .skip_locked()
        .load(connection)
        .await?;
    if due.is_empty() {
        return Ok(Claimed::default());
    }
    let now: DateTime<Utc> = diesel::select(diesel::dsl::now.into_sql::<Timestamptz>()).get_result(connection).await?;
    let live = live_jobs(connection, &due).await?;
    let (decided, more) = decide_all(due, now, &live);
    let (schedules, mut decisions): (Vec<_>, Vec<_>) = decided.into_iter().unzip();
    let ticks: Vec<ScheduleTick> = decisions.iter_mut().flat_map(|d| std::mem::take(&mut d.ticks)).collect();
    let fresh = insert_ticks(connection, &ticks).await?;
    let mut claimed = Claimed { schedules: schedules.len(), more, ..Claimed::default() };
    let jobs = jobs_of(&mut decisions, &ticks, &fresh);
    for batch in jobs.chunks(BATCH_LIMIT) {
        claimed.enqueued.push(enqueue(connection, batch).await?);
    }
    for (schedule, decision) in schedules.iter().zip(&decisions) {
        if !decision.cancels.is_empty() {
            request_cancels(connection, schedule.workspace(), &decision.cancels).await?;
        }
    }
    move_on(connection, &schedules, &decisions).await?;
    note_refusals(connection, &ticks, now).await?;
    claimed.notes = notes(schedules, &decisions, ticks, &fresh, now);
    Ok(claimed)
}

/// Decides on as many as one transaction bears; whether some are left. A schedule that means nothing is paused.
fn decide_all(
    due: Vec<Schedule>,
    now: DateTime<Utc>,
    live: &HashMap<Uuid, Vec<Uuid>>,
) -> (Vec<(Schedule, Decision)>, bool) {
    let mut more = i64::try_from(due.len()) == Ok(BATCH);
    let (mut decided, mut jobs) = (Vec::with_capacity(due.len()), 0);
    for schedule in due {
        if jobs >= BATCH_LIMIT {
            more = true;
            break;
        }
        match decide(&schedule, now, live.get(&schedule.id).map_or(&[], Vec::as_slice)) {
            Ok(decision) => {
                jobs += decision.jobs.len();
                decided.push((schedule, decision));
            }
            Err(error) => {
                tracing::error!(id = %schedule.id, name = schedule.definition.name, %error, "a schedule cannot fire");
                let nothing = Decision {
                    ticks: Vec::new(),
                    jobs: Vec::new(),
                    cancels: Vec::new(),
                    next_run_at: None,
                    last_tick_at: None,
                    queued_tick: None,
                    missed: None,
                };
                decided.push((schedule, nothing));
            }
        }
    }
    (decided, more)
}

#[derive(QueryableByName)]
struct Live {
    #[diesel(sql_type = SqlUuid)]
    schedule_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// The jobs that have not ended, of the schedules that care.
async fn live_jobs(connection: &mut AsyncPgConnection, due: &[Schedule]) -> QueryResult<HashMap<Uuid, Vec<Uuid>>> {
    let cares = |schedule: &&Schedule| schedule.definition.overlap != Overlap::Allow.as_str();
    let ids: Vec<Uuid> = due.iter().filter(cares).map(|schedule| schedule.id).collect();
    let mut live: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    if ids.is_empty() {
        return Ok(live);
    }
    let query = "select schedule_id, id from jobs where schedule_id = any($1) and finished_at is null limit 10000";
    let rows: Vec<Live> = diesel::sql_query(query).bind::<Array<SqlUuid>, _>(ids).load(connection).await?;
    for row in rows {
        live.entry(row.schedule_id).or_default().push(row.id);
    }
    Ok(live)
}

/// The jobs of the ticks that nobody had decided before.
fn jobs_of(decisions: &mut [Decision], ticks: &[ScheduleTick], fresh: &HashSet<(Uuid, DateTime<Utc>)>) -> Vec<NewJob> {
    let known = ticks.iter().filter(|tick| !fresh.contains(&(tick.schedule_id, tick.tick)));
    let known: HashSet<Uuid> = known.filter_map(|tick| tick.job_id).collect();
    let jobs = decisions.iter_mut().flat_map(|decision| std::mem::take(&mut decision.jobs));
    jobs.filter(|job| !known.contains(&job.id)).collect()
}

async fn move_on(
    connection: &mut AsyncPgConnection,
    schedules: &[Schedule],
    decisions: &[Decision],
) -> QueryResult<usize> {
    let statement = "
        update schedules set next_run_at = new.next_run_at, queued_tick = new.queued_tick,
            last_tick_at = coalesce(new.last_tick_at, schedules.last_tick_at)
        from unnest($1, $2, $3, $4) as new (id, next_run_at, last_tick_at, queued_tick)
        where schedules.id = new.id";
    diesel::sql_query(statement)
        .bind::<Array<SqlUuid>, _>(schedules.iter().map(|schedule| schedule.id).collect::<Vec<_>>())
        .bind::<Array<Nullable<Timestamptz>>, _>(decisions.iter().map(|d| d.next_run_at).collect::<Vec<_>>())
        .bind::<Array<Nullable<Timestamptz>>, _>(decisions.iter().map(|d| d.last_tick_at).collect::<Vec<_>>())
        .bind::<Array<Nullable<Timestamptz>>, _>(decisions.iter().map(|d| d.queued_tick).collect::<Vec<_>>())
        .execute(connection)
        .await
}

/// A tick whose job was refused is a failure of its schedule like any other.
async fn note_refusals(
    connection: &mut AsyncPgConnection,
    ticks: &[ScheduleTick],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let refused = ticks.iter().filter(|tick| tick.outcome == TickOutcome::Refused.as_str());
    let ends = refused.map(|tick| End { schedule_id: tick.schedule_id, succeeded: Some(false), at: now });
    note_ends(connection, &ends.collect::<Vec<_>>()).await
}

fn notes(
    schedules: Vec<Schedule>,
    decisions: &[Decision],
    ticks: Vec<ScheduleTick>,
    fresh: &HashSet<(Uuid, DateTime<Utc>)>,
    now: DateTime<Utc>,
) -> Vec<Note> {
    let mut by_schedule: HashMap<Uuid, Vec<ScheduleTick>> = HashMap::new();
    for tick in ticks.into_iter().filter(|tick| fresh.contains(&(tick.schedule_id, tick.tick))) {
        by_schedule.entry(tick.schedule_id).or_default().push(tick);
    }
    let note = |(schedule, decision): (Schedule, &Decision)| Note {
        ticks: by_schedule.remove(&schedule.id).unwrap_or_default(),
        missed: decision.missed,
        schedule,
        now,
    };
    schedules.into_iter().zip(decisions).map(note).collect()
}

impl Claimed {
    /// Tells and counts what was claimed, now that it is committed.
    pub(super) fn log(&self) {
        for Note { schedule, missed, ticks, now } in &self.notes {
            let name = &schedule.definition.name;
            if let Some(Span { first, last, ticks }) = missed {
                let policy = &schedule.definition.missed;
                tracing::warn!(
                    id = %schedule.id, name, ticks, %first, %last, policy,
                    "ticks were missed and do not run, as the schedule's policy says"
                );
            }
            for tick in ticks {
                TICKS.with_label_values(&[tick.outcome.as_str()]).inc_by(u64::try_from(tick.ticks).unwrap_or(1));
                if tick.outcome == TickOutcome::Enqueued.as_str() {
                    LATENESS.observe((*now - tick.tick).as_seconds_f64());
                }
                if let Some(why) = &tick.message {
                    tracing::error!(id = %schedule.id, name, tick = %tick.tick, why, "a tick could not become a job");
                }
            }
            let late =
                ticks.iter().filter(|t| t.outcome == TickOutcome::Enqueued.as_str() && is_late(schedule, t, *now));
            let late = late.count();
            if late > 0 {
                let policy = &schedule.definition.missed;
                tracing::warn!(
                    id = %schedule.id, name, ticks = late, policy,
                    "ticks that were missed run now, as the schedule's policy says"
                );
            }
        }
    }
}

fn is_late(schedule: &Schedule, tick: &ScheduleTick, now: DateTime<Utc>) -> bool {
    (now - tick.tick).num_seconds() >= schedule.definition.grace_s.into()
}
