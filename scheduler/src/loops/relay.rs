//! Relay: brings to Redis what the ledger has accepted and Redis is not known to have, and delivers cancels.

use crate::{
    Resources,
    runner::{Loop, Pass, PassError},
};
use chrono::TimeDelta;
use gotong_queue::{Micros, PushTerms, Pushed, QueueName};
use gotong_shared::{enqueue::PUSH_DEADLINE, ledger};
use std::time::Duration;

const BATCH: usize = 1_000;
/// Whoever accepted a job pushes it right after the commit; a younger row is left to them.
const AGE: TimeDelta = TimeDelta::seconds(3);

/// The relay of one queue.
pub struct Relay {
    resources: Resources,
    queue: QueueName,
    age: TimeDelta,
}

impl Relay {
    /// Of that queue.
    #[must_use]
    pub fn new(resources: Resources, queue: QueueName) -> Self {
        Self { resources, queue, age: AGE }
    }

    /// One that also takes the youngest rows: for tests that wait for nobody.
    #[must_use]
    pub fn eager(resources: Resources, queue: QueueName) -> Self {
        Self { resources, queue, age: TimeDelta::zero() }
    }

    /// Under what a push of rows that are read from now on is valid: the deadline counts from before the read, and the
    /// epoch is older than the rows. `None` before the doctor has named one.
    async fn terms(&self) -> Result<Option<PushTerms>, PassError> {
        let Resources { database, client } = &self.resources;
        let clock: Micros = client.time().await?;
        let mut connection = database.connection().await?;
        let mut epochs = ledger::epochs(&mut connection, &[self.queue.as_ref()]).await?;
        let epoch = epochs.remove(self.queue.as_ref());
        Ok(epoch.map(|(epoch, _)| PushTerms { epoch, deadline: clock.after(PUSH_DEADLINE) }))
    }

    async fn push(&self) -> Result<usize, PassError> {
        let Resources { database, client } = &self.resources;
        let Some(terms) = self.terms().await? else { return Ok(0) };
        let queue = self.queue.as_ref();
        let rows = {
            let mut connection = database.connection().await?;
            ledger::due_unpushed(&mut connection, queue, self.age, i64::try_from(BATCH).unwrap_or(i64::MAX)).await?
        };
        if rows.is_empty() {
            return Ok(0);
        }
        let jobs: Vec<_> = rows.iter().map(ledger::to_push).collect();
        let answers = client.push(&self.queue, &jobs, Some(&terms)).await?;
        let known = jobs.iter().zip(&answers).filter(|(_, a)| matches!(a, Pushed::Accepted | Pushed::Known));
        let known: Vec<_> = known.map(|(job, _)| (job.id, job.generation)).collect();
        if known.len() < jobs.len() {
            let left = jobs.len() - known.len();
            tracing::warn!(%queue, left, "pushes refused; to be tried again");
        }
        let mut connection = database.connection().await?;
        ledger::mark_pushed(&mut connection, &known).await?;
        Ok(known.len())
    }

    async fn deliver_cancels(&self) -> Result<usize, PassError> {
        let Resources { database, client } = &self.resources;
        let Some(terms) = self.terms().await? else { return Ok(0) };
        let cancels = {
            let mut connection = database.connection().await?;
            ledger::undelivered_cancels(&mut connection, self.queue.as_ref(), 100).await?
        };
        for cancel in &cancels {
            let generation = u32::try_from(cancel.generation).unwrap_or_default();
            let version = u64::try_from(cancel.version).unwrap_or_default();
            client.cancel(&self.queue, cancel.id, generation, version, Some(&terms)).await?;
        }
        Ok(cancels.len())
    }
}

impl Loop for Relay {
    fn name(&self) -> &'static str {
        "relay"
    }

    fn of(&self) -> Option<&QueueName> {
        Some(&self.queue)
    }

    fn interval(&self) -> Duration {
        Duration::from_millis(500)
    }

    async fn pass(&mut self) -> Result<Pass, PassError> {
        let cancelled = self.deliver_cancels().await?;
        let pushed = self.push().await?;
        Ok(Pass { done: cancelled + pushed, more: pushed == BATCH })
    }
}
