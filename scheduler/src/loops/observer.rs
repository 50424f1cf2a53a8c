//! Observer: what waits, what runs and what is to be recorded, as metrics; and sees to it that Redis knows which queues
//! an operator has paused.

use crate::{
    Resources,
    runner::{Loop, Pass, PassError},
};
use gotong_queue::QueueName;
use gotong_shared::queue_settings;
use prometheus::IntGaugeVec;
use std::{sync::LazyLock, time::Duration};

static JOBS: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    let help = "Jobs that Redis holds, by queue and state; `events` are ends that wait to be recorded, \
                `undecodable` and `unreadable_events` what was set aside because it could not be read.";
    prometheus::register_int_gauge_vec!("gotong_queue_jobs", help, &["queue", "state"])
        .expect("the metric's name is unique and valid")
});
static OLDEST: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    let help = "Since when the oldest ready job of a queue is due, in seconds since 1970; 0 when none is.";
    prometheus::register_int_gauge_vec!("gotong_queue_oldest_ready_seconds", help, &["queue"])
        .expect("the metric's name is unique and valid")
});

/// The observer of one queue.
pub struct Observer {
    resources: Resources,
    queue: QueueName,
}

impl Observer {
    /// Of that queue.
    #[must_use]
    pub fn new(resources: Resources, queue: QueueName) -> Self {
        Self { resources, queue }
    }

    /// The ledger is read after Redis: what an operator decides in between is already committed when it reaches Redis.
    async fn apply_pause(&self, paused: bool) -> Result<(), PassError> {
        let Resources { database, client } = &self.resources;
        let mut connection = database.connection().await?;
        let wanted = queue_settings::of(&mut connection, self.queue.as_ref()).await?.is_paused();
        drop(connection);
        if wanted != paused {
            tracing::warn!(queue = %self.queue, paused = wanted, "Redis did not know what was decided about the queue");
            if wanted {
                client.pause(&self.queue).await?
            } else {
                client.resume(&self.queue).await?
            };
        }
        Ok(())
    }
}

impl Loop for Observer {
    fn name(&self) -> &'static str {
        "observer"
    }

    fn of(&self) -> Option<&QueueName> {
        Some(&self.queue)
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn pass(&mut self) -> Result<Pass, PassError> {
        let counts = self.resources.client.counts(&self.queue).await?;
        let queue = self.queue.as_ref();
        let set = |state: &str, number: u64| {
            JOBS.with_label_values(&[queue, state]).set(i64::try_from(number).unwrap_or(i64::MAX));
        };
        set("ready", counts.ready.iter().sum());
        set("delayed", counts.delayed);
        set("running", counts.running);
        set("events", counts.events);
        set("undecodable", counts.undecodable);
        set("unreadable_events", counts.unreadable_events);
        let oldest = counts.oldest_ready.map_or(0, |since| since.0 / 1_000);
        OLDEST.with_label_values(&[queue]).set(i64::try_from(oldest).unwrap_or(i64::MAX));
        self.apply_pause(counts.paused).await?;
        Ok(Pass { done: 1, more: false })
    }
}
