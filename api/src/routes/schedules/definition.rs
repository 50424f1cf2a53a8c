//! A schedule as a client writes it, and what is wrong with it.

use crate::problem::{Code, Problem};
use chrono::{DateTime, TimeDelta, Utc};
use gotong_shared::{
    db::models::{Schedule, ScheduleDefinition as Row},
    jobs,
    schedule::{Expression, Gap, Missed, Overlap, Plan, Repeat, Tz},
};
use poem_openapi::Object;
use serde::Deserialize;
use serde_json::Value;
use std::ops::RangeInclusive;
use uuid::Uuid;

/// The longest interval in seconds: 366 days.
const LONGEST_INTERVAL: i32 = 31_622_400;

/// When a schedule fires: exactly one of `cron`, `every_s` and `once_at`.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(skip_serializing_if_is_none)]
pub struct ScheduleTiming {
    /// A cron expression: five fields as POSIX has them, six with seconds first, seven with the year last, or a name
    /// such as `@daily`. Weekdays are 0 to 7, where 0 and 7 are Sunday, or names; where day of month and weekday are
    /// both given, either is enough.
    pub cron: Option<String>,
    /// A fixed interval in seconds, counted from `starts_at`, or else from when the schedule was made.
    pub every_s: Option<i32>,
    /// One time only.
    pub once_at: Option<DateTime<Utc>>,
    /// The IANA time zone in which `cron` is read.
    #[serde(default = "utc")]
    #[oai(default = "utc")]
    pub zone: String,
    /// What a time means that the zone's clock skips. An expression whose hour is a wildcard or a step follows elapsed
    /// time instead.
    #[serde(default)]
    #[oai(default)]
    pub skipped_hour: Gap,
    /// What a time means that the zone's clock shows twice.
    #[serde(default)]
    #[oai(default)]
    pub repeated_hour: Repeat,
    /// No run before.
    pub starts_at: Option<DateTime<Utc>>,
    /// No run after.
    pub ends_at: Option<DateTime<Utc>>,
}

/// The jobs of a schedule.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct ScheduleJob {
    /// Their kind.
    pub kind: String,
    /// Their payload. Its strings may hold `{{tick}}`, `{{tick_utc}}`, `{{tick_date}}`, `{{tick_time}}`,
    /// `{{tick_unix}}`, `{{previous_tick}}`, `{{previous_tick_unix}}`, `{{schedule_id}}` and `{{schedule_name}}`.
    pub payload: Value,
    /// 0 (lowest) to 4 (highest).
    #[serde(default = "normal")]
    #[oai(default = "normal")]
    pub priority: i16,
}

/// What becomes of ticks that nobody could claim within the grace time.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields, default)]
#[oai(default)]
pub struct MissedRuns {
    /// Which of them run.
    pub policy: Missed,
    /// The most that run at once, the latest ones, under `run_all`.
    pub cap: i32,
    /// How old one that runs may be, in seconds, under `run_all`.
    pub window_s: i32,
}

impl Default for MissedRuns {
    fn default() -> Self {
        Self { policy: Missed::default(), cap: 10, window_s: 86_400 }
    }
}

/// A schedule as its owner decides it.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct ScheduleDefinition {
    /// Unique in the workspace.
    pub name: String,
    /// When it fires.
    pub timing: ScheduleTiming,
    /// What it starts.
    pub job: ScheduleJob,
    /// What missed runs mean.
    #[serde(default)]
    #[oai(default)]
    pub missed: MissedRuns,
    /// What a tick means while a job of an earlier one has not ended.
    #[serde(default)]
    #[oai(default)]
    pub overlap: Overlap,
    /// Its jobs start at a random time up to so many seconds after their tick.
    #[serde(default)]
    #[oai(default)]
    pub jitter_s: i32,
    /// A tick that is claimed more than so many seconds late is missed, and the schedule is reported as late.
    #[serde(default = "usual_grace")]
    #[oai(default = "usual_grace")]
    pub grace_s: i32,
    /// So many failed jobs in a row are an alert.
    #[serde(default = "usual_failure_limit")]
    #[oai(default = "usual_failure_limit")]
    pub failure_limit: i32,
    /// Whether it fires at all.
    #[serde(default = "yes")]
    #[oai(default = "yes")]
    pub enabled: bool,
}

