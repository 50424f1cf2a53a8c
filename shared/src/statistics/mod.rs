//! What happened, counted: per minute, queue and kind, how attempts ended and how long they waited and ran; failures
//! that are alike; what the doctor repaired.
//!
//! The recorder writes the first two in the transaction that commits the states ([`crate::ledger::record`]), so each
//! event counts once, however often it is delivered. It must not know how the numbers are shown.

mod failures;
mod fingerprint;
mod histogram;
mod minutes;
mod prune;
mod read;
mod repairs;
mod trouble;

pub use failures::{Edge, Failure, FailureGroup, add_failures, failure_groups};
pub use fingerprint::fingerprint;
pub use histogram::Histogram;
pub use minutes::{Minute, Outcome, add_minutes};
pub use prune::{KEPT_DAYS, prune};
pub use read::{Totals, minutes, recent, totals};
pub use repairs::{Repaired, note_repairs};
pub use trouble::{DeadJobs, RecentRepairs, dead_jobs, recent_repairs};
