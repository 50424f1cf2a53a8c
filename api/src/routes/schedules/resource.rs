//! Schedules on the wire.

use super::definition::ScheduleDefinition;
use crate::page::{Page, PageLinks, PageMeta};
use chrono::{DateTime, Utc};
use gotong_shared::{
    db::models::{Schedule, ScheduleTick},
    ledger::State,
    schedule::{
        Cadence, Tz,
        sentence::{Language, sentence},
    },
    scheduled::TickOutcome,
};
use poem_openapi::{Enum, Object};
use uuid::Uuid;

/// Whether a schedule fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum ScheduleState {
    /// It has a next run.
    Active,
    /// It does not fire until it is resumed.
    Paused,
    /// It has no run left.
    Finished,
}

/// When a schedule fires, in words.
#[derive(Clone, Debug, Object)]
pub struct ScheduleSentence {
    /// In English.
    pub en: String,
    /// In Indonesian.
    pub id: String,
}

impl ScheduleSentence {
    /// Of a cadence in a zone.
    pub fn of(cadence: &Cadence, zone: Tz) -> Self {
        let in_words = |language| sentence(cadence, zone, language);
        Self { en: in_words(Language::English), id: in_words(Language::Indonesian) }
    }
}

/// A schedule.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Schedule", skip_serializing_if_is_none)]
pub struct ScheduleResource {
    /// Its id, a UUIDv7.
    pub id: Uuid,
    /// Whether it belongs to the platform: administrators see and edit it, and it cannot be deleted.
    pub built_in: bool,
    /// Whether it fires.
    pub state: ScheduleState,
    /// What was decided.
    pub definition: ScheduleDefinition,
    /// When it fires, in words.
    pub sentence: Option<ScheduleSentence>,
    /// Its next run.
    pub next_run_at: Option<DateTime<Utc>>,
    /// The last tick that became a job.
    pub last_tick_at: Option<DateTime<Utc>>,
    /// The tick that waits for the end of the last job.
    pub queued_tick: Option<DateTime<Utc>>,
    /// Its jobs that failed in a row.
    pub failures: i32,
    /// The key or person that made it.
    pub created_by: Option<Uuid>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its definition last changed.
    pub updated_at: DateTime<Utc>,
    /// Its `ETag`, which a change names in `If-Match`.
    pub etag: String,
    /// Where to go from here.
    pub links: ScheduleLinks,
}

/// Where to go from a schedule.
#[derive(Clone, Debug, Object)]
pub struct ScheduleLinks {
    /// This resource.
    #[oai(rename = "self")]
    pub this: String,
    /// Its next runs.
    pub preview: String,
    /// What became of its ticks.
    pub runs: String,
}

/// A page of schedules, the latest made first.
#[derive(Clone, Debug, Object)]
pub struct ScheduleList {
    data: Vec<ScheduleResource>,
    meta: PageMeta,
    links: PageLinks,
}

/// What became of a tick, or of several that were missed.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct ScheduleRun {
    /// The time for which it was meant; of a run that somebody asked for, when they did.
    pub tick: DateTime<Utc>,
    /// What became of it.
    pub outcome: TickOutcome,
    /// When that was decided, by the database's clock.
    pub decided_at: DateTime<Utc>,
    /// From the tick to the decision, in milliseconds.
    pub lateness_ms: i64,
    /// Whether somebody asked for it.
    pub manual: bool,
    /// How many ticks it stands for.
    pub ticks: i32,
    /// The last of them, if there are several.
    pub through: Option<DateTime<Utc>>,
    /// Why it could not become a job.
    pub message: Option<String>,
    /// Its job.
    pub job_id: Option<Uuid>,
    /// Where its job stands, as the ledger knows it; missing when its row has gone.
    pub job_state: Option<State>,
}

/// A page of runs, the latest tick first.
#[derive(Clone, Debug, Object)]
pub struct ScheduleRunList {
    data: Vec<ScheduleRun>,
    meta: PageMeta,
    links: PageLinks,
}

/// The tag of a schedule's definition.
#[must_use]
pub fn tag_of(schedule: &Schedule) -> String {
    format!("\"{}\"", schedule.version)
}

impl ScheduleResource {
    /// The resource of a row and its failures in a row.
    #[must_use]
    pub fn of(schedule: &Schedule, failures: i32) -> Self {
        let here = format!("/api/v1/schedules/{}", schedule.id);
        let plan = schedule.plan().ok().zip(schedule.definition.tz().ok());
        Self {
            id: schedule.id,
            built_in: schedule.workspace_id.is_none(),
            state: match (schedule.definition.enabled, schedule.next_run_at.or(schedule.queued_tick)) {
                (false, _) => ScheduleState::Paused,
                (true, Some(_)) => ScheduleState::Active,
                (true, None) => ScheduleState::Finished,
            },
            definition: ScheduleDefinition::of(&schedule.definition),
            sentence: plan.map(|(plan, zone)| ScheduleSentence::of(&plan.cadence, zone)),
            next_run_at: schedule.next_run_at,
            last_tick_at: schedule.last_tick_at,
            queued_tick: schedule.queued_tick,
            failures,
            created_by: schedule.created_by,
            created_at: schedule.created_at,
            updated_at: schedule.updated_at,
            etag: tag_of(schedule),
            links: ScheduleLinks { preview: format!("{here}/preview"), runs: format!("{here}/runs"), this: here },
        }
    }
}

impl ScheduleList {
    pub(super) fn of(page: Page<(Schedule, i32)>) -> Self {
        let data = page.rows.into_iter().map(|(schedule, failures)| ScheduleResource::of(&schedule, failures));
        Self { data: data.collect(), meta: page.meta, links: page.links }
    }
}

impl ScheduleRun {
    /// The resource of a row and the state of its job.
    #[must_use]
    pub fn of(row: ScheduleTick, job_state: Option<State>) -> Self {
        Self {
            tick: row.tick,
            outcome: row.outcome.parse().unwrap_or(TickOutcome::Enqueued),
            decided_at: row.created_at,
            lateness_ms: (row.created_at - row.tick).num_milliseconds().max(0),
            manual: row.manual,
            ticks: row.ticks,
            through: row.through,
            message: row.message,
            job_id: row.job_id,
            job_state,
        }
    }
}

impl ScheduleRunList {
    pub(super) fn of(page: Page<(ScheduleTick, Option<State>)>) -> Self {
        let data = page.rows.into_iter().map(|(tick, state)| ScheduleRun::of(tick, state)).collect();
        Self { data, meta: page.meta, links: page.links }
    }
}
