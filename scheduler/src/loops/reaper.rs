//! Reaper: returns jobs whose lease expired, promotes those whose time has come.

use crate::{
    Resources,
    runner::{Loop, Pass, PassError},
};
use gotong_queue::QueueName;
use std::time::Duration;

const BATCH: usize = 500;

/// The reaper of one queue.
pub struct Reaper {
    resources: Resources,
    queue: QueueName,
}

impl Reaper {
    /// Of that queue.
    #[must_use]
    pub fn new(resources: Resources, queue: QueueName) -> Self {
        Self { resources, queue }
    }
}

impl Loop for Reaper {
    fn name(&self) -> &'static str {
        "reaper"
    }

    fn of(&self) -> Option<&QueueName> {
        Some(&self.queue)
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn pass(&mut self) -> Result<Pass, PassError> {
        let reaped = self.resources.client.reap(&self.queue, BATCH).await?;
        if reaped.returned + reaped.quarantined > 0 {
            let (returned, quarantined) = (reaped.returned, reaped.quarantined);
            tracing::warn!(queue = %self.queue, returned, quarantined, "leases expired");
        }
        let done = reaped.returned + reaped.quarantined + reaped.cancelled + reaped.expired + reaped.promoted;
        Ok(Pass { done: usize::try_from(done).unwrap_or(usize::MAX), more: reaped.more })
    }
}
