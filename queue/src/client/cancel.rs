//! Cancelling jobs.

use uuid::Uuid;

use crate::client::push::PushTerms;
use crate::client::{Client, unbuilt};
use crate::error::Result;
use crate::name::QueueName;

/// What a cancel met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It was waiting, or (with a ledger) unknown: a tombstone and an event stand now.
    Ended,
    /// It runs; its handler will see the request.
    Flagged,
    /// It had ended already.
    AlreadyEnded,
    /// Redis knows a greater generation; nothing changed.
    Newer,
    /// The epoch is another, or the deadline has passed; nothing changed.
    Stale,
    /// Without a ledger: Redis does not know it; nothing changed.
    Unknown,
}

impl Client {
    /// Cancels a generation of a job. `version` is the last one that the caller knows of.
    ///
    /// # Errors
    /// As any command.
    pub async fn cancel(
        &self,
        _queue: &QueueName,
        _id: Uuid,
        _generation: u32,
        _version: u64,
        _under: Option<&PushTerms>,
    ) -> Result<Cancelled> {
        unbuilt()
    }
}
