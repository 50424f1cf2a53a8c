//! Makes reports: one query, or a few, in one snapshot of the ledger, to one file.
//!
//! - [`make`]: the steps, side by side: rows are read, formatted and stored while more are read, each step behind a bound.
//! - [`read`], [`cells`]: from the query to cells. [`shape`]: what stands around them. [`week`]: the platform's week.
//! - [`pipe`]: from the formatter, which blocks, to the object store, which does not.
//! - [`rows`]: the report in the ledger. [`leftovers`]: what an attempt that died has left.
//! - [`tell`]: the e-mail about it.

pub mod cells;
pub mod leftovers;
pub mod make;
pub mod pipe;
pub mod read;
pub mod rows;
pub mod shape;
pub mod tell;
pub mod week;

use crate::outcome::Failure;
use gotong_shared::reports::source::SourceError;
use lettre::{Address, message::Mailbox};
use url::Url;

/// What a message about a report says of its sender, and where its link leads.
pub struct Letterhead {
    /// Whom it is from.
    pub from: Mailbox,
    /// Where bounces go.
    pub return_path: Address,
    /// Where the API is.
    pub public_url: Url,
}

/// What a query that did not succeed means for its job.
#[must_use]
pub fn failure(error: &SourceError, timeout_s: u64) -> Failure {
    match error {
        SourceError::Unavailable(_) => Failure::retry("database_unavailable", error.to_string()),
        SourceError::Stopped => Failure::retry("stopped", error.to_string()),
        SourceError::TimedOut => Failure::dead(
            "query_timeout",
            format!(
                "the query was stopped after {timeout_s} seconds, the longest it may take; ask for a shorter range"
            ),
        ),
        SourceError::Refused(why) => Failure::dead("query_failed", format!("PostgreSQL refused the query: {why}")),
    }
}
