//! `schedules`, `schedule_ticks`. What a row means stands in [`crate::scheduled`].

use crate::db::schema::{schedule_ticks, schedules};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

/// What whoever owns a schedule decides.
#[derive(Clone, Debug, Default, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = schedules, treat_none_as_null = true)]
pub struct ScheduleDefinition {
    /// Unique in its workspace.
    pub name: String,
    /// A cron expression; or else `interval_s` or `once_at`.
    pub expression: Option<String>,
    /// Seconds from one tick to the next.
    pub interval_s: Option<i32>,
    /// The only tick.
    pub once_at: Option<DateTime<Utc>>,
    /// IANA time zone.
    pub zone: String,
    /// See [`crate::schedule::Gap`].
    pub gap: String,
    /// See [`crate::schedule::Repeat`].
    pub repeat: String,
    /// The kind of its jobs.
    pub kind: String,
    /// The template of their payload; see [`crate::schedule::template`].
    pub payload: serde_json::Value,
    /// Of its jobs: 0 (lowest) to 4 (highest).
    pub priority: i16,
    /// A tick that is claimed later than this, in seconds, is missed.
    pub grace_s: i32,
    /// See [`crate::schedule::Missed`].
    pub missed: String,
    /// The most missed ticks that run at once.
    pub missed_cap: i32,
    /// How old a missed tick that runs may be, in seconds.
    pub missed_window_s: i32,
    /// See [`crate::schedule::Overlap`].
    pub overlap: String,
    /// Its jobs start up to so many seconds after their tick.
    pub jitter_s: i32,
    /// No tick before.
    pub starts_at: Option<DateTime<Utc>>,
    /// No tick after.
    pub ends_at: Option<DateTime<Utc>>,
    /// So many failed jobs in a row are an alert.
    pub failure_limit: i32,
    /// Whether it fires at all.
    pub enabled: bool,
}

/// A schedule.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = schedules)]
pub struct Schedule {
    /// UUIDv7.
    pub id: Uuid,
    /// Whose it is; `None`: the platform's own.
    pub workspace_id: Option<Uuid>,
    /// What was decided.
    #[diesel(embed)]
    pub definition: ScheduleDefinition,
    /// The key or person that made it.
    pub created_by: Option<Uuid>,
    /// Raised by every change of the definition.
    pub version: i32,
    /// The next tick; `None` when it is paused or has none left.
    pub next_run_at: Option<DateTime<Utc>>,
    /// The last tick that became a job.
    pub last_tick_at: Option<DateTime<Utc>>,
    /// The tick that waits for the end of the last job.
    pub queued_tick: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its definition last changed.
    pub updated_at: DateTime<Utc>,
}

impl Schedule {
    /// One that was made at `now` and is kept nowhere: to try what a definition means.
    #[must_use]
    pub fn draft(id: Uuid, definition: ScheduleDefinition, now: DateTime<Utc>) -> Self {
        Self {
            id,
            workspace_id: None,
            definition,
            created_by: None,
            version: 1,
            next_run_at: None,
            last_tick_at: None,
            queued_tick: None,
            created_at: now,
            updated_at: now,
        }
    }
}

/// What became of a tick, or of a span of missed ones.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = schedule_ticks)]
pub struct ScheduleTick {
    /// Whose tick.
    pub schedule_id: Uuid,
    /// The time for which it was meant.
    pub tick: DateTime<Utc>,
    /// The job that it became.
    pub job_id: Option<Uuid>,
    /// When it was decided, by the database's clock.
    pub created_at: DateTime<Utc>,
    /// See [`crate::scheduled::TickOutcome`].
    pub outcome: String,
    /// How many ticks it stands for.
    pub ticks: i32,
    /// The last of them, if there are several.
    pub through: Option<DateTime<Utc>>,
    /// Whether somebody asked for it.
    pub manual: bool,
    /// Why it was refused.
    pub message: Option<String>,
}
