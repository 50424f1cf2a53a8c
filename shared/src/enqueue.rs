//! How a job is accepted: its row commits with the caller's transaction; the push follows the commit.
//!
//! ```text
//! let clock = dispatcher.clock().await;               // Redis time before the row is read: the push's deadline
//! connection.transaction(|c| { business rows; enqueue(c, &[job]) })   // accepted
//! dispatcher.push(clock, enqueued).await;             // sent once; what fails is left to the relay
//! ```

mod claim;
mod dispatcher;
mod insert;
mod new_job;

pub use claim::{CLAIMS, Claim, ClaimError, check_in, check_in_payload, claims_of_day};
pub use dispatcher::Dispatcher;
pub use insert::{Enqueued, enqueue, enqueue_each};
pub(crate) use insert::{claim_keys, key_scope};
pub use new_job::NewJob;

use crate::jobs::PayloadError;
use serde_json::Value;
use std::time::Duration;

/// How long after reading a row its push may arrive, in Redis time. A tombstone outlives the recorded end of its job
/// by more than this, so no push can bring back what ended.
pub const PUSH_DEADLINE: Duration = Duration::from_secs(2);

/// The largest payload that a row holds, as JSON. A larger one is checked in: see [`check_in`].
pub const PAYLOAD_LIMIT: usize = 64 * 1024;

/// The largest payload, as JSON.
pub const LARGEST_PAYLOAD: usize = 5 * 1024 * 1024;

/// The most jobs in one call.
pub const BATCH_LIMIT: usize = 1_000;

/// Why nothing was accepted.
#[derive(Debug, thiserror::Error)]
pub enum EnqueueError {
    /// A payload is not one of its kind.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// An id's time is more than a minute off the database's clock, or its row exists.
    #[error("a job's id must be new, and its time within a minute of the database's clock")]
    Id,
    /// More than [`BATCH_LIMIT`].
    #[error("at most {BATCH_LIMIT} jobs can be enqueued in one call")]
    TooMany,
    /// PostgreSQL refused.
    #[error("the ledger refused the jobs: {0}")]
    Database(#[from] diesel::result::Error),
}

/// Whether a value is longer than so many bytes as JSON, without writing it.
fn is_longer(value: &Value, limit: usize) -> bool {
    struct Room(usize);
    impl std::io::Write for Room {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    serde_json::to_writer(Room(limit), value).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn length_is_that_of_the_text() {
        let value = json!({ "text": "\u{1F60A} \"quoted\"\n", "numbers": [1, 2.5, null] });
        let length = value.to_string().len();
        assert!(!is_longer(&value, length));
        assert!(is_longer(&value, length - 1));
    }
}