fn utc() -> String {
    "UTC".into()
}

fn normal() -> i16 {
    2
}

fn usual_grace() -> i32 {
    60
}

fn usual_failure_limit() -> i32 {
    3
}

fn yes() -> bool {
    true
}

/// A pointer into the body and what is wrong there.
type Fault = (String, String);

impl ScheduleTiming {
    /// The plan it means; what is wrong is added to `faults`, pointers beginning with `prefix`.
    pub fn plan(&self, created_at: DateTime<Utc>, prefix: &str, faults: &mut Vec<Fault>) -> Option<Plan> {
        let before = faults.len();
        let mut fault = |field: &str, why: String| faults.push((format!("{prefix}/{field}"), why));
        if self.zone.parse::<Tz>().is_err() {
            fault("zone", format!("there is no time zone {:?}; write one as in Asia/Jakarta", self.zone));
        }
        let ways = [self.cron.is_some(), self.every_s.is_some(), self.once_at.is_some()];
        if ways.iter().filter(|is_given| **is_given).count() != 1 {
            let field = if self.cron.is_some() || !ways.contains(&true) { "cron" } else { "every_s" };
            fault(field, "exactly one of cron, every_s and once_at says when it fires".into());
        }
        if let Some(Err(error)) = self.cron.as_deref().map(str::parse::<Expression>) {
            fault("cron", error.to_string());
        }
        if self.every_s.is_some_and(|seconds| !(1..=LONGEST_INTERVAL).contains(&seconds)) {
            fault("every_s", format!("is not from 1 to {LONGEST_INTERVAL}"));
        }
        if let (Some(start), Some(end)) = (self.starts_at, self.ends_at)
            && end <= start
        {
            fault("ends_at", "is not after starts_at".into());
        }
        if faults.len() > before {
            return None;
        }
        let plan = self.row(&Row::default()).plan(created_at);
        plan.inspect_err(|error| faults.push((prefix.to_owned(), error.to_string()))).ok()
    }

    /// The field that says when it fires.
    fn field(&self) -> &'static str {
        match (&self.cron, self.every_s) {
            (Some(_), _) => "cron",
            (None, Some(_)) => "every_s",
            (None, None) => "once_at",
        }
    }

    fn row(&self, rest: &Row) -> Row {
        Row {
            expression: self.cron.clone(),
            interval_s: self.every_s,
            once_at: self.once_at,
            zone: self.zone.clone(),
            gap: self.skipped_hour.as_str().into(),
            repeat: self.repeated_hour.as_str().into(),
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            ..rest.clone()
        }
    }

    /// The timing of a row.
    #[must_use]
    pub fn of(row: &Row) -> Self {
        Self {
            cron: row.expression.clone(),
            every_s: row.interval_s,
            once_at: row.once_at,
            zone: row.zone.clone(),
            skipped_hour: row.gap.parse().unwrap_or_default(),
            repeated_hour: row.repeat.parse().unwrap_or_default(),
            starts_at: row.starts_at,
            ends_at: row.ends_at,
        }
    }
}

impl ScheduleDefinition {
    /// The definition of a row.
    #[must_use]
    pub fn of(row: &Row) -> Self {
        Self {
            name: row.name.clone(),
            timing: ScheduleTiming::of(row),
            job: ScheduleJob { kind: row.kind.clone(), payload: row.payload.clone(), priority: row.priority },
            missed: MissedRuns {
                policy: row.missed.parse().unwrap_or_default(),
                cap: row.missed_cap,
                window_s: row.missed_window_s,
            },
            overlap: row.overlap.parse().unwrap_or_default(),
            jitter_s: row.jitter_s,
            grace_s: row.grace_s,
            failure_limit: row.failure_limit,
            enabled: row.enabled,
        }
    }

