//! `search.audit`: compares the search index with the ledger and mends what differs.

use super::{
    contract::{Contract, Limits, PayloadError, QueueProfile, SEARCH_UPKEEP, USUAL},
    search_reindex::check_index,
};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Payload of `search.audit`.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct SearchAudit {
    /// Which index: `portfolio_index`.
    pub index: String,
    /// Documents that changed within so many last seconds are left to their own jobs: 0 to 86,400.
    #[oai(validator(minimum(value = "0"), maximum(value = "86400")))]
    pub settle_s: u32,
}

impl SearchAudit {
    /// What the built-in schedule uses.
    pub const USUAL_SETTLE: Duration = Duration::from_mins(2);
}

impl Contract for SearchAudit {
    const KIND: &'static str = "search.audit";
    const QUEUE: QueueProfile = SEARCH_UPKEEP;
    const LIMITS: Limits = Limits { timeout: Duration::from_hours(2), ..USUAL };
    const PLATFORM: bool = true;

    fn validate(&self) -> Result<(), PayloadError> {
        if self.settle_s > 86_400 {
            return Err(PayloadError::at("/settle_s", "is not from 0 to 86400"));
        }
        check_index(&self.index)
    }
}
