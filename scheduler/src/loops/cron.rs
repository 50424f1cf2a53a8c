//! Cron: turns the ticks of schedules into jobs, each tick once, however many schedulers run.

use crate::{
    Resources,
    runner::{Loop, Pass, PassError},
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use gotong_shared::{
    db::schema::{schedule_ticks, schedules},
    enqueue::{Dispatcher, Enqueued, NewJob, enqueue},
    jobs::{Contract, MaintenancePurgeMedia},
    schedule::{ClockChange, Timetable, Tz},
};
use std::time::Duration;
use uuid::Uuid;

/// Schedules claimed in one transaction.
const BATCH: i64 = 100;

/// The cron loop.
pub struct Cron {
    resources: Resources,
    has_built_ins: bool,
}

/// A recurring job that the platform brings along: its name, expression in UTC, kind and payload.
struct BuiltIn {
    name: &'static str,
    expression: &'static str,
    kind: &'static str,
    payload: serde_json::Value,
}

fn built_ins() -> [BuiltIn; 1] {
    let grace_s = MaintenancePurgeMedia::USUAL_GRACE.as_secs();
    [BuiltIn {
        name: "purge-deleted-media",
        expression: "17 * * * *",
        kind: MaintenancePurgeMedia::KIND,
        payload: serde_json::json!({ "grace_s": grace_s }),
    }]
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = schedules)]
struct Schedule {
    id: Uuid,
    name: String,
    expression: String,
    kind: String,
    payload: serde_json::Value,
    next_run_at: DateTime<Utc>,
}

impl Cron {
    /// Of all schedules.
    #[must_use]
    pub fn new(resources: Resources) -> Self {
        Self { resources, has_built_ins: false }
    }
}

impl Loop for Cron {
    fn name(&self) -> &'static str {
        "cron"
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn pass(&mut self) -> Result<Pass, PassError> {
        let dispatcher = Dispatcher::new(self.resources.client.clone());
        let mut connection = self.resources.database.connection().await?;
        if !self.has_built_ins {
            add_built_ins(&mut connection).await?;
            self.has_built_ins = true;
        }
        let clock = dispatcher.clock().await;
        let claimed = connection.transaction(async |connection| claim(connection).await).await;
        let (fired, enqueued): (usize, Enqueued) = claimed?;
        drop(connection);
        dispatcher.push(clock, enqueued).await;
        Ok(Pass { done: fired, more: i64::try_from(fired) == Ok(BATCH) })
    }
}

async fn add_built_ins(connection: &mut AsyncPgConnection) -> Result<(), PassError> {
    for each in built_ins() {
        let Some(next) = next_after(each.expression, Utc::now()) else { continue };
        let row = (
            schedules::id.eq(Uuid::now_v7()),
            schedules::name.eq(each.name),
            schedules::expression.eq(each.expression),
            schedules::kind.eq(each.kind),
            schedules::payload.eq(each.payload),
            schedules::next_run_at.eq(next),
        );
        diesel::insert_into(schedules::table).values(row).on_conflict_do_nothing().execute(connection).await?;
    }
    Ok(())
}

/// Claims what is due by the database's clock: the tick, its job and the next tick commit together. Ticks missed
/// while no scheduler ran become one.
async fn claim(connection: &mut AsyncPgConnection) -> Result<(usize, Enqueued), PassError> {
    let due: Vec<Schedule> = schedules::table
        .filter(schedules::enabled.and(schedules::next_run_at.le(diesel::dsl::now)))
        .order(schedules::next_run_at)
        .limit(BATCH)
        .select(Schedule::as_select())
        .for_update()
        .skip_locked()
        .load(connection)
        .await?;
    let now: DateTime<Utc> =
        diesel::select(diesel::dsl::now.into_sql::<diesel::sql_types::Timestamptz>()).get_result(connection).await?;
    let mut jobs = Vec::new();
    for schedule in &due {
        let job = job_of(schedule);
        let tick = (
            schedule_ticks::schedule_id.eq(schedule.id),
            schedule_ticks::tick.eq(schedule.next_run_at),
            schedule_ticks::job_id.eq(job.as_ref().map_or(Uuid::nil(), |job| job.id)),
        );
        let fresh = diesel::insert_into(schedule_ticks::table)
            .values(tick)
            .on_conflict_do_nothing()
            .execute(connection)
            .await?;
        if fresh == 1 {
            jobs.extend(job);
        }
        let next = next_after(&schedule.expression, now);
        let row = schedules::table.find(schedule.id);
        match next {
            Some(next) => diesel::update(row).set(schedules::next_run_at.eq(next)).execute(connection).await?,
            None => diesel::update(row).set(schedules::enabled.eq(false)).execute(connection).await?,
        };
    }
    Ok((due.len(), enqueue(connection, &jobs).await?))
}

fn job_of(schedule: &Schedule) -> Option<NewJob> {
    let job = NewJob::of_kind(Uuid::nil(), &schedule.kind, schedule.payload.clone());
    match job {
        Ok(job) => Some(job),
        Err(error) => {
            tracing::error!(schedule = schedule.name, %error, "the schedule's job cannot be enqueued");
            None
        }
    }
}

/// The first tick after `time`; `None` when there is none.
fn next_after(expression: &str, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let timetable =
        Timetable { expression: expression.parse().ok()?, zone: Tz::UTC, clock_change: ClockChange::default() };
    timetable.next_after(time).map(|run| run.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_schedule_fires_and_fits_its_kind() {
        for each in built_ins() {
            assert!(next_after(each.expression, Utc::now()).is_some(), "{}", each.name);
            gotong_shared::jobs::kind(each.kind).unwrap().check(&each.payload).unwrap();
        }
    }
}
