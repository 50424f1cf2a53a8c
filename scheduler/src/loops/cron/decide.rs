//! What becomes of a schedule's due ticks. Decides; writes nothing.

use chrono::{DateTime, Utc};
use gotong_shared::{
    db::models::{Schedule, ScheduleTick},
    enqueue::NewJob,
    schedule::{
        Overlap,
        due::{self, Span},
    },
    scheduled::{RowError, TickOutcome},
};
use uuid::Uuid;

/// What is to be written for one schedule.
#[derive(Debug)]
pub(super) struct Decision {
    pub ticks: Vec<ScheduleTick>,
    pub jobs: Vec<NewJob>,
    /// Jobs to be cancelled.
    pub cancels: Vec<Uuid>,
    pub next_run_at: Option<DateTime<Utc>>,
    pub last_tick_at: Option<DateTime<Utc>>,
    pub queued_tick: Option<DateTime<Utc>>,
    pub missed: Option<Span>,
}

/// Decides on a schedule that is due at `now`, while the jobs `live` of it have not ended.
///
/// # Errors
/// When a column of it means nothing.
pub(super) fn decide(schedule: &Schedule, now: DateTime<Utc>, live: &[Uuid]) -> Result<Decision, RowError> {
    let first = schedule.next_run_at.unwrap_or(now);
    let due = due::sort(&schedule.plan()?, first, now, &schedule.definition.missed_policy()?);
    let mut decision = Decision {
        ticks: Vec::new(),
        jobs: Vec::new(),
        cancels: Vec::new(),
        next_run_at: due.next,
        last_tick_at: None,
        queued_tick: schedule.queued_tick,
        missed: due.missed,
    };
    decision.ticks.extend(due.missed.map(|span| of_span(schedule, now, span)));
    let is_busy = !live.is_empty() || schedule.queued_tick.is_some();
    let overlap = schedule.definition.overlap_policy()?;
    let mut run = due.run;
    let (latest, others) = (run.pop(), run);
    match (overlap, latest) {
        (_, None) => {}
        (Overlap::Allow, Some(latest)) => {
            for tick in others.into_iter().chain([latest]) {
                decision.enqueue(schedule, tick, now);
            }
        }
        (Overlap::Skip, Some(latest)) => {
            decision.drop(schedule, now, &others);
            if is_busy {
                decision.drop(schedule, now, &[latest]);
            } else {
                decision.enqueue(schedule, latest, now);
            }
        }
        (Overlap::QueueOne, Some(latest)) => decision.queue(schedule, now, others, latest, is_busy),
        (Overlap::CancelRunning, Some(latest)) => {
            decision.drop(schedule, now, &others);
            decision.cancels.extend(live);
            decision.enqueue(schedule, latest, now);
        }
    }
    Ok(decision)
}

impl Decision {
    fn enqueue(&mut self, schedule: &Schedule, tick: DateTime<Utc>, now: DateTime<Utc>) {
        let previous = self.last_tick_at.unwrap_or_else(|| schedule.previous_tick());
        self.last_tick_at = Some(tick);
        match schedule.job(tick, previous, now) {
            Ok(job) => {
                let row = row(schedule, tick, now, TickOutcome::Enqueued);
                self.ticks.push(ScheduleTick { job_id: Some(job.id), ..row });
                self.jobs.push(job);
            }
            Err(error) => {
                let row = row(schedule, tick, now, TickOutcome::Refused);
                self.ticks.push(ScheduleTick { message: Some(error.to_string()), ..row });
            }
        }
    }

    fn drop(&mut self, schedule: &Schedule, now: DateTime<Utc>, ticks: &[DateTime<Utc>]) {
        self.ticks.extend(ticks.iter().map(|tick| row(schedule, *tick, now, TickOutcome::Overlapped)));
    }

    /// The first runs if nothing does; the latest waits if nothing waits; the rest does not run.
    fn queue(
        &mut self,
        schedule: &Schedule,
        now: DateTime<Utc>,
        others: Vec<DateTime<Utc>>,
        latest: DateTime<Utc>,
        is_busy: bool,
    ) {
        let mut rest = others;
        rest.push(latest);
        if !is_busy {
            let first = rest.remove(0);
            self.enqueue(schedule, first, now);
        }
        if self.queued_tick.is_none()
            && let Some(latest) = rest.pop()
        {
            self.queued_tick = Some(latest);
            self.ticks.push(row(schedule, latest, now, TickOutcome::Queued));
        }
        self.drop(schedule, now, &rest);
    }
}

fn of_span(schedule: &Schedule, now: DateTime<Utc>, span: Span) -> ScheduleTick {
    ScheduleTick {
        ticks: i32::try_from(span.ticks).unwrap_or(i32::MAX),
        through: (span.last > span.first).then_some(span.last),
        ..row(schedule, span.first, now, TickOutcome::Missed)
    }
}

