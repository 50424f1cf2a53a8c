//! Pushing jobs.

use uuid::Uuid;

use crate::client::{Client, unbuilt};
use crate::error::Result;
use crate::job::NewJob;
use crate::name::{Micros, QueueName};

/// Under what a push or a cancel is valid, from the moment its row was read. Only with a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushTerms {
    /// The epoch that the ledger had then.
    pub epoch: String,
    /// By when, in Redis time, the command must have arrived.
    pub deadline: Micros,
}

/// What became of one pushed job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It waits now.
    Accepted,
    /// Redis knows the same or a greater generation; nothing changed.
    Known,
    /// The epoch is another, or the deadline has passed; nothing changed.
    Stale,
    /// The queue is at its length or byte limit; nothing changed.
    Full,
    /// The unique key is held by this live job ([`crate::OnConflict::Reject`]); nothing changed.
    Rejected(Uuid),
    /// The unique key is held by this live job ([`crate::OnConflict::KeepExisting`]); nothing changed.
    Kept(Uuid),
}

impl Client {
    /// Pushes jobs, 1,000 a script call, each call sent once. The answers are in the order of the jobs.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if any job breaks a limit (then none is sent); otherwise as the first chunk that fails:
    /// earlier chunks have then been carried out, later ones have not been sent.
    pub async fn push(
        &self,
        _queue: &QueueName,
        _jobs: &[NewJob],
        _under: Option<&PushTerms>,
    ) -> Result<Vec<Pushed>> {
        unbuilt()
    }
}
