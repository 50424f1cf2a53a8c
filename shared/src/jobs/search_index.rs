//! `search.index`: brings a document, as it is when the job runs, to the search index.

use super::contract::{Contract, Limits, PayloadError, QueueProfile, SEARCH, USUAL};
use crate::documents::{DocumentType, is_id};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Payload of `search.index`: a document of the job's workspace. What it says is read when the job runs.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct SearchIndex {
    /// Its type.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    pub kind: DocumentType,
    /// Its id.
    #[oai(validator(min_length = 1, max_length = 128))]
    pub id: String,
}

impl Contract for SearchIndex {
    const KIND: &'static str = "search.index";
    const QUEUE: QueueProfile = SEARCH;
    // Some twenty hours of an index that is down; what is left to do then, the nightly audit finds.
    const LIMITS: Limits = Limits {
        max_attempts: 500,
        backoff_base: Duration::from_millis(500),
        backoff_cap: Duration::from_mins(5),
        retention: Duration::from_hours(24),
        ..USUAL
    };
    const SEARCHABLE: &'static [&'static str] = &["id"];

    fn validate(&self) -> Result<(), PayloadError> {
        if is_id(&self.id) {
            return Ok(());
        }
        Err(PayloadError::at("/id", "has 1 to 128 letters, digits, '.', '_', '~' and '-'"))
    }
}
