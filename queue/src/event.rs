//! Transitions on their way to the ledger.

use bytes::Bytes;
use uuid::Uuid;

use crate::name::Timestamp;

/// A batch read from one queue together with the epoch that Redis held at that moment.
#[derive(Clone, Debug, PartialEq)]
pub struct EventBatch {
    /// The epoch's name; `None` if the key is missing.
    pub epoch: Option<String>,
    /// Oldest first.
    pub events: Vec<Event>,
}

/// One transition, or the report of a stale run.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Names this very event: the tombstone that it made carries the same.
    pub stream_id: String,
    /// Which job.
    pub job_id: Uuid,
    /// Its generation.
    pub generation: u32,
    /// Version of the transition; orders all transitions of a generation.
    pub version: u64,
    /// The number of the attempt that this event ends; 0 if there was none (a waiting job was cancelled or expired).
    pub attempt: u32,
    /// Attempts spent after this transition: a crash, a snooze and a hand-back spend none.
    pub attempts_used: u32,
    /// Leases lost after this transition.
    pub crashes: u32,
    /// What happened to the job.
    pub kind: EventKind,
    /// What the handler had reported. Differs from `kind` for a stale report, and for a failure of a cancelled job.
    pub reported: EventKind,
    /// The worker of the attempt.
    pub worker: Option<Uuid>,
    /// The fencing token of the attempt.
    pub token: Option<Uuid>,
    /// When the attempt was fetched.
    pub started_at: Option<Timestamp>,
    /// When this happened, by Redis's clock.
    pub ended_at: Timestamp,
    /// When the job is due again, if it returned to waiting.
    pub run_at: Option<Timestamp>,
    /// Class of the failure.
    pub error_class: Option<String>,
    /// Message of the failure, or the reason of a cancellation.
    pub error_message: Option<String>,
    /// JSON, of a completed job.
    pub result: Option<Bytes>,
    /// The handler's last progress.
    pub progress: Option<Progress>,
    /// The handler's log lines, oldest first; at most 100 of 1 KiB.
    pub log: Vec<String>,
}

/// What an event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Final: the handler is done.
    Completed,
    /// Failed, and waits for its next attempt.
    Retried,
    /// The lease was lost; the job waits again, its attempts unspent.
    Crashed,
    /// Final: failed for good.
    Dead,
    /// Final: cancelled, from outside or by the handler.
    Cancelled,
    /// Put off by the handler.
    Snoozed,
    /// Final until someone retries it: it lost too many leases.
    Quarantined,
    /// Final: still waiting at its `expires_at`.
    Expired,
    /// A run reported after it had lost its lease. No transition: an attempt to be shown.
    StaleReport,
}

impl EventKind {
    /// Whether the event ends the job's generation.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Dead | Self::Cancelled | Self::Quarantined | Self::Expired)
    }
}

/// How far a run has come, as its handler says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// 0 to 1.
    pub fraction: f32,
    /// At most 256 bytes.
    pub message: String,
}
