//! Recorder: commits what workers reported, and only then lets Redis forget it.

use crate::{
    Resources,
    runner::{Loop, Pass, PassError},
};
use gotong_queue::QueueName;
use gotong_shared::ledger::{self, Recorded};
use std::time::Duration;

const BATCH: usize = 1_000;
/// How long a pass waits for the first event.
const WAIT: Duration = Duration::from_secs(1);

/// The recorder of one queue.
pub struct Recorder {
    resources: Resources,
    queue: QueueName,
    // The last batch was full.
    is_behind: bool,
}

impl Recorder {
    /// Of that queue.
    #[must_use]
    pub fn new(resources: Resources, queue: QueueName) -> Self {
        Self { resources, queue, is_behind: false }
    }
}

impl Loop for Recorder {
    fn name(&self) -> &'static str {
        "recorder"
    }

    fn of(&self) -> Option<&QueueName> {
        Some(&self.queue)
    }

    /// The pass itself waits for events; this is the pause after a batch, in which the next one gathers.
    fn interval(&self) -> Duration {
        Duration::from_millis(20)
    }

    async fn pass(&mut self) -> Result<Pass, PassError> {
        let Resources { database, client } = &self.resources;
        // Whether or not it was this recorder that was woken: another may have been, and have died since. Behind a full
        // batch there is more, and nobody may come to wake it for that.
        if !std::mem::take(&mut self.is_behind) {
            client.wait_events(&self.queue, WAIT).await?;
        }
        let batch = client.read_events(&self.queue, BATCH).await?;
        if batch.events.is_empty() {
            return Ok(Pass::default());
        }
        let mut connection = database.connection().await?;
        match ledger::record(&mut connection, self.queue.as_ref(), batch.epoch.as_deref(), &batch.events).await? {
            Recorded::Committed(_) => {
                client.forget(&self.queue, &batch.events).await?;
                self.is_behind = batch.events.len() == BATCH;
                Ok(Pass { done: batch.events.len(), more: self.is_behind })
            }
            // The entries stay for whoever is at them, or until the doctor has settled the epoch.
            Recorded::Busy | Recorded::Fenced => {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok(Pass::default())
            }
        }
    }
}
