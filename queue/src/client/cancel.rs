//! Cancelling jobs.

use uuid::Uuid;

use crate::client::Client;
use crate::client::push::PushTerms;
use crate::error::{Error, Result};
use crate::name::QueueName;
use crate::{reply, script};

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
        queue: &QueueName,
        id: Uuid,
        generation: u32,
        version: u64,
        under: Option<&PushTerms>,
    ) -> Result<Cancelled> {
        if self.config().ledger && under.is_none() {
            return Err(Error::invalid("terms", "with a ledger, a cancel names its epoch and deadline"));
        }
        let mut call = self.call(&script::CANCEL, queue);
        self.terms_of_end(&mut call);
        call.arg(under.map_or("", |u| u.epoch.as_str())).number(under.map_or(0, |u| u.deadline.0));
        call.arg(id.as_bytes()).number(generation).number(version);
        match reply::bytes(self.run(&call).await?)?.as_slice() {
            b"ended" => Ok(Cancelled::Ended),
            b"flagged" => Ok(Cancelled::Flagged),
            b"over" => Ok(Cancelled::AlreadyEnded),
            b"newer" => Ok(Cancelled::Newer),
            b"stale" => Ok(Cancelled::Stale),
            b"unknown" => Ok(Cancelled::Unknown),
            _ => Err(Error::Corrupt("an unknown answer to a cancel")),
        }
    }
}
