//! `maintenance.drop_partitions`: drops the days of the ledger in which every job is final and past its retention.

use super::contract::{Contract, Limits, MAINTENANCE, QueueProfile, USUAL};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Payload of `maintenance.drop_partitions`: nothing, since each job says how long it is kept.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceDropPartitions {}

impl Contract for MaintenanceDropPartitions {
    const KIND: &'static str = "maintenance.drop_partitions";
    const QUEUE: QueueProfile = MAINTENANCE;
    const LIMITS: Limits = Limits { timeout: Duration::from_mins(10), ..USUAL };
    const PLATFORM: bool = true;
}