    /// The columns.
    #[must_use]
    pub fn row(&self) -> Row {
        self.timing.row(&Row {
            name: self.name.trim().into(),
            kind: self.job.kind.clone(),
            payload: self.job.payload.clone(),
            priority: self.job.priority,
            grace_s: self.grace_s,
            missed: self.missed.policy.as_str().into(),
            missed_cap: self.missed.cap,
            missed_window_s: self.missed.window_s,
            overlap: self.overlap.as_str().into(),
            jitter_s: self.jitter_s,
            failure_limit: self.failure_limit,
            enabled: self.enabled,
            ..Row::default()
        })
    }

    /// Checks it as the definition that `before` had or, without it, as a new one.
    ///
    /// # Errors
    /// 422 that names every field at fault.
    pub fn check(&self, before: Option<&Schedule>, now: DateTime<Utc>) -> Result<(), Problem> {
        let mut faults = self.bounds();
        let created_at = before.map_or(now, |schedule| schedule.created_at);
        let plan = self.timing.plan(created_at, "/timing", &mut faults);
        let fires_anew = self.enabled && before.is_none_or(|old| !old.definition.fires_like(&self.row()));
        if let Some(plan) = plan {
            let first = plan.next_after(now);
            if fires_anew && first.is_none() {
                let place = format!("/timing/{}", self.timing.field());
                faults.push((place, "has no run that lies ahead and within starts_at and ends_at".into()));
            }
            self.check_job(before, first.map_or(now, |run| run.at), now, &mut faults);
        }
        if let Some(old) = before.filter(|old| old.workspace_id.is_none()) {
            for (place, is, was) in
                [("/name", &self.name, &old.definition.name), ("/job/kind", &self.job.kind, &old.definition.kind)]
            {
                if is != was {
                    faults.push((place.into(), format!("stays {was:?}: the schedule belongs to the platform")));
                }
            }
        }
        if faults.is_empty() {
            return Ok(());
        }
        let problem = Problem::new(Code::Invalid, "The schedule cannot be kept as it is.");
        Err(faults.into_iter().fold(problem, |problem, (pointer, why)| problem.at(pointer, why)))
    }

    fn bounds(&self) -> Vec<Fault> {
        let within = |place: &str, value: i32, range: RangeInclusive<i32>| {
            let why = format!("is not from {} to {}", range.start(), range.end());
            (!range.contains(&value)).then(|| (place.to_owned(), why))
        };
        let length = i32::try_from(self.name.trim().chars().count()).unwrap_or(i32::MAX);
        let name = within("/name", length, 1..=200).map(|(place, _)| (place, "has 1 to 200 characters".to_owned()));
        let others = [
            within("/job/priority", self.job.priority.into(), 0..=4),
            within("/missed/cap", self.missed.cap, 1..=1_000),
            within("/missed/window_s", self.missed.window_s, 1..=2_678_400),
            within("/jitter_s", self.jitter_s, 0..=3_600),
            within("/grace_s", self.grace_s, 1..=3_600),
            within("/failure_limit", self.failure_limit, 1..=1_000),
        ];
        name.into_iter().chain(others.into_iter().flatten()).collect()
    }

    /// Makes the job of a tick, as the scheduler will.
    fn check_job(&self, before: Option<&Schedule>, tick: DateTime<Utc>, now: DateTime<Utc>, faults: &mut Vec<Fault>) {
        let is_platform = before.is_some_and(|schedule| schedule.workspace_id.is_none());
        let Some(kind) = jobs::kind(&self.job.kind).filter(|kind| kind.is_open() || (is_platform && kind.platform))
        else {
            let open = jobs::kinds().filter(jobs::Kind::is_open).map(|kind| kind.name);
            let open: Vec<_> = open.collect();
            faults.push((
                "/job/kind".into(),
                format!("there is no kind {:?} for schedules; there are: {}", self.job.kind, open.join(", ")),
            ));
            return;
        };
        debug_assert_eq!(kind.name, self.job.kind);
        let id = before.map_or_else(Uuid::nil, |schedule| schedule.id);
        // Its jitter is of no concern here, and may be out of bounds.
        let definition = Row { jitter_s: 0, ..self.row() };
        let schedule = Schedule::draft(id, definition, now);
        if let Err(error) = schedule.job(tick, now, now) {
            faults.push((format!("/job/payload{}", error.pointer), error.message));
        }
    }
}

