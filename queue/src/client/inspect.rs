//! Figures of a queue, each O(1) however many jobs it holds; pausing it.

use crate::client::{Client, unbuilt};
use crate::error::Result;
use crate::name::{Priority, QueueName, Timestamp};

/// The figures of a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Jobs that could start now, by priority level.
    pub ready: [u64; Priority::COUNT],
    /// Jobs that are due later.
    pub delayed: u64,
    /// Jobs that workers hold.
    pub running: u64,
    /// Jobs alive in all, parked ones included.
    pub alive: u64,
    /// Whether workers may not fetch.
    pub paused: bool,
    /// Events that no recorder has forgotten.
    pub events: u64,
    /// Bytes of the jobs alive.
    pub bytes: u64,
    /// Since when the oldest ready job is due.
    pub oldest_ready: Option<Timestamp>,
    /// Kinds that no worker who met them knew, with the number of jobs set aside; at most 100 kinds.
    pub unknown_kinds: Vec<(String, u64)>,
    /// Jobs whose packed bytes could not be read, kept for inspection.
    pub undecodable: u64,
}

/// What happened in one minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Minute {
    /// Start of the minute.
    pub start: Timestamp,
    /// Attempts that completed.
    pub completed: u64,
    /// Attempts that failed: retried, dead, crashed, quarantined.
    pub failed: u64,
}

impl Client {
    /// The figures of a queue.
    ///
    /// # Errors
    /// As any command.
    pub async fn counts(&self, _queue: &QueueName) -> Result<Counts> {
        unbuilt()
    }

    /// Throughput and failures of the last `minutes` (at most 60), oldest first, the running minute last.
    ///
    /// # Errors
    /// As any command.
    pub async fn minutes(&self, _queue: &QueueName, _minutes: usize) -> Result<Vec<Minute>> {
        unbuilt()
    }

    /// Stops workers from fetching. What runs, runs on. Returns whether this changed anything.
    ///
    /// # Errors
    /// As any command.
    pub async fn pause(&self, _queue: &QueueName) -> Result<bool> {
        unbuilt()
    }

    /// Lets workers fetch again. Returns whether this changed anything.
    ///
    /// # Errors
    /// As any command.
    pub async fn resume(&self, _queue: &QueueName) -> Result<bool> {
        unbuilt()
    }
}
