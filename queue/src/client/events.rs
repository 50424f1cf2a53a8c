//! Reading events, and forgetting what the ledger has recorded.

use std::time::Duration;

use bytes::Bytes;
use redis::Value;

use crate::client::{CHUNK, Client};
use crate::error::Result;
use crate::event::{Event, EventBatch};
use crate::name::QueueName;
use crate::{reply, report, script};

/// The longest that a waiter lets Redis hold its connection at a time.
pub(crate) const LONGEST_BLOCK: Duration = Duration::from_secs(5);

impl Client {
    /// The oldest `count` (at most 1,000) events, with the epoch, read at one moment. They stay until forgotten.
    /// One that cannot be read is set aside: see [`Client::unreadable_events`].
    ///
    /// # Errors
    /// As any command.
    pub async fn read_events(&self, queue: &QueueName, count: usize) -> Result<EventBatch> {
        loop {
            let mut call = self.call(&script::EVENTS, queue);
            call.number(count.clamp(1, CHUNK) as u64);
            let mut parts = reply::Parts::of(self.run(&call).await?)?;
            let epoch = Some(parts.text()?).filter(|name| !name.is_empty());
            let mut events = Vec::with_capacity(parts.len());
            let mut unreadable = Vec::new();
            while let Some(packed) = parts.next_bytes()?.map(Bytes::from) {
                match report::unpack_event(packed.clone()) {
                    Some(event) => events.push(event),
                    None => unreadable.push(packed),
                }
            }
            if !unreadable.is_empty() {
                self.set_events_aside(queue, &unreadable).await?;
                if events.is_empty() {
                    continue;
                }
            }
            return Ok(EventBatch { epoch, events });
        }
    }

    /// One event that nobody can read must not hold up all others.
    async fn set_events_aside(&self, queue: &QueueName, unreadable: &[Bytes]) -> Result<()> {
        // an event may be large, and there are few of these
        for chunk in unreadable.chunks(16) {
            let mut call = self.call(&script::SET_ASIDE, queue);
            call.millis(self.stay()).number(chunk.len() as u64);
            for event in chunk {
                call.arg(event);
            }
            let events = reply::number(&self.run(&call).await?)?;
            tracing::error!(%queue, events, "events that cannot be read were set aside");
        }
        Ok(())
    }

    /// Events that could not be read, as they were, the oldest `count` (at most 1,000) of the up to 10,000 that are kept.
    /// Their jobs run again, as far as the bytes still name them.
    ///
    /// # Errors
    /// As any command.
    pub async fn unreadable_events(&self, queue: &QueueName, count: usize) -> Result<Vec<Bytes>> {
        let mut range = redis::cmd("LRANGE");
        range.arg(self.keys(queue).unreadable_events()).arg(0).arg(count.clamp(1, CHUNK) - 1);
        let mut parts = reply::Parts::of(self.link().command(&range).await?)?;
        let mut found = Vec::with_capacity(parts.len());
        while let Some(bytes) = parts.next_bytes()? {
            found.push(bytes.into());
        }
        Ok(found)
    }

    /// Drops the oldest `count` of the kept unreadable events.
    ///
    /// # Errors
    /// As any command.
    pub async fn drop_unreadable_events(&self, queue: &QueueName, count: usize) -> Result<()> {
        let mut trim = redis::cmd("LTRIM");
        trim.arg(self.keys(queue).unreadable_events()).arg(count).arg(-1);
        self.link().command(&trim).await.map(drop)
    }

    /// Waits, without polling, until there may be events to read; `false` if `block` (at most 5 s) passed first. One of
    /// several waiters is woken, so read in any case when it returns. Each queue that is waited for has a connection of
    /// its own, so wait for one queue from one task at a time.
    ///
    /// # Errors
    /// As any command.
    pub async fn wait_events(&self, queue: &QueueName, block: Duration) -> Result<bool> {
        let block = block.clamp(Duration::from_millis(1), LONGEST_BLOCK);
        let mut pop = redis::cmd("BLPOP");
        pop.arg(self.keys(queue).events_wake()).arg(block.as_secs_f64());
        Ok(self.waiter(queue).command(&pop).await? != Value::Nil)
    }

    /// After the ledger's commit: deletes exactly these events, and lets the tombstones that they made go after
    /// [`crate::Config::tombstone_hold`].
    ///
    /// # Errors
    /// As any command. Repeating it is harmless.
    pub async fn forget(&self, queue: &QueueName, events: &[Event]) -> Result<()> {
        for chunk in events.chunks(CHUNK) {
            let mut versions = Vec::with_capacity(8 * chunk.len());
            let mut ended = Vec::with_capacity(24 * chunk.len());
            for event in chunk {
                versions.extend_from_slice(&event.version.to_le_bytes());
                if event.kind.is_final() {
                    ended.extend_from_slice(event.job_id.as_bytes());
                    ended.extend_from_slice(&event.version.to_le_bytes());
                }
            }
            let mut call = self.call(&script::FORGET, queue);
            call.millis(self.config().tombstone_hold).arg(versions).arg(ended);
            self.run(&call).await?;
        }
        Ok(())
    }
}
