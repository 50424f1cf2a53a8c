//! What Redis knows of a job.

use bytes::Bytes;
use uuid::Uuid;

use crate::event::{EventKind, Progress};
use crate::name::{Priority, Timestamp};

/// The entry of one job in Redis. A job is in exactly one of these forms.
#[derive(Clone, Debug, PartialEq)]
pub enum EntryView {
    /// Redis does not know it: never pushed, forgotten, or lost.
    Unknown,
    /// It waits: ready, delayed, for a worker that knows its kind, or held back by an edit.
    Waiting {
        /// Generation of the entry.
        generation: u32,
        /// Version of its last transition.
        version: u64,
        /// Attempts spent.
        attempt: u32,
        /// Leases lost.
        crashes: u32,
        /// Its priority.
        priority: Priority,
        /// Since when it is, or from when it will be, due.
        run_at: Timestamp,
        /// The edit that holds it back from workers.
        parked: Option<Uuid>,
    },
    /// A worker holds it.
    Running {
        /// Generation of the entry.
        generation: u32,
        /// Version of the fetch.
        version: u64,
        /// The number of this attempt; the first is 1.
        attempt: u32,
        /// Leases lost before.
        crashes: u32,
        /// Which worker.
        worker: Uuid,
        /// When it was fetched.
        started_at: Timestamp,
        /// Until when the lease holds without renewal.
        lease_until: Timestamp,
        /// Whether it has been asked to stop.
        cancel_requested: bool,
        /// The handler's last report.
        progress: Option<Progress>,
    },
    /// It has ended; the generation is refused until the tombstone goes.
    Tombstone {
        /// Generation that ended.
        generation: u32,
        /// Version of the end.
        version: u64,
        /// How it ended; `None` if it was taken away rather than ended.
        ended: Option<EventKind>,
        /// Without a ledger: the result of a completed job.
        result: Option<Bytes>,
    },
}

impl EntryView {
    /// Whether it is waiting or running.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        matches!(self, Self::Waiting { .. } | Self::Running { .. })
    }

    /// The generation and version; zeroes for an unknown job.
    #[must_use]
    pub fn order(&self) -> (u32, u64) {
        match *self {
            Self::Unknown => (0, 0),
            Self::Waiting { generation, version, .. }
            | Self::Running { generation, version, .. }
            | Self::Tombstone { generation, version, .. } => (generation, version),
        }
    }
}
