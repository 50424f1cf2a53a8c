//! Repairs: expired leases, jobs that a ledger says are over, leases without jobs.

use uuid::Uuid;

use crate::client::{Client, unbuilt};
use crate::error::Result;
use crate::name::QueueName;

/// What one pass of [`Client::reap`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reaped {
    /// Jobs that wait again after their lease expired.
    pub returned: u64,
    /// Jobs that have lost too many leases.
    pub quarantined: u64,
    /// Jobs whose lease expired after they had been asked to stop.
    pub cancelled: u64,
    /// Waiting jobs that were past their `expires_at`.
    pub expired: u64,
    /// Delayed jobs that became ready.
    pub promoted: u64,
    /// Tombstones whose time was over.
    pub released: u64,
    /// Whether the limit stopped the pass, so that another finds more.
    pub more: bool,
}

/// What one pass of [`Client::heal`] removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Healed {
    /// Leases and running states without a job.
    pub leases: u64,
    /// Unique keys without a live owner.
    pub locks: u64,
    /// Running states without a lease, which got one so that the reaper finds them.
    pub adopted: u64,
}

impl Client {
    /// Returns expired leases, promotes due jobs, ends expired ones, releases tombstones: at most `limit` (capped at 1,000) of each.
    ///
    /// # Errors
    /// As any command.
    pub async fn reap(&self, _queue: &QueueName, _limit: usize) -> Result<Reaped> {
        unbuilt()
    }

    /// Replaces an entry that is alive and below this generation by a tombstone that goes after
    /// [`crate::Config::tombstone_hold`]; `false` if there is none.
    ///
    /// # Errors
    /// As any command.
    pub async fn purge(
        &self,
        _queue: &QueueName,
        _id: Uuid,
        _below_generation: u32,
    ) -> Result<bool> {
        unbuilt()
    }

    /// Removes leases without jobs and locks without owners, at most `limit` (capped at 1,000) of each examined a pass.
    ///
    /// # Errors
    /// As any command.
    pub async fn heal(&self, _queue: &QueueName, _limit: usize) -> Result<Healed> {
        unbuilt()
    }
}
