//! Holding a waiting job back while the ledger edits it.

use uuid::Uuid;

use crate::client::{Client, unbuilt};
use crate::error::Result;
use crate::job::NewJob;
use crate::name::QueueName;

/// What a park met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parked {
    /// The job is held back; workers do not see it.
    Parked {
        /// The epoch under which it was parked: the edit commits only if the ledger still has it.
        epoch: String,
        /// Version of the entry.
        version: u64,
        /// Attempts spent.
        attempt: u32,
        /// Leases lost.
        crashes: u32,
    },
    /// This generation runs; nothing changed.
    Running,
    /// This generation has ended; nothing changed.
    Ended,
    /// Redis knows a greater generation; nothing changed.
    Newer,
    /// Redis has no epoch (it has just lost everything); nothing changed.
    EpochMissing,
}

impl Client {
    /// Parks a job as the ledger's row has it. A job that Redis does not know is put there, parked; a waiting one of the
    /// same generation keeps its version and attempts.
    ///
    /// # Errors
    /// As any command; [`crate::Error::Invalid`] if the job breaks a limit.
    pub async fn park(&self, _queue: &QueueName, _job: &NewJob, _parking: Uuid) -> Result<Parked> {
        unbuilt()
    }

    /// Gives a job back to the workers if it is still held by this parking; `false` if not.
    ///
    /// # Errors
    /// As any command.
    pub async fn unpark(&self, _queue: &QueueName, _id: Uuid, _parking: Uuid) -> Result<bool> {
        unbuilt()
    }
}
