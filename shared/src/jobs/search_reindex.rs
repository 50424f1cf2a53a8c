//! `search.reindex`: builds the search index anew from the ledger, while the old one serves.

use super::contract::{Contract, Limits, PayloadError, QueueProfile, SEARCH_UPKEEP, USUAL};
use crate::search::PORTFOLIO;
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Payload of `search.reindex`. One runs at a time.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct SearchReindex {
    /// Which index: `portfolio_index`.
    pub index: String,
    /// Whether to go back to the index that was served before, brought up to date, instead of a new one.
    #[serde(default)]
    #[oai(default)]
    pub back: bool,
}

impl Contract for SearchReindex {
    const KIND: &'static str = "search.reindex";
    const QUEUE: QueueProfile = SEARCH_UPKEEP;
    const LIMITS: Limits = Limits { timeout: Duration::from_hours(12), max_attempts: 50, ..USUAL };
    const PLATFORM: bool = true;

    fn validate(&self) -> Result<(), PayloadError> {
        check_index(&self.index)
    }
}

/// There is one index.
pub(super) fn check_index(name: &str) -> Result<(), PayloadError> {
    if name == PORTFOLIO {
        return Ok(());
    }
    Err(PayloadError::at("/index", format!("there is no such index; there is {PORTFOLIO}")))
}
