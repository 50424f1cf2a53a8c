//! The next runs of a schedule, saved or not.

use super::{
    definition::{JUST_BEFORE, ScheduleTiming},
    resource::ScheduleSentence,
};
use crate::problem::{Code, Problem};
use chrono::{DateTime, Offset, SecondsFormat, Utc};
use gotong_shared::schedule::{Effect, Plan, Tz};
use poem_openapi::Object;

/// How many runs are shown.
const RUNS: usize = 20;

/// The next runs.
#[derive(Clone, Debug, Object)]
pub struct SchedulePreview {
    /// When it fires, in words.
    pub sentence: ScheduleSentence,
    /// The zone of the local times.
    pub zone: String,
    /// The next runs, 20 at most.
    pub runs: Vec<PreviewedRun>,
}

/// A run that lies ahead.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct PreviewedRun {
    /// When, in UTC.
    pub at: DateTime<Utc>,
    /// When, on the zone's clock, with its offset.
    pub local: String,
    /// The zone's offset from UTC in seconds.
    pub offset_s: i32,
    /// Whether the offset is another than that of the run before.
    pub offset_changed: bool,
    /// What a change of the clock did to it.
    pub effect: Option<Effect>,
}

impl SchedulePreview {
    /// The runs of a plan from `now` on.
    pub fn of(plan: &Plan, zone: Tz, now: DateTime<Utc>) -> Self {
        let mut last_offset = None;
        let runs = plan.after(now - JUST_BEFORE).take(RUNS).map(|run| {
            let local = run.at.with_timezone(&zone);
            let offset_s = local.offset().fix().local_minus_utc();
            let offset_changed = last_offset.replace(offset_s).is_some_and(|last| last != offset_s);
            let local = local.to_rfc3339_opts(SecondsFormat::Secs, false);
            PreviewedRun { at: run.at, local, offset_s, offset_changed, effect: run.effect }
        });
        Self { sentence: ScheduleSentence::of(&plan.cadence, zone), zone: zone.name().into(), runs: runs.collect() }
    }

    /// The runs of a timing that is not saved.
    ///
    /// # Errors
    /// 422 that names every field at fault.
    pub fn of_timing(timing: &ScheduleTiming, now: DateTime<Utc>) -> Result<Self, Problem> {
        let mut faults = Vec::new();
        let plan = timing.plan(now, "", &mut faults);
        if let (Some(plan), Ok(zone)) = (plan, timing.zone.parse::<Tz>()) {
            return Ok(Self::of(&plan, zone, now));
        }
        let problem = Problem::new(Code::Invalid, "The schedule cannot be read.");
        Err(faults.into_iter().fold(problem, |problem, (pointer, why)| problem.at(pointer, why)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preview(timing: serde_json::Value, now: &str) -> Result<SchedulePreview, Problem> {
        SchedulePreview::of_timing(&serde_json::from_value(timing).unwrap(), now.parse().unwrap())
    }

    #[test]
    fn changes_of_the_clock_are_marked() {
        let timing = serde_json::json!({ "cron": "30 2 * * *", "zone": "Europe/Paris" });
        let runs = preview(timing, "2026-03-28T00:00:00Z").unwrap().runs;
        assert_eq!(runs.len(), RUNS);
        assert_eq!((runs[0].local.as_str(), runs[0].offset_changed), ("2026-03-28T02:30:00+01:00", false));
        let moved = &runs[1];
        assert_eq!((moved.local.as_str(), moved.offset_s), ("2026-03-29T03:00:00+02:00", 7200));
        assert_eq!((moved.offset_changed, moved.effect), (true, Some(Effect::Moved)));
        assert_eq!((runs[2].offset_changed, runs[2].effect), (false, None));
    }

    #[test]
    fn an_expression_that_cannot_be_read_is_told_by_its_place() {
        let problem = preview(serde_json::json!({ "cron": "0 0 * * 8" }), "2026-03-28T00:00:00Z").unwrap_err();
        assert_eq!(problem.errors()[0].pointer, "/cron");
        assert!(problem.errors()[0].message.ends_with("(at character 9)"), "{problem:?}");
    }
}
