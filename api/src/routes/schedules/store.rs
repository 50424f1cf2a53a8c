//! Statements on `schedules` and `schedule_ticks`. Each names what the caller may see: their workspace's schedules and,
//! for administrators, the platform's.

use super::{
    definition::ScheduleDefinition,
    resource::{ScheduleResource, ScheduleRun, tag_of},
};
use crate::{
    AppState,
    auth::{Actor, Role},
    page::Cursor,
    problem::{Code, Problem},
    state::Session,
    transaction::{Fault, transact},
};
use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error as DieselError},
    sql_types::{Bool, Timestamptz},
};
use diesel_async::RunQueryDsl;
use gotong_shared::{
    db::{
        models::{Schedule, ScheduleTick},
        schema::{jobs, schedule_health, schedule_ticks, schedules},
    },
    enqueue::{EnqueueError, Enqueued, enqueue},
    ledger::State,
    scheduled::{TickOutcome, announce, insert_ticks},
};
use std::collections::HashMap;
use uuid::Uuid;

#[diesel::dsl::auto_type(no_type_alias)]
fn seen_by(workspace: Uuid, is_admin: bool) -> _ {
    schedules::workspace_id.eq(workspace).or(schedules::workspace_id.is_null().and(is_admin.into_sql::<Bool>()))
}

fn is_admin(actor: &Actor) -> bool {
    actor.role == Role::Admin
}

/// The database's clock, which is the only one that counts.
pub async fn clock(state: &AppState) -> Result<DateTime<Utc>, Problem> {
    now(&mut state.session().await?).await
}

/// The database's clock, when the transaction began.
async fn now(session: &mut Session) -> Result<DateTime<Utc>, Problem> {
    let (connection, deadline) = session.ledger();
    let query = diesel::select(diesel::dsl::now.into_sql::<Timestamptz>());
    Ok(deadline.bound(query.get_result(connection)).await?)
}

/// A schedule and its failures in a row.
pub async fn find(state: &AppState, actor: &Actor, id: Uuid) -> Result<(Schedule, i32), Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let query = schedules::table
        .left_join(schedule_health::table)
        .filter(schedules::id.eq(id))
        .filter(seen_by(actor.workspace_id, is_admin(actor)))
        .select((Schedule::as_select(), schedule_health::failures.nullable()));
    let found: Option<(Schedule, Option<i32>)> =
        deadline.bound(async { query.first(connection).await.optional() }).await?;
    let (schedule, failures) = found.ok_or_else(|| Problem::not_found("schedule"))?;
    Ok((schedule, failures.unwrap_or_default()))
}

/// Up to `per_page + 1` schedules: the latest made first, or, before a cursor, the earliest.
pub async fn list(
    state: &AppState,
    actor: &Actor,
    enabled: Option<bool>,
    per_page: u32,
    cursor: Option<Cursor>,
) -> Result<Vec<(Schedule, i32)>, Problem> {
    let mut query = schedules::table
        .left_join(schedule_health::table)
        .filter(seen_by(actor.workspace_id, is_admin(actor)))
        .select((Schedule::as_select(), schedule_health::failures.nullable()))
        .limit(i64::from(per_page) + 1)
        .into_boxed();
    if let Some(enabled) = enabled {
        query = query.filter(schedules::enabled.eq(enabled));
    }
    query = match cursor {
        None => query.order(schedules::id.desc()),
        Some(Cursor::After(id)) => query.filter(schedules::id.lt(id)).order(schedules::id.desc()),
        Some(Cursor::Before(id)) => query.filter(schedules::id.gt(id)).order(schedules::id.asc()),
    };
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let rows: Vec<(Schedule, Option<i32>)> = deadline.bound(query.load(connection)).await?;
    Ok(rows.into_iter().map(|(schedule, failures)| (schedule, failures.unwrap_or_default())).collect())
}

