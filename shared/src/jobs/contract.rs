//! What every kind declares.

use poem_openapi::types::Type;
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// A kind of job: its payload, where it runs and what bounds it.
pub trait Contract: Serialize + DeserializeOwned + Type + Send + Sync + 'static {
    /// The name on the wire, `noun.verb`.
    const KIND: &'static str;
    /// Where it runs.
    const QUEUE: QueueProfile;
    /// What bounds it.
    const LIMITS: Limits;
    /// The fields of the payload by which its jobs can be found, as paths with dots. A job is found by a field if its
    /// value is a text, number or truth value of at most [`LONGEST_SEARCHABLE`] bytes.
    const SEARCHABLE: &'static [&'static str] = &[];

    /// Whether its jobs act on the whole platform: then no client of a workspace may ask for them.
    const PLATFORM: bool = false;

    /// The operation that alone makes its jobs, where rows of their own have to commit with them.
    const ROUTE: Option<&'static str> = None;

    /// What the types cannot say about a payload.
    ///
    /// # Errors
    /// What is wrong, where and in words.
    fn validate(&self) -> Result<(), PayloadError> {
        Ok(())
    }
}

/// The longest value by which a job is found, in bytes.
pub const LONGEST_SEARCHABLE: usize = 200;

/// A payload that is not one of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload does not fit its kind: {message}{}", place(.pointer))]
pub struct PayloadError {
    /// RFC 6901, from the payload's root.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

impl PayloadError {
    /// Something is wrong with the field that the pointer names.
    pub fn at(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }

    /// Something is wrong with the payload as a whole.
    pub fn whole(message: impl Into<String>) -> Self {
        Self::at("", message)
    }
}

fn place(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(" (at {pointer})") }
}

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
/// Handing messages to a mail server: bound by its answers.
pub const MAIL: QueueProfile = QueueProfile { name: "mail", slots: 20 };
/// Waiting for servers of other people: bound by their answers.
pub const WEBHOOKS: QueueProfile = QueueProfile { name: "webhooks", slots: 20 };
/// Bringing documents to the search index: many at once, because they share their writes.
pub const SEARCH: QueueProfile = QueueProfile { name: "search", slots: 256 };
/// Building and comparing whole search indices: long, and never urgent.
pub const SEARCH_UPKEEP: QueueProfile = QueueProfile { name: "search-upkeep", slots: 2 };
/// Long queries, and files made of what they answer: bound by CPU and by the database.
pub const REPORTS: QueueProfile = QueueProfile { name: "reports", slots: 2 };
/// Dumping, restoring and copying whole databases: bound by their server and the object store.
pub const BACKUPS: QueueProfile = QueueProfile { name: "backups", slots: 2 };
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
