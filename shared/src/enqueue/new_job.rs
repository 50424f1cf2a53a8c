//! A job before it is accepted.

use super::{EnqueueError, LARGEST_PAYLOAD, is_longer};
use crate::jobs::{self, Contract, Limits, PayloadError};
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

/// A job to be accepted.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// UUIDv7. Whoever enqueues makes it, so that a repeated request is the same job.
    pub id: Uuid,
    /// Whose it is.
    pub workspace_id: Uuid,
    /// Its kind.
    pub kind: &'static str,
    /// Its queue.
    pub queue: &'static str,
    /// The kind's payload.
    pub payload: Value,
    /// 0 (lowest) to 4 (highest).
    pub priority: i16,
    /// Not before.
    pub run_at: Option<DateTime<Utc>>,
    /// Not after.
    pub expires_at: Option<DateTime<Utc>>,
    /// At most one live job of the workspace and kind has it.
    pub unique_key: Option<String>,
    /// The key or person that asks for it.
    pub created_by: Option<Uuid>,
    /// W3C `traceparent` of the request that causes it.
    pub trace: Option<String>,
    /// The schedule that makes it.
    pub schedule_id: Option<Uuid>,
    /// What it can be found by, as `path:value`: see [`Contract::SEARCHABLE`].
    pub fields: Vec<String>,
    /// What bounds it.
    pub limits: Limits,
}

impl NewJob {
    /// A job of that kind, due now, of normal priority.
    ///
    /// # Errors
    /// When the payload does not fit its kind, or is longer than [`LARGEST_PAYLOAD`].
    pub fn of<C: Contract>(workspace_id: Uuid, payload: &C) -> Result<Self, EnqueueError> {
        let payload = serde_json::to_value(payload).map_err(|error| PayloadError::whole(error.to_string()))?;
        Self::of_kind(workspace_id, C::KIND, payload)
    }

    /// A job of the kind with that name, due now, of normal priority.
    ///
    /// # Errors
    /// When there is no such kind, the payload does not fit it, or is longer than [`LARGEST_PAYLOAD`].
    pub fn of_kind(workspace_id: Uuid, kind: &str, payload: Value) -> Result<Self, EnqueueError> {
        let kind = jobs::kind(kind).ok_or_else(|| PayloadError::whole(format!("there is no kind {kind}")))?;
        kind.check(&payload)?;
        if is_longer(&payload, LARGEST_PAYLOAD) {
            return Err(PayloadError::whole(format!("it is longer than {LARGEST_PAYLOAD} bytes")).into());
        }
        Ok(Self {
            fields: kind.fields(&payload),
            id: Uuid::now_v7(),
            workspace_id,
            kind: kind.name,
            queue: kind.queue.name,
            payload,
            priority: 2,
            run_at: None,
            expires_at: None,
            unique_key: None,
            created_by: None,
            trace: None,
            schedule_id: None,
            limits: kind.limits,
        })
    }

    /// Notes who asks for it.
    #[must_use]
    pub fn created_by(self, actor: Uuid) -> Self {
        Self { created_by: Some(actor), ..self }
    }

    /// Continues the trace of the request that causes it.
    #[must_use]
    pub fn trace(self, traceparent: Option<String>) -> Self {
        Self { trace: traceparent, ..self }
    }

    /// Notes the schedule that makes it.
    #[must_use]
    pub fn schedule(self, id: Uuid) -> Self {
        Self { schedule_id: Some(id), ..self }
    }

    /// Delays it.
    #[must_use]
    pub fn run_at(self, time: DateTime<Utc>) -> Self {
        Self { run_at: Some(time), ..self }
    }

    /// Makes it the only live job of its workspace and kind with that key.
    #[must_use]
    pub fn unique(self, key: impl Into<String>) -> Self {
        Self { unique_key: Some(key.into()), ..self }
    }
}