/// Keeps a new schedule within the caller's transaction.
pub async fn insert(
    session: &mut Session,
    actor: &Actor,
    definition: &ScheduleDefinition,
) -> Result<ScheduleResource, Fault> {
    let now = now(session).await?;
    definition.check(None, now)?;
    let row = definition.row();
    let plan = row.plan(now).map_err(Problem::internal)?;
    let next = plan.next_after(now).map(|run| run.at).filter(|_| row.enabled);
    let values = (
        &row,
        schedules::id.eq(Uuid::now_v7()),
        schedules::workspace_id.eq(actor.workspace_id),
        schedules::created_by.eq(actor.id),
        schedules::next_run_at.eq(next),
    );
    let (connection, deadline) = session.ledger();
    let insert = diesel::insert_into(schedules::table).values(values).returning(Schedule::as_returning());
    let inserted = deadline.within(insert.get_result(connection)).await?;
    let schedule: Schedule = inserted.map_err(|error| name_taken(error, &row.name))?;
    deadline.bound(announce(connection)).await?;
    Ok(ScheduleResource::of(&schedule, 0))
}

fn name_taken(error: DieselError, name: &str) -> Problem {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
            Problem::new(Code::NameTaken, format!("There is a schedule {name:?} already.")).about("/name")
        }
        error => error.into(),
    }
}

/// A schedule whose row is locked until the end of the caller's transaction.
async fn locked(session: &mut Session, actor: &Actor, id: Uuid) -> Result<Schedule, Problem> {
    let (connection, deadline) = session.ledger();
    let query = schedules::table
        .filter(schedules::id.eq(id))
        .filter(seen_by(actor.workspace_id, is_admin(actor)))
        .select(Schedule::as_select())
        .for_no_key_update();
    let found = deadline.bound(async { query.first(connection).await.optional() }).await?;
    found.ok_or_else(|| Problem::not_found("schedule"))
}

/// Whether `If-Match` names the schedule as it is (RFC 9110, 13.1.1).
fn check_tag(schedule: &Schedule, if_match: Option<&str>) -> Result<(), Problem> {
    let Some(wanted) = if_match else {
        let detail = "Send If-Match with the schedule's ETag.";
        return Err(Problem::new(Code::PreconditionRequired, detail).about("/header/If-Match"));
    };
    let tag = tag_of(schedule);
    if wanted.split(',').any(|each| each.trim() == "*" || each.trim() == tag) {
        return Ok(());
    }
    let detail = format!("The schedule has changed meanwhile; its ETag is {tag}.");
    Err(Problem::new(Code::PreconditionFailed, detail).about("/header/If-Match"))
}

/// Puts another definition in the place of a schedule's.
pub async fn replace(
    state: &AppState,
    actor: &Actor,
    id: Uuid,
    if_match: Option<&str>,
    definition: &ScheduleDefinition,
) -> Result<(), Fault> {
    transact(state, async |session| {
        let schedule = locked(session, actor, id).await?;
        check_tag(&schedule, if_match)?;
        let now = now(session).await?;
        definition.check(Some(&schedule), now)?;
        change(session, &schedule, definition, now).await
    })
    .await
}

/// Pauses or resumes a schedule. What it already is stays as it is.
pub async fn enable(state: &AppState, actor: &Actor, id: Uuid, enabled: bool) -> Result<(), Fault> {
    transact(state, async |session| {
        let schedule = locked(session, actor, id).await?;
        if schedule.definition.enabled == enabled {
            return Ok(());
        }
        let definition = ScheduleDefinition { enabled, ..ScheduleDefinition::of(&schedule.definition) };
        let now = now(session).await?;
        change(session, &schedule, &definition, now).await
    })
    .await
}

/// Ticks that were due and not claimed stay due, unless the schedule fires at other times from now on; a schedule that is
/// resumed begins with what lies ahead.
async fn change(
    session: &mut Session,
    schedule: &Schedule,
    definition: &ScheduleDefinition,
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    let row = definition.row();
    let stays = row.fires_like(&schedule.definition) && schedule.definition.enabled && row.enabled;
    let next = if stays {
        schedule.next_run_at
    } else {
        let plan = row.plan(schedule.created_at).map_err(Problem::internal)?;
        plan.next_after(now).map(|run| run.at).filter(|_| row.enabled)
    };
    let (connection, deadline) = session.ledger();
    let changes = (
        &row,
        schedules::version.eq(schedules::version + 1),
        schedules::next_run_at.eq(next),
        schedules::updated_at.eq(diesel::dsl::now),
    );
    let update = diesel::update(schedules::table.find(schedule.id)).set(changes).execute(connection);
    let updated = deadline.within(update).await?;
    updated.map_err(|error| name_taken(error, &row.name))?;
    deadline.bound(announce(connection)).await?;
    Ok(())
}

