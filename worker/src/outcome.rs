//! What a handler can end in.

use gotong_queue::{JobError, Outcome, Until};
use gotong_shared::{db::DatabaseError, enqueue::ClaimError, storage::StorageError};
use serde_json::Value;
use std::time::Duration;

/// Why a handler did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// It may succeed later. `after`: not before, where somebody said so; else the kind's backoff decides.
    Retry {
        /// A stable word, such as `storage_unavailable`.
        class: &'static str,
        /// A sentence for people.
        message: String,
        /// At least this long from now.
        after: Option<Duration>,
    },
    /// It can never succeed.
    Dead {
        /// A stable word, such as `invalid_image`.
        class: &'static str,
        /// A sentence for people.
        message: String,
    },
    /// There is nothing left to do.
    Cancel(String),
    /// Not now: after that pause again, without an attempt being spent.
    Snooze(Duration),
}

impl Failure {
    /// One that may pass.
    pub fn retry(class: &'static str, message: impl Into<String>) -> Self {
        Self::Retry { class, message: message.into(), after: None }
    }

    /// One that will not pass.
    pub fn dead(class: &'static str, message: impl Into<String>) -> Self {
        Self::Dead { class, message: message.into() }
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        let class = if error.is_transient() { "database_unavailable" } else { "database_error" };
        Self::retry(class, error.to_string())
    }
}

impl From<diesel::result::Error> for Failure {
    fn from(error: diesel::result::Error) -> Self {
        DatabaseError::from(error).into()
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::NotFound(_) => Self::dead("object_missing", error.to_string()),
            StorageError::Range | StorageError::Refused(_) => Self::retry("storage_error", error.to_string()),
            StorageError::Unavailable(_) => Self::retry("storage_unavailable", error.to_string()),
        }
    }
}

impl From<ClaimError> for Failure {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Storage(StorageError::NotFound(_)) => Self::dead("payload_missing", error.to_string()),
            ClaimError::Storage(error) => error.into(),
            ClaimError::Damaged => Self::dead("payload_damaged", error.to_string()),
        }
    }
}

/// What the engine is told.
#[must_use]
pub fn outcome(end: Result<Option<Value>, Failure>) -> Outcome {
    let error = |class: &str, message| JobError { class: class.to_owned(), message };
    match end {
        Ok(result) => Outcome::Done(result.map(|value| value.to_string().into())),
        Err(Failure::Retry { class, message, after }) => Outcome::Retry { after, error: error(class, message) },
        Err(Failure::Dead { class, message }) => Outcome::Dead(error(class, message)),
        Err(Failure::Cancel(reason)) => Outcome::Cancel(reason),
        Err(Failure::Snooze(pause)) => Outcome::Snooze(Until::After(pause)),
    }
}
