//! What every kind declares.

use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// A kind of job: its payload, where it runs and what bounds it.
pub trait Contract: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name on the wire, `noun.verb`.
    const KIND: &'static str;
    /// Where it runs.
    const QUEUE: QueueProfile;
    /// What bounds it.
    const LIMITS: Limits;

    /// What the types cannot say about a payload.
    ///
    /// # Errors
    /// What is wrong, in words.
    fn validate(&self) -> Result<(), PayloadError> {
        Ok(())
    }
}

/// A payload that is not one of its kind.
#[derive(Debug, thiserror::Error)]
#[error("the payload does not fit its kind: {0}")]
pub struct PayloadError(pub String);

/// A queue stands for a profile of resources: what saturates when its jobs run.
#[derive(Clone, Copy, Debug)]
pub struct QueueProfile {
    /// The queue's name.
    pub name: &'static str,
    /// Jobs that one worker process runs at once, unless it is told otherwise.
    pub slots: usize,
}

/// Decoding and scaling pictures: bound by CPU.
pub const IMAGES: QueueProfile = QueueProfile { name: "images", slots: 2 };
/// Housekeeping: rare, and never urgent.
pub const MAINTENANCE: QueueProfile = QueueProfile { name: "maintenance", slots: 1 };

/// No job runs without these.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of one attempt.
    pub timeout: Duration,
    /// Attempts before a job is dead; crashes of a worker are counted apart.
    pub max_attempts: u16,
    /// The first retry waits a random time up to this; each further one up to twice the last.
    pub backoff_base: Duration,
    /// No retry waits longer.
    pub backoff_cap: Duration,
    /// How long the row is kept after the job's end.
    pub retention: Duration,
}

/// What suits most kinds: a minute, 10 attempts over some hours, a week of history.
pub const USUAL: Limits = Limits {
    timeout: Duration::from_mins(1),
    max_attempts: 10,
    backoff_base: Duration::from_secs(2),
    backoff_cap: Duration::from_mins(30),
    retention: Duration::from_hours(7 * 24),
};