/// Deletes a schedule with its history. Its jobs stay.
pub async fn delete(state: &AppState, actor: &Actor, id: Uuid, if_match: Option<&str>) -> Result<(), Fault> {
    transact(state, async |session| {
        let schedule = locked(session, actor, id).await?;
        if schedule.workspace_id.is_none() {
            let detail = "The schedule belongs to the platform and cannot be deleted; pause it instead.";
            return Err(Problem::new(Code::BuiltIn, detail).into());
        }
        check_tag(&schedule, if_match)?;
        let (connection, deadline) = session.ledger();
        let delete = diesel::delete(schedules::table.find(id)).execute(connection);
        deadline.bound(delete).await?;
        deadline.bound(announce(connection)).await?;
        Ok(())
    })
    .await
}

/// Makes a job of this moment within the caller's transaction, whatever the schedule's policies say.
pub async fn run_now(
    session: &mut Session,
    actor: &Actor,
    id: Uuid,
    trace: String,
) -> Result<(ScheduleRun, Enqueued), Fault> {
    let schedule = locked(session, actor, id).await?;
    let now = now(session).await?;
    let job = schedule.job(now, schedule.previous_tick(), now).map_err(EnqueueError::from)?;
    let mut job = job.created_by(actor.id).trace(Some(trace));
    job.run_at = None;
    let tick = ScheduleTick {
        schedule_id: schedule.id,
        tick: now,
        job_id: Some(job.id),
        created_at: now,
        outcome: TickOutcome::Enqueued.as_str().into(),
        ticks: 1,
        through: None,
        manual: true,
        message: None,
    };
    let (connection, deadline) = session.ledger();
    deadline.bound(insert_ticks(connection, std::slice::from_ref(&tick))).await?;
    let enqueued = deadline.within(enqueue(connection, &[job])).await??;
    Ok((ScheduleRun::of(tick, Some(State::Available)), enqueued))
}

/// Up to `per_page + 1` ticks of a schedule with the states of their jobs: the latest first, or, before a cursor, the
/// earliest.
pub async fn runs(
    state: &AppState,
    id: Uuid,
    per_page: u32,
    cursor: Option<Cursor>,
) -> Result<Vec<(ScheduleTick, Option<State>)>, Problem> {
    let mut query = schedule_ticks::table
        .filter(schedule_ticks::schedule_id.eq(id))
        .select(ScheduleTick::as_select())
        .limit(i64::from(per_page) + 1)
        .into_boxed();
    query = match cursor {
        None => query.order(schedule_ticks::tick.desc()),
        Some(Cursor::After(id)) => {
            query.filter(schedule_ticks::tick.lt(tick_of(id))).order(schedule_ticks::tick.desc())
        }
        Some(Cursor::Before(id)) => {
            query.filter(schedule_ticks::tick.gt(tick_of(id))).order(schedule_ticks::tick.asc())
        }
    };
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let ticks: Vec<ScheduleTick> = deadline.bound(query.load(connection)).await?;
    let ids: Vec<Uuid> = ticks.iter().filter_map(|tick| tick.job_id).collect();
    let states = jobs::table.filter(jobs::id.eq_any(ids)).select((jobs::id, jobs::state));
    let states: Vec<(Uuid, String)> = deadline.bound(states.load(connection)).await?;
    let states: HashMap<Uuid, State> =
        states.into_iter().filter_map(|(id, state)| Some((id, state.parse().ok()?))).collect();
    let with_state = |tick: ScheduleTick| {
        let state = tick.job_id.and_then(|id| states.get(&id).copied());
        (tick, state)
    };
    Ok(ticks.into_iter().map(with_state).collect())
}

/// A tick as the id in a cursor: its microseconds since 1970.
pub fn cursor_id(tick: DateTime<Utc>) -> Uuid {
    Uuid::from_u128(u128::try_from(tick.timestamp_micros()).unwrap_or_default())
}

fn tick_of(id: Uuid) -> DateTime<Utc> {
    let micros = i64::try_from(id.as_u128()).unwrap_or(i64::MAX);
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}
