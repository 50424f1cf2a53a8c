//! Reading events, and forgetting what the ledger has recorded.

use std::time::Duration;

use crate::client::{Client, unbuilt};
use crate::error::Result;
use crate::event::{Event, EventBatch};
use crate::name::QueueName;

impl Client {
    /// The oldest `count` (at most 1,000) events, with the epoch, read at one moment. They stay until forgotten.
    ///
    /// # Errors
    /// As any command.
    pub async fn read_events(&self, _queue: &QueueName, _count: usize) -> Result<EventBatch> {
        unbuilt()
    }

    /// Waits, without polling, until there may be events to read; `false` if `block` passed first. One of several waiters
    /// is woken, so read in any case when it returns. Wait for one queue from one task at a time.
    ///
    /// # Errors
    /// As any command.
    pub async fn wait_events(&self, _queue: &QueueName, _block: Duration) -> Result<bool> {
        unbuilt()
    }

    /// After the ledger's commit: deletes exactly these events, and lets the tombstones that they made go after
    /// [`crate::Config::tombstone_hold`].
    ///
    /// # Errors
    /// As any command. Repeating it is harmless.
    pub async fn forget(&self, _queue: &QueueName, _events: &[Event]) -> Result<()> {
        unbuilt()
    }
}
