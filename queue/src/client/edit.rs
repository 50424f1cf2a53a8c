//! Holding a waiting job back while the ledger edits it.

use uuid::Uuid;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::job::NewJob;
use crate::name::QueueName;
use crate::{record, reply, script};

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
    pub async fn park(&self, queue: &QueueName, job: &NewJob, parking: Uuid) -> Result<Parked> {
        job.validate(self.config())?;
        let mut call = self.call(&script::PARK, queue);
        call.arg(parking.as_bytes()).arg(job.id.as_bytes()).number(job.generation);
        call.arg(record::pack_head(job)).number(job.run_at.map_or(0, |t| t.0));
        let mut parts = reply::Parts::of(self.run(&call).await?)?;
        match parts.bytes()?.as_slice() {
            b"parked" => Ok(Parked::Parked {
                epoch: parts.text()?,
                version: parts.number()?,
                attempt: small(parts.number()?)?,
                crashes: small(parts.number()?)?,
            }),
            b"running" => Ok(Parked::Running),
            b"ended" => Ok(Parked::Ended),
            b"newer" => Ok(Parked::Newer),
            b"missing" => Ok(Parked::EpochMissing),
            _ => Err(Error::Corrupt("an unknown answer to a park")),
        }
    }

    /// Gives a job back to the workers if it is still held by this parking; `false` if not.
    ///
    /// # Errors
    /// As any command.
    pub async fn unpark(&self, queue: &QueueName, id: Uuid, parking: Uuid) -> Result<bool> {
        let mut call = self.call(&script::UNPARK, queue);
        call.arg(parking.as_bytes()).arg(id.as_bytes());
        Ok(reply::number(&self.run(&call).await?)? == 1)
    }
}

fn small(number: u64) -> Result<u32> {
    u32::try_from(number).map_err(|_| Error::Corrupt("a count that is too large"))
}
