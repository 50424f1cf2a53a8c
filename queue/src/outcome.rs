//! How an attempt ended, as the handler says it.

use std::time::Duration;

use bytes::Bytes;

use crate::name::Timestamp;

/// What a handler returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The work is done; the result, if any, is JSON.
    Done(Option<Bytes>),
    /// Try again: after the given pause (a server's `Retry-After`), or by the job's backoff. The last attempt is dead.
    Retry {
        /// The pause, if the handler knows better than the backoff.
        after: Option<Duration>,
        /// What went wrong.
        error: JobError,
    },
    /// Stop here without success and without failure, with the reason.
    Cancel(String),
    /// Not now: back to waiting without spending an attempt.
    Snooze(Until),
    /// It can never succeed.
    Dead(JobError),
}

impl From<()> for Outcome {
    fn from((): ()) -> Self {
        Self::Done(None)
    }
}

/// Until when a job snoozes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// For this long, by Redis's clock.
    After(Duration),
    /// Until this time, by Redis's clock.
    At(Timestamp),
}

/// Why an attempt failed. The class groups failures; the message is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{class}: {message}")]
pub struct JobError {
    /// A short, stable word such as `timeout`; at most 64 bytes are kept.
    pub class: String,
    /// At most 4 KiB are kept.
    pub message: String,
}

impl JobError {
    /// The class of a handler that panicked.
    pub const PANIC: &'static str = "panic";
    /// The class of a handler that did not end within its timeout.
    pub const TIMEOUT: &'static str = "timeout";
    /// The class of a handler that returned an error instead of an outcome.
    pub const ERROR: &'static str = "error";
    /// The class of a job whose packed bytes could not be read.
    pub const UNDECODABLE: &'static str = "undecodable";
    /// Noted on a completed job whose result was too large to keep.
    pub const RESULT_TOO_LARGE: &'static str = "result_too_large";

    /// An error of this class.
    pub fn new(class: impl Into<String>, message: impl Into<String>) -> Self {
        Self { class: class.into(), message: message.into() }
    }
}
