//! Keys: frees unique keys of the ledger whose job is over or gone, at a bounded rate.

use crate::{
    Resources,
    doctor::{self, Mode, Report},
    runner::{Loop, Pass, PassError},
};
use std::time::Duration;
use uuid::Uuid;

/// Goes round: a pass continues where the last one stopped.
pub struct Keys {
    resources: Resources,
    after: Uuid,
}

impl Keys {
    /// Of the whole ledger.
    #[must_use]
    pub fn new(resources: Resources) -> Self {
        Self { resources, after: Uuid::nil() }
    }
}

impl Loop for Keys {
    fn name(&self) -> &'static str {
        "keys"
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(10)
    }

    async fn pass(&mut self) -> Result<Pass, PassError> {
        let mut report = Report::default();
        let next = doctor::look_at_keys(&self.resources, Mode::Repair, self.after, &mut report).await?;
        self.after = next.unwrap_or_else(Uuid::nil);
        doctor::keep_repairs(&self.resources, &report).await?;
        Ok(Pass { done: report.mended(), more: false })
    }
}
