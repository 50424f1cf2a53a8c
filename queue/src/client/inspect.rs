//! Figures of a queue, each O(1) however many jobs it holds; pausing it.

use bytes::Bytes;
use uuid::Uuid;

use crate::client::{CHUNK, Client};
use crate::error::Result;
use crate::name::{Priority, QueueName, Timestamp};
use crate::{reply, script};

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
    /// Events that could not be read, kept for inspection.
    pub unreadable_events: u64,
    /// How many events and fields of the jobs hash have ever been set aside because they could not be read.
    pub set_aside: u64,
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
    pub async fn counts(&self, queue: &QueueName) -> Result<Counts> {
        let answer = self.run(&self.call(&script::COUNTS, queue)).await?;
        let mut parts = reply::Parts::of(answer)?;
        let mut counts = Counts {
            paused: parts.number()? == 1,
            alive: parts.number()?,
            bytes: parts.number()?,
            delayed: parts.number()?,
            running: parts.number()?,
            events: parts.number()?,
            undecodable: parts.number()?,
            unreadable_events: parts.number()?,
            set_aside: parts.number()?,
            oldest_ready: Some(Timestamp(parts.number()?)).filter(|t| t.0 != 0),
            ..Counts::default()
        };
        for ready in &mut counts.ready {
            *ready = parts.number()?;
        }
        while !parts.is_empty() {
            counts.unknown_kinds.push((parts.text()?, parts.number()?));
        }
        counts.unknown_kinds.sort();
        Ok(counts)
    }

    /// Throughput and failures of the last `minutes` (at most 60), oldest first, the running minute last.
    ///
    /// # Errors
    /// As any command.
    pub async fn minutes(&self, queue: &QueueName, minutes: usize) -> Result<Vec<Minute>> {
        let keys = self.keys(queue);
        let now = self.time().await?.timestamp().0 / 60_000;
        let first = now - minutes.clamp(1, 60) as u64 + 1;
        let mut read = redis::pipe();
        for minute in first..=now {
            read.cmd("HMGET").arg(keys.minute(minute)).arg("c").arg("f");
        }
        let figures: Vec<(Option<u64>, Option<u64>)> = self.link().pipeline(&read).await?;
        let minute = |(minute, (completed, failed)): (u64, (Option<u64>, Option<u64>))| Minute {
            start: Timestamp(minute * 60_000),
            completed: completed.unwrap_or(0),
            failed: failed.unwrap_or(0),
        };
        Ok((first..).zip(figures).map(minute).collect())
    }

    /// Stops workers from fetching. What runs, runs on. Returns whether this changed anything.
    ///
    /// # Errors
    /// As any command.
    pub async fn pause(&self, queue: &QueueName) -> Result<bool> {
        self.gate(queue, "pause").await
    }

    /// Lets workers fetch again. Returns whether this changed anything.
    ///
    /// # Errors
    /// As any command.
    pub async fn resume(&self, queue: &QueueName) -> Result<bool> {
        self.gate(queue, "resume").await
    }

    /// Wakes an idle worker if there is work.
    pub(crate) async fn poke(&self, queue: &QueueName) -> Result<bool> {
        self.gate(queue, "poke").await
    }

    async fn gate(&self, queue: &QueueName, operation: &str) -> Result<bool> {
        let mut call = self.call(&script::GATE, queue);
        call.arg(operation);
        Ok(reply::number(&self.run(&call).await?)? == 1)
    }

    /// The jobs that run, at most `count` (capped at 1,000), those whose lease ends first before the others.
    ///
    /// # Errors
    /// As any command.
    pub async fn running(&self, queue: &QueueName, count: usize) -> Result<Vec<Uuid>> {
        let mut range = redis::cmd("ZRANGE");
        range.arg(self.keys(queue).leases()).arg(0).arg(count.clamp(1, CHUNK) - 1);
        let mut parts = reply::Parts::of(self.link().command(&range).await?)?;
        let mut ids = Vec::new();
        while let Some(id) = parts.next_bytes()? {
            // the one member that is no id keeps the set from being a list (see fetch.lua)
            ids.extend(Uuid::from_slice(&id).ok());
        }
        Ok(ids)
    }

    /// The jobs whose bytes could not be read, at most `count` (capped at 1,000) of the up to 10,000 that are kept: the id,
    /// or whatever stood in its place, and the bytes.
    ///
    /// # Errors
    /// As any command.
    pub async fn undecodable(&self, queue: &QueueName, count: usize) -> Result<Vec<(Bytes, Bytes)>> {
        let mut scan = redis::cmd("HSCAN");
        scan.arg(self.keys(queue).undecodable()).arg(0).arg("COUNT").arg(count.clamp(1, CHUNK));
        let mut parts = reply::Parts::of(self.link().command(&scan).await?)?;
        parts.number()?;
        let mut fields = reply::Parts::of(parts.value()?)?;
        let mut found = Vec::new();
        while let Some(field) = fields.next_bytes()? {
            found.push((field.into(), fields.bytes()?.into()));
        }
        Ok(found)
    }

    /// Drops the kept bytes of undecodable jobs, named as [`Client::undecodable`] does; returns how many there were.
    ///
    /// # Errors
    /// As any command.
    pub async fn drop_undecodable(&self, queue: &QueueName, ids: &[Bytes]) -> Result<u64> {
        let mut dropped = 0;
        for chunk in ids.chunks(CHUNK) {
            let mut delete = redis::cmd("HDEL");
            delete.arg(self.keys(queue).undecodable());
            for id in chunk {
                delete.arg(&id[..]);
            }
            dropped += reply::number(&self.link().command(&delete).await?)?;
        }
        Ok(dropped)
    }
}
