//! The workers that have shown themselves lately.

use uuid::Uuid;

use crate::client::{Client, unbuilt};
use crate::error::Result;
use crate::name::{QueueName, Timestamp};

/// A worker process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerView {
    /// Random, of this run of the process.
    pub id: Uuid,
    /// The machine's name.
    pub host: String,
    /// The process id there.
    pub pid: u32,
    /// The program's version.
    pub version: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When it last showed itself, by Redis's clock.
    pub seen_at: Timestamp,
    /// Resident memory in bytes; 0 if unknown.
    pub memory: u64,
    /// Whether it has been asked to take no more jobs.
    pub draining: bool,
    /// What it serves.
    pub queues: Vec<WorkerQueue>,
}

/// One queue that a worker serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerQueue {
    /// Which.
    pub queue: QueueName,
    /// Jobs that it holds.
    pub running: u32,
    /// How many it may hold.
    pub concurrency: u32,
    /// The kinds that it knows; empty for all.
    pub kinds: Vec<String>,
}

impl Client {
    /// The workers seen in the last 30 seconds, at most 1,000, ordered by id.
    ///
    /// # Errors
    /// As any command.
    pub async fn workers(&self) -> Result<Vec<WorkerView>> {
        unbuilt()
    }

    /// Asks a worker to take no more jobs (or, with `false`, to take jobs again). Returns whether there is such a worker.
    ///
    /// # Errors
    /// As any command.
    pub async fn drain(&self, _worker: Uuid, _on: bool) -> Result<bool> {
        unbuilt()
    }
}