fn row(schedule: &Schedule, tick: DateTime<Utc>, now: DateTime<Utc>, outcome: TickOutcome) -> ScheduleTick {
    ScheduleTick {
        schedule_id: schedule.id,
        tick,
        job_id: None,
        created_at: now,
        outcome: outcome.as_str().to_owned(),
        ticks: 1,
        through: None,
        manual: false,
        message: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gotong_shared::db::models::ScheduleDefinition;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// A schedule of every 10 s whose next tick is at 1000 s.
    fn schedule(overlap: Overlap) -> Schedule {
        Schedule {
            id: Uuid::from_u128(1),
            workspace_id: None,
            definition: ScheduleDefinition {
                name: "each ten".into(),
                expression: None,
                interval_s: Some(10),
                once_at: None,
                zone: "UTC".into(),
                gap: "skip".into(),
                repeat: "first".into(),
                kind: "maintenance.purge_media".into(),
                payload: serde_json::json!({ "grace_s": 60 }),
                priority: 3,
                grace_s: 60,
                missed: "run_all".into(),
                missed_cap: 2,
                missed_window_s: 3600,
                overlap: overlap.as_str().into(),
                jitter_s: 0,
                starts_at: None,
                ends_at: None,
                failure_limit: 3,
                enabled: true,
            },
            created_by: None,
            version: 1,
            next_run_at: Some(at(1000)),
            last_tick_at: None,
            queued_tick: None,
            created_at: at(0),
            updated_at: at(0),
        }
    }

    fn decided(schedule: &Schedule, now: i64, live: &[Uuid]) -> (Vec<(i64, String)>, usize, Option<i64>) {
        let decision = decide(schedule, at(now), live).unwrap();
        assert_eq!(decision.next_run_at, Some(at(now / 10 * 10 + 10)));
        let enqueued = decision.ticks.iter().filter(|tick| tick.outcome == "enqueued");
        let by_ticks: Vec<_> = enqueued.map(|tick| tick.job_id.unwrap()).collect();
        let by_jobs: Vec<_> = decision.jobs.iter().map(|job| job.id).collect();
        assert_eq!(by_ticks, by_jobs, "every tick that is enqueued names its job");
        let ticks = decision.ticks.into_iter().map(|tick| (tick.tick.timestamp(), tick.outcome)).collect();
        (ticks, decision.cancels.len(), decision.queued_tick.map(|tick| tick.timestamp()))
    }

    fn all(ticks: &[(i64, &str)]) -> Vec<(i64, String)> {
        ticks.iter().map(|(tick, outcome)| (*tick, (*outcome).to_owned())).collect()
    }

    #[test]
    fn an_overlap_policy_counts_jobs_that_have_not_ended() {
        let (free, busy) = ([], [Uuid::from_u128(7)]);
        for (overlap, live, ticks, cancels, queued) in [
            (Overlap::Allow, &busy[..], all(&[(1000, "enqueued")]), 0, None),
            (Overlap::Skip, &free[..], all(&[(1000, "enqueued")]), 0, None),
            (Overlap::Skip, &busy[..], all(&[(1000, "overlapped")]), 0, None),
            (Overlap::QueueOne, &free[..], all(&[(1000, "enqueued")]), 0, None),
            (Overlap::QueueOne, &busy[..], all(&[(1000, "queued")]), 0, Some(1000)),
            (Overlap::CancelRunning, &free[..], all(&[(1000, "enqueued")]), 0, None),
            (Overlap::CancelRunning, &busy[..], all(&[(1000, "enqueued")]), 1, None),
        ] {
            assert_eq!(decided(&schedule(overlap), 1001, live), (ticks, cancels, queued), "{overlap:?} {live:?}");
        }
    }

    #[test]
    fn ticks_that_come_together_overlap_each_other() {
        for (overlap, ticks, queued) in [
            (Overlap::Allow, all(&[(1000, "enqueued"), (1010, "enqueued"), (1020, "enqueued")]), None),
            (Overlap::Skip, all(&[(1000, "overlapped"), (1010, "overlapped"), (1020, "enqueued")]), None),
            (Overlap::QueueOne, all(&[(1000, "enqueued"), (1020, "queued"), (1010, "overlapped")]), Some(1020)),
            (Overlap::CancelRunning, all(&[(1000, "overlapped"), (1010, "overlapped"), (1020, "enqueued")]), None),
        ] {
            assert_eq!(decided(&schedule(overlap), 1021, &[]), (ticks, 0, queued), "{overlap:?}");
        }
    }

    #[test]
    fn one_tick_waits_at_most() {
        let waiting = Schedule { queued_tick: Some(at(990)), ..schedule(Overlap::QueueOne) };
        for live in [&[][..], &[Uuid::from_u128(7)][..]] {
            assert_eq!(decided(&waiting, 1000, live), (all(&[(1000, "overlapped")]), 0, Some(990)));
        }
    }

    #[test]
    fn missed_ticks_are_one_row_and_the_previous_tick_follows_the_runs() {
        let mut schedule = schedule(Overlap::Allow);
        schedule.definition.payload = serde_json::json!({ "grace_s": "{{previous_tick_unix}}" });
        let decision = decide(&schedule, at(1105), &[]).unwrap();
        let missed = &decision.ticks[0];
        assert_eq!((missed.tick, missed.through, missed.ticks), (at(1000), Some(at(1020)), 3));
        let previous: Vec<_> = decision.jobs.iter().map(|job| job.payload["grace_s"].as_i64().unwrap()).collect();
        assert_eq!(previous, [0, 1030, 1040, 1050, 1060, 1070, 1080, 1090]);
    }

    #[test]
    fn a_payload_that_its_kind_refuses_is_told_and_fires_nothing() {
        let mut schedule = schedule(Overlap::Allow);
        schedule.definition.payload = serde_json::json!({ "grace_s": "{{tick}}" });
        let decision = decide(&schedule, at(1001), &[]).unwrap();
        assert_eq!((decision.jobs.len(), decision.ticks[0].outcome.as_str()), (0, "refused"));
        assert!(decision.ticks[0].message.as_ref().unwrap().contains("/grace_s"), "{:?}", decision.ticks);
    }
}
