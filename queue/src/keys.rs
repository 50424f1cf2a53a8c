//! Every key in Redis, in one place.
//!
//! All keys of a queue share the hash tag `{queue}`, so that they lie in one slot of a cluster. The registry of workers has
//! a tag of its own. A script is always given the queue's keys in the order of [`Keys`].

use uuid::Uuid;

use crate::name::{Priority, QueueName};

/// The keys of one queue, in the order in which every script expects them as `KEYS`.
#[derive(Debug)]
pub(crate) struct Keys {
    all: Vec<String>,
    /// A worker's control list is this, a colon and the worker's id in hexadecimal.
    control: String,
}

const NAMES: [&str; 21] = [
    "meta", // 1  hash: e epoch, o open for run, p paused, v clock, n alive, b bytes, s0-s4 stale elements, u set aside, h1-h5 walks
    "jobs", // 2  hash: id -> waiting record, parked record or tombstone
    "running", // 3  hash: id -> state of the run
    "leases", // 4  zset: id by the ms at which the lease ends
    "wake", // 5  list: at most one token, popped by an idle worker
    "delayed", // 6  zset: priority, id and tag by the ms at which the job is due
    "ready:0", // 7  lists: id and tag, by priority
    "ready:1", // 8
    "ready:2", // 9
    "ready:3", // 10
    "ready:4", // 11
    "events", // 12 list: packed events, oldest first
    "events:wake", // 13 list: at most one token, popped by a waiting recorder
    "hold", // 14 list: tombstones to release, each element a time with ids and versions
    "expiry", // 15 zset: id by the ms after which it must not start
    "unique", // 16 hash: unique key -> id of its owner
    "progress", // 17 hash: id -> last progress and log lines of the run
    "unknown", // 18 set of kinds that were set aside; the list of each is this key, a colon and the kind
    "undecodable", // 19 hash: id -> bytes that could not be read
    "minute", // 20 hash per minute: this key, a colon and the minute's number
    "control", // 21 list per worker: this key, a colon and the worker's id
];

const META: usize = 0;
const JOBS: usize = 1;
const RUNNING: usize = 2;
const LEASES: usize = 3;
const WAKE: usize = 4;
const READY: usize = 6;
const EVENTS: usize = 11;
const EVENTS_WAKE: usize = 12;
const UNDECODABLE: usize = 18;
const MINUTE: usize = 19;

impl Keys {
    pub(crate) fn new(prefix: &str, queue: &QueueName) -> Self {
        let all: Vec<String> = NAMES.iter().map(|name| format!("{prefix}:{{{queue}}}:{name}")).collect();
        let control = all[NAMES.len() - 1].clone();
        Self { all, control }
    }

    pub(crate) fn all(&self) -> &[String] {
        &self.all
    }

    /// What the push of one job needs, in the order of its script.
    pub(crate) fn for_one(&self, priority: Priority) -> [&str; 5] {
        [META, JOBS, RUNNING, WAKE, READY + usize::from(priority.level())].map(|at| self.all[at].as_str())
    }

    pub(crate) fn meta(&self) -> &str {
        &self.all[META]
    }

    pub(crate) fn jobs(&self) -> &str {
        &self.all[JOBS]
    }

    pub(crate) fn leases(&self) -> &str {
        &self.all[LEASES]
    }

    pub(crate) fn wake(&self) -> &str {
        &self.all[WAKE]
    }

    pub(crate) fn events_wake(&self) -> &str {
        &self.all[EVENTS_WAKE]
    }

    /// A list: events that could not be read, as they were; the oldest 10,000.
    pub(crate) fn unreadable_events(&self) -> String {
        format!("{}:unreadable", self.all[EVENTS])
    }

    pub(crate) fn undecodable(&self) -> &str {
        &self.all[UNDECODABLE]
    }

    pub(crate) fn minute(&self, number: u64) -> String {
        format!("{}:{number}", self.all[MINUTE])
    }

    /// A token in this list ends the worker's wait for jobs.
    pub(crate) fn nudge(&self, worker: Uuid) -> String {
        format!("{}:{}:fetch", self.control, worker.simple())
    }

    /// A token in this list makes the worker look at once for requests to cancel.
    pub(crate) fn control(&self, worker: Uuid) -> String {
        format!("{}:{}", self.control, worker.simple())
    }
}

/// The key of the worker registry: a zset of worker ids by the ms at which each was last seen.
pub(crate) fn workers(prefix: &str) -> String {
    format!("{prefix}:{{workers}}:seen")
}

/// The key of what one worker says of itself.
pub(crate) fn worker(prefix: &str, worker: Uuid) -> String {
    format!("{prefix}:{{workers}}:{}", worker.simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_of_a_queue_share_its_hash_tag() {
        let keys = Keys::new("gq", &"images".parse().unwrap());
        assert!(keys.all().iter().all(|k| k.starts_with("gq:{images}:")));
        assert_eq!(keys.meta(), "gq:{images}:meta");
        assert_eq!(keys.wake(), "gq:{images}:wake");
        assert_eq!(keys.events_wake(), "gq:{images}:events:wake");
        assert_eq!(keys.unreadable_events(), "gq:{images}:events:unreadable");
        assert_eq!(keys.undecodable(), "gq:{images}:undecodable");
        assert_eq!(keys.minute(7), "gq:{images}:minute:7");
        assert_eq!(keys.control(Uuid::nil()), format!("gq:{{images}}:control:{}", "0".repeat(32)));
    }
}