/// An interval before which a preview begins, so that a tick of this very second is shown.
pub const JUST_BEFORE: TimeDelta = TimeDelta::milliseconds(1);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut value = json!({
            "name": "nightly", "timing": { "cron": "0 2 * * *", "zone": "Asia/Jakarta" },
            "job": { "kind": "thumbnail.generate", "payload": { "media_id": "{{schedule_id}}" } }
        });
        change(&mut value);
        let definition: ScheduleDefinition = serde_json::from_value(value).unwrap();
        let checked = definition.check(None, "2026-06-01T00:00:00Z".parse().unwrap());
        checked.err().map_or_else(Vec::new, |problem| {
            let errors = problem.errors();
            errors.iter().map(|error| format!("{}: {}", error.pointer, error.message)).collect()
        })
    }

    #[test]
    fn a_good_definition_passes_and_comes_back_from_its_row() {
        assert!(faults(|_| {}).is_empty());
        assert!(
            faults(|value| value["timing"] = json!({ "every_s": 1, "starts_at": "2030-01-01T00:00:00Z" })).is_empty()
        );
        assert!(faults(|value| value["timing"] = json!({ "once_at": "2026-06-01T00:00:01Z" })).is_empty());
        let row = Row {
            gap: "skip".into(),
            overlap: "queue_one".into(),
            missed_cap: 7,
            zone: "UTC".into(),
            ..Row::default()
        };
        let row = Row { repeat: "both".into(), missed: "skip".into(), interval_s: Some(3), ..row };
        assert_eq!(ScheduleDefinition::of(&row).row(), row);
    }

    #[test]
    fn each_mistake_names_its_field() {
        type Case = (&'static str, Value, &'static str);
        let cases: [Case; 20] = [
            ("/timing/cron", json!("0 0 31 2 *"), "/timing/cron: it has no run before the year 2100 (at character 1)"),
            ("/timing/cron", json!("0 24 * * *"), "/timing/cron: \"24\" is not a hour from 0 to 23 (at character 3)"),
            ("/timing/cron", json!(null), "/timing/cron: exactly one of"),
            ("/timing", json!({ "cron": "@daily", "every_s": 5 }), "/timing/cron: exactly one of"),
            ("/timing", json!({ "every_s": 0 }), "/timing/every_s: is not from 1"),
            ("/timing", json!({ "once_at": "2026-05-31T23:59:59Z" }), "/timing/once_at: has no run"),
            ("/timing/zone", json!("Asia/Atlantis"), "/timing/zone: there is no time zone"),
            ("/timing/ends_at", json!("2026-06-01T01:00:00Z"), "/timing/cron: has no run"),
            ("/name", json!("  "), "/name: has 1 to 200"),
            ("/job/kind", json!("tea.brew"), "/job/kind: there is no kind"),
            ("/job/kind", json!("maintenance.purge_media"), "/job/kind: there is no kind"),
            ("/job/payload", json!({ "media_id": "{{now}}" }), "/job/payload/media_id: \"now\" is no variable"),
            ("/job/payload", json!({ "media_id": "{{tick}}" }), "/job/payload/media_id: "),
            ("/job/payload", json!({}), "/job/payload/media_id: missing field"),
            ("/job/priority", json!(5), "/job/priority: is not from 0 to 4"),
            ("/missed", json!({ "cap": 0 }), "/missed/cap: is not"),
            ("/missed", json!({ "window_s": 0 }), "/missed/window_s: is not"),
            ("/jitter_s", json!(-1), "/jitter_s: is not"),
            ("/grace_s", json!(0), "/grace_s: is not"),
            ("/failure_limit", json!(0), "/failure_limit: is not"),
        ];
        for (place, wrong, expected) in cases {
            let faults = faults(|value| {
                let (parent, field) = place.rsplit_once('/').unwrap();
                let parent = if parent.is_empty() { value } else { value.pointer_mut(parent).unwrap() };
                parent[field] = wrong.clone();
            });
            assert!(faults.len() == 1 && faults[0].starts_with(expected), "{place} {wrong}: {faults:?}");
        }
    }
}
