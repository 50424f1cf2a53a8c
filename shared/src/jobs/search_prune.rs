//! `search.prune`: removes the search indices that the alias left a day ago.

use super::contract::{Contract, Limits, QueueProfile, SEARCH_UPKEEP, USUAL};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};

/// Payload of `search.prune`: nothing.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct SearchPrune {}

impl Contract for SearchPrune {
    const KIND: &'static str = "search.prune";
    const QUEUE: QueueProfile = SEARCH_UPKEEP;
    const LIMITS: Limits = USUAL;
    const PLATFORM: bool = true;
}
