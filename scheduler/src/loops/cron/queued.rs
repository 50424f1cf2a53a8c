//! Ticks that wait for the end of their schedule's last job.

use crate::runner::PassError;
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types::Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use gotong_shared::{
    db::{
        models::Schedule,
        schema::{jobs, schedule_ticks, schedules},
    },
    enqueue::{Enqueued, enqueue},
    scheduled::{End, TickOutcome, note_ends},
};

const BATCH: i64 = 100;

/// Ticks that wait no longer.
#[derive(Default)]
pub(super) struct Released {
    pub jobs: usize,
    pub enqueued: Enqueued,
}

/// Enqueues the waiting ticks of schedules without a job that has not ended.
pub(super) async fn release(connection: &mut AsyncPgConnection) -> Result<Released, PassError> {
    let open = jobs::table.filter(jobs::schedule_id.eq(schedules::id.nullable()).and(jobs::finished_at.is_null()));
    let waiting: Vec<Schedule> = schedules::table
        .filter(schedules::queued_tick.is_not_null().and(schedules::enabled))
        .filter(diesel::dsl::not(diesel::dsl::exists(open)))
        .limit(BATCH)
        .select(Schedule::as_select())
        .for_no_key_update()
        .skip_locked()
        .load(connection)
        .await?;
    if waiting.is_empty() {
        return Ok(Released::default());
    }
    let now: DateTime<Utc> = diesel::select(diesel::dsl::now.into_sql::<Timestamptz>()).get_result(connection).await?;
    let (mut new, mut refused) = (Vec::new(), Vec::new());
    for schedule in &waiting {
        let Some(tick) = schedule.queued_tick else { continue };
        let job = schedule.job(tick, schedule.previous_tick(), now);
        let (outcome, message) = match &job {
            Ok(_) => (TickOutcome::Enqueued, None),
            Err(error) => (TickOutcome::Refused, Some(error.to_string())),
        };
        let row = schedule_ticks::table.find((schedule.id, tick));
        let change = (
            schedule_ticks::outcome.eq(outcome.as_str()),
            schedule_ticks::message.eq(message),
            schedule_ticks::job_id.eq(job.as_ref().ok().map(|job| job.id)),
        );
        diesel::update(row).set(change).execute(connection).await?;
        let nothing: Option<DateTime<Utc>> = None;
        let change = (schedules::queued_tick.eq(nothing), schedules::last_tick_at.eq(tick));
        diesel::update(schedules::table.find(schedule.id)).set(change).execute(connection).await?;
        match job {
            Ok(job) => new.push(job),
            Err(_) => refused.push(End { schedule_id: schedule.id, succeeded: Some(false), at: now }),
        }
    }
    note_ends(connection, &refused).await?;
    Ok(Released { jobs: new.len(), enqueued: enqueue(connection, &new).await? })
}
