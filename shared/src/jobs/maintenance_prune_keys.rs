//! `maintenance.prune_keys`: removes idempotency keys and sessions that have expired.

use super::contract::{Contract, Limits, MAINTENANCE, QueueProfile, USUAL};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Payload of `maintenance.prune_keys`: nothing, since each key says how long it is kept.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct MaintenancePruneKeys {}

impl Contract for MaintenancePruneKeys {
    const KIND: &'static str = "maintenance.prune_keys";
    const QUEUE: QueueProfile = MAINTENANCE;
    const LIMITS: Limits = Limits { timeout: Duration::from_mins(10), ..USUAL };
    const PLATFORM: bool = true;
}
