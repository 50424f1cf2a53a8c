//! What must never be seen.

use std::fmt;

/// A promise that a step broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A handler starts under a generation whose end the ledger has.
    StartAfterEnd,
    /// A handler starts under a generation that an edit or a manual retry has replaced.
    StartOfOldGeneration,
    /// A handler starts more often than failures, faults and retries account for.
    UnaccountedStart,
    /// The report of one run is taken for that of another.
    ForeignReport,
    /// A final state becomes another.
    FinalStateChanges,
    /// The ledger ignores how the job ended, although Redis has lost nothing.
    OutcomeDropped,
    /// An edit is acknowledged while the payload from before it runs.
    EditDuringRun,
    /// From here on no course of events brings the job to its end.
    Lost,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StartAfterEnd => "a handler starts although the ledger has recorded the end",
            Self::StartOfOldGeneration => "a handler starts with what an edit or a manual retry has replaced",
            Self::UnaccountedStart => "a handler starts more often than failures, faults and retries account for",
            Self::ForeignReport => "the report of one run is taken for that of another",
            Self::FinalStateChanges => "a final state changes",
            Self::OutcomeDropped => "the ledger drops an outcome although Redis has lost nothing",
            Self::EditDuringRun => "an edit is acknowledged while the old payload runs",
            Self::Lost => "the job can no longer end",
        })
    }
}
