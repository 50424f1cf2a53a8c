//! `maintenance.sweep_storage`: removes objects that no row names, and uploads that nobody finished.

use super::contract::{Contract, Limits, MAINTENANCE, PayloadError, QueueProfile, USUAL};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Payload of `maintenance.sweep_storage`: how old.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceSweepStorage {
    /// Only what is older, in seconds: an hour at least, since an object is there before its row, and ten years at most.
    pub grace_s: u32,
}

impl MaintenanceSweepStorage {
    /// What the built-in schedule uses.
    pub const USUAL_GRACE: Duration = Duration::from_hours(24);
}

impl Contract for MaintenanceSweepStorage {
    const KIND: &'static str = "maintenance.sweep_storage";
    const QUEUE: QueueProfile = MAINTENANCE;
    const LIMITS: Limits = Limits { timeout: Duration::from_hours(1), ..USUAL };
    const PLATFORM: bool = true;

    fn validate(&self) -> Result<(), PayloadError> {
        if (3_600..=10 * 365 * 86_400).contains(&self.grace_s) {
            return Ok(());
        }
        Err(PayloadError::at("/grace_s", "is not from an hour to ten years"))
    }
}
