//! The states of a job.

use std::{fmt, str::FromStr};

/// Where a job stands.
// `Running` is known to Redis only: the ledger learns of a run when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, poem_openapi::Enum)]
#[oai(rename = "JobState", rename_all = "lowercase")]
pub enum State {
    /// Waits for its time. Entered by an enqueue with a later `run_at`.
    Scheduled,
    /// Waits for a worker. Entered by an enqueue, and when its time comes.
    Available,
    /// A worker runs it, under a lease.
    Running,
    /// An attempt failed; waits for the next one.
    Retryable,
    /// Its handler asked to be called later; no attempt was spent.
    Snoozed,
    /// Its handler succeeded. Final.
    Completed,
    /// Its attempts are used up, or it failed for good, or it expired before it ran. Final until a manual retry.
    Dead,
    /// Somebody, or its handler, called it off. Final until a manual retry.
    Cancelled,
    /// It killed its worker too often. Final until a manual retry.
    Quarantined,
}

impl State {
    /// Every state, in the order of a job's life.
    pub const ALL: [Self; 9] = [
        Self::Scheduled,
        Self::Available,
        Self::Running,
        Self::Retryable,
        Self::Snoozed,
        Self::Completed,
        Self::Dead,
        Self::Cancelled,
        Self::Quarantined,
    ];

    /// The word for it in the ledger and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Available => "available",
            Self::Running => "running",
            Self::Retryable => "retryable",
            Self::Snoozed => "snoozed",
            Self::Completed => "completed",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
            Self::Quarantined => "quarantined",
        }
    }

    /// Whether only a manual retry leads out of it.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Dead | Self::Cancelled | Self::Quarantined)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(word: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == word).ok_or(UnknownState)
    }
}

/// A word that is no state.
#[derive(Debug, thiserror::Error)]
#[error("not a state of a job")]
pub struct UnknownState;
