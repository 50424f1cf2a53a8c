//! The worker.

use super::Reader;
use gotong_queue::QueueName;
use std::{str::FromStr, time::Duration};

/// What a worker process takes on.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// `GOTONG_WORKER_QUEUES`: queues and how many jobs of each run at once, such as `images:2,mail:20`; 1–1,000
    /// each. Default: every queue with the number its profile suggests.
    pub queues: Vec<QueueSlots>,
    /// `GOTONG_WORKER_DRAIN_SECONDS`: how long running jobs may take when the worker stops, 0–3,600, default 30.
    pub drain: Duration,
    /// `GOTONG_WEBHOOK_PRIVATE`: whether webhooks may go to addresses of private networks: true or false, default
    /// false.
    pub private_webhooks: bool,
}

/// A queue and its concurrency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueSlots {
    /// The queue.
    pub queue: QueueName,
    /// Jobs at once.
    pub slots: usize,
}

impl FromStr for QueueSlots {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, slots) =
            text.trim().split_once(':').ok_or_else(|| format!("{text:?} is not of the form queue:number"))?;
        let queue = name.parse().map_err(|_| format!("{name:?} is not a queue's name"))?;
        let slots = slots.parse().ok().filter(|slots| (1..=1_000).contains(slots));
        let slots = slots.ok_or_else(|| format!("the number of {name} is not from 1 to 1000"))?;
        Ok(Self { queue, slots })
    }
}

impl WorkerConfig {
    /// Reads its variables.
    pub fn read(reader: &mut Reader) -> Self {
        let mut queues = Vec::new();
        let listed = reader.get("GOTONG_WORKER_QUEUES").map(str::to_owned);
        for part in listed.as_deref().unwrap_or_default().split(',').filter(|part| !part.trim().is_empty()) {
            match part.parse::<QueueSlots>() {
                Ok(slots) if crate::jobs::is_queue(slots.queue.as_ref()) => queues.push(slots),
                Ok(slots) => {
                    let known = crate::jobs::queues().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
                    reader.mistake(
                        "GOTONG_WORKER_QUEUES",
                        format!("no kind runs on queue {}; there are {known}", slots.queue),
                    );
                }
                Err(why) => reader.mistake("GOTONG_WORKER_QUEUES", why),
            }
        }
        if listed.is_none() {
            queues = crate::jobs::queues()
                .map(|(name, slots)| QueueSlots {
                    queue: name.parse().expect("the registry names valid queues"),
                    slots,
                })
                .collect();
        }
        Self {
            queues,
            drain: reader.seconds("GOTONG_WORKER_DRAIN_SECONDS", 0..=3_600, 30),
            private_webhooks: reader.optional("GOTONG_WEBHOOK_PRIVATE", "true or false", false),
        }
    }
}
