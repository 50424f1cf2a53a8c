//! Doctor: goes round and compares ledger and Redis of one queue, at a bounded rate.

use crate::{
    Resources,
    doctor::{self, Mode, Report},
    runner::{Loop, Pass, PassError},
};
use gotong_queue::{HealWalk, QueueName};
use std::time::Duration;
use uuid::Uuid;

/// Batches of rows a pass: what bounds it.
const BATCHES: usize = 20;

/// The doctor of one queue. It goes round: a pass continues where the last one stopped.
pub struct Doctor {
    inner: doctor::Doctor,
    row: Uuid,
    cursor: u64,
    walk: HealWalk,
}

impl Doctor {
    /// Of that queue.
    #[must_use]
    pub fn new(resources: Resources, queue: QueueName) -> Self {
        let inner = doctor::Doctor::new(resources, queue, Mode::Repair);
        Self { inner, row: Uuid::nil(), cursor: 0, walk: HealWalk::default() }
    }

    async fn go_round(&mut self, report: &mut Report) -> Result<(), PassError> {
        self.inner.settle_epoch(report).await?;
        if *report != Report::default() {
            // After a loss the rows are looked at from the first one.
            self.row = Uuid::nil();
        }
        for _ in 0..BATCHES {
            let next = self.inner.compare_rows(self.row, report).await?;
            self.row = next.unwrap_or_else(Uuid::nil);
            if next.is_none() {
                break;
            }
        }
        self.cursor = self.inner.compare_entries(self.cursor, report).await?;
        if self.walk.is_over() {
            self.walk = HealWalk::default();
        }
        self.inner.heal(&mut self.walk, report).await
    }
}

impl Loop for Doctor {
    fn name(&self) -> &'static str {
        "doctor"
    }

    fn of(&self) -> Option<&QueueName> {
        Some(self.inner.queue())
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn pass(&mut self) -> Result<Pass, PassError> {
        let mut report = Report::default();
        let end = self.go_round(&mut report).await;
        doctor::keep_repairs(&self.inner.resources, &report).await?;
        end.map(|()| Pass { done: report.mended(), more: false })
    }
}
