//! `maintenance.purge_media`: removes the objects and rows of media that were deleted longer ago than the grace time.

use super::contract::{Contract, Limits, MAINTENANCE, PayloadError, QueueProfile, USUAL};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Payload of `maintenance.purge_media`: how much.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct MaintenancePurgeMedia {
    /// How long a deleted file can be restored, in seconds; at most ten years.
    pub grace_s: u32,
}

impl MaintenancePurgeMedia {
    /// What the built-in schedule uses.
    pub const USUAL_GRACE: Duration = Duration::from_hours(7 * 24);
}

impl Contract for MaintenancePurgeMedia {
    const KIND: &'static str = "maintenance.purge_media";
    const QUEUE: QueueProfile = MAINTENANCE;
    const LIMITS: Limits = Limits { timeout: Duration::from_mins(10), ..USUAL };
    const PLATFORM: bool = true;

    fn validate(&self) -> Result<(), PayloadError> {
        if u64::from(self.grace_s) <= 10 * 365 * 86_400 {
            return Ok(());
        }
        Err(PayloadError::at("/grace_s", "is longer than ten years"))
    }
}
