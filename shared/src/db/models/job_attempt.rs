//! `job_attempts`.

use crate::db::schema::job_attempts;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

/// A run that did not simply succeed at the first attempt.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = job_attempts)]
pub struct JobAttempt {
    /// The job.
    pub job_id: Uuid,
    /// The job's generation when it ran.
    pub generation: i32,
    /// Orders all transitions of the generation; Redis time in µs.
    pub version: i64,
    /// Its number, from 1.
    pub attempt: i32,
    /// How it ended.
    pub outcome: String,
    /// Which worker ran it.
    pub worker: Option<String>,
    /// When its handler started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// Why it failed: a stable word.
    pub error_class: Option<String>,
    /// Why it failed: a sentence.
    pub error_message: Option<String>,
    /// What the handler said, at most 100 lines.
    pub logs: Option<serde_json::Value>,
}
