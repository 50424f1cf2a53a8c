//! `jobs`.

use crate::db::schema::jobs;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

/// A job as the ledger knows it. What runs right now is known to Redis only.
#[derive(Clone, Debug, Queryable, Selectable, QueryableByName)]
#[diesel(table_name = jobs)]
pub struct Job {
    /// UUIDv7, made by whoever enqueued it.
    pub id: Uuid,
    /// Whose it is.
    pub workspace_id: Uuid,
    /// Its kind, such as `thumbnail.generate`.
    pub kind: String,
    /// Its queue.
    pub queue: String,
    /// 0 (lowest) to 4 (highest).
    pub priority: i16,
    /// See [`crate::ledger::State`].
    pub state: String,
    /// Raised by a manual retry and an edit only.
    pub generation: i32,
    /// Of the last transition that was recorded; Redis time in µs, 0 before the first.
    pub version: i64,
    /// Whether Redis is known to have it.
    pub pushed: bool,
    /// The kind's payload.
    pub payload: serde_json::Value,
    /// Not before.
    pub run_at: DateTime<Utc>,
    /// Not after.
    pub expires_at: Option<DateTime<Utc>>,
    /// Attempts used.
    pub attempt: i32,
    /// Attempts allowed.
    pub max_attempts: i32,
    /// Workers that died with it.
    pub crashes: i32,
    /// Of one attempt.
    pub timeout_ms: i32,
    /// See [`gotong_queue::Backoff`].
    pub backoff_base_ms: i32,
    /// See [`gotong_queue::Backoff`].
    pub backoff_cap_ms: i32,
    /// How long its row is kept after its end.
    pub retention_s: i32,
    /// At most one live job has it.
    pub unique_key: Option<String>,
    /// The key or person that asked for it.
    pub created_by: Option<Uuid>,
    /// W3C `traceparent` of the request that caused it.
    pub trace: Option<String>,
    /// Since when its cancel is to be delivered.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When its last recorded attempt started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it reached its final state.
    pub finished_at: Option<DateTime<Utc>>,
    /// Who ran its last recorded attempt.
    pub worker: Option<String>,
    /// What its handler returned.
    pub result: Option<serde_json::Value>,
    /// Why its last recorded attempt failed: a stable word.
    pub error_class: Option<String>,
    /// Why its last recorded attempt failed: a sentence.
    pub error_message: Option<String>,
    /// The schedule that made it.
    pub schedule_id: Option<Uuid>,
    /// The group of like failures that its last recorded attempt belongs to.
    pub error_fingerprint: Option<String>,
}
