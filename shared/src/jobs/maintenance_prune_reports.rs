//! `maintenance.prune_reports`: removes reports that have expired, with their files.

use super::contract::{Contract, Limits, MAINTENANCE, QueueProfile, USUAL};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Payload of `maintenance.prune_reports`: nothing, since each report says how long it is kept.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct MaintenancePruneReports {}

impl Contract for MaintenancePruneReports {
    const KIND: &'static str = "maintenance.prune_reports";
    const QUEUE: QueueProfile = MAINTENANCE;
    const LIMITS: Limits = Limits { timeout: Duration::from_mins(10), ..USUAL };
    const PLATFORM: bool = true;
}
