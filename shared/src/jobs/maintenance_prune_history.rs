//! `maintenance.prune_history`: removes jobs that are past their retention, with all that was kept of them, and the old
//! ticks of schedules.

use super::contract::{Contract, Limits, MAINTENANCE, PayloadError, QueueProfile, USUAL};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Payload of `maintenance.prune_history`. Jobs go when they say; the ticks of schedules after a time of their own.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct MaintenancePruneHistory {
    /// How long the ticks of schedules are kept, in seconds: an hour to ten years.
    pub ticks_kept_s: u32,
}

impl MaintenancePruneHistory {
    /// What the built-in schedule uses.
    pub const USUAL_TICKS_KEPT: Duration = Duration::from_hours(30 * 24);
}

impl Contract for MaintenancePruneHistory {
    const KIND: &'static str = "maintenance.prune_history";
    const QUEUE: QueueProfile = MAINTENANCE;
    const LIMITS: Limits = Limits { timeout: Duration::from_mins(10), ..USUAL };
    const PLATFORM: bool = true;

    fn validate(&self) -> Result<(), PayloadError> {
        if (3_600..=10 * 365 * 86_400).contains(&self.ticks_kept_s) {
            return Ok(());
        }
        Err(PayloadError::at("/ticks_kept_s", "is not from an hour to ten years"))
    }
}
