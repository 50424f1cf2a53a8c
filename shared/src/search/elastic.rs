//! Elasticsearch, as far as the platform uses it.
//!
//! Writes name an index by an alias of its own (`…-write`) and require that alias, so that a write to an index that is
//! gone makes none with a mapping by guess. Searches name the one alias, whose filter leaves out tombstones.

mod bulk;
mod find;
mod manage;
mod scan;
mod schema;

pub use bulk::{Settled, VersionType};
pub use scan::BucketSum;
pub use schema::source;

use super::{PORTFOLIO, SearchError};
use crate::config::SearchConfig;
use elasticsearch::{
    Elasticsearch,
    http::{
        response::Response,
        transport::{SingleNodeConnectionPool, TransportBuilder},
    },
};
use serde_json::Value;
use std::time::Duration;

/// No call takes longer, a search excepted, which has a time of its own.
const LONGEST_CALL: Duration = Duration::from_secs(30);
/// How much longer than its own time a search is waited for.
const SEARCH_MARGIN: Duration = Duration::from_millis(1_500);

/// A client. Cheap to clone.
#[derive(Clone)]
pub struct Elastic {
    client: Elasticsearch,
    prefix: String,
    shards: u16,
    timeout: Duration,
}

impl Elastic {
    pub(super) fn new(config: &SearchConfig) -> Result<Option<Self>, SearchError> {
        let Some(url) = config.url.clone() else { return Ok(None) };
        let pool = SingleNodeConnectionPool::new(url);
        let transport = TransportBuilder::new(pool).timeout(LONGEST_CALL).build();
        let client = transport.map(Elasticsearch::new).map_err(|error| SearchError::Client(error.to_string()))?;
        let (prefix, shards, timeout) = (config.prefix.clone(), config.shards, config.timeout);
        Ok(Some(Self { client, prefix, shards, timeout }))
    }

    /// The alias that is searched.
    #[must_use]
    pub fn alias(&self) -> String {
        format!("{}{PORTFOLIO}", self.prefix)
    }

    /// Asks for the state of the cluster.
    ///
    /// # Errors
    /// [`SearchError::Unavailable`] when it gives none.
    pub async fn ping(&self) -> Result<(), SearchError> {
        let answer = self.client.ping().send().await.map_err(unavailable)?;
        if answer.status_code().is_success() {
            return Ok(());
        }
        Err(SearchError::Unavailable(answer.status_code().to_string()))
    }
}

/// The alias by which an index is written to.
fn write_alias(index: &str) -> String {
    format!("{index}-write")
}

/// No answer at all. The error may name the address, and that a password.
#[allow(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn unavailable(error: elasticsearch::Error) -> SearchError {
    let why = if error.is_timeout() { "it gave no answer in time" } else { "it cannot be reached" };
    SearchError::Unavailable(why.into())
}

/// The body of an answer, or what its status means.
async fn read(answer: Result<Response, elasticsearch::Error>) -> Result<Value, SearchError> {
    let answer = answer.map_err(unavailable)?;
    let status = answer.status_code();
    let body: Value = answer.json().await.map_err(unavailable)?;
    if status.is_success() {
        return Ok(body);
    }
    Err(refusal(status.as_u16(), &body["error"]))
}

/// What an error of a status means.
fn refusal(status: u16, error: &Value) -> SearchError {
    let why = in_words(error);
    match status {
        404 if error["type"] == "index_not_found_exception" => SearchError::Missing(why),
        429 | 500..=599 => SearchError::Unavailable(format!("{status}: {why}")),
        _ => SearchError::Refused(why),
    }
}

/// The reason of an error with its cause, such as `failed to parse field [tags] …: Can't get text on a START_OBJECT`.
fn in_words(error: &Value) -> String {
    let reason = error["reason"].as_str().unwrap_or("no reason is given");
    match error["caused_by"]["reason"].as_str() {
        Some(cause) if !reason.contains(cause) => format!("{reason}: {cause}"),
        _ => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_status_tells_what_may_succeed_later() {
        let error = json!({ "type": "mapper_parsing_exception", "reason": "failed", "caused_by": { "reason": "why" } });
        assert!(matches!(refusal(400, &error), SearchError::Refused(why) if why == "failed: why"));
        for status in [429, 500, 503] {
            assert!(matches!(refusal(status, &error), SearchError::Unavailable(_)), "{status}");
        }
        let missing = json!({ "type": "index_not_found_exception", "reason": "no such index" });
        assert!(matches!(refusal(404, &missing), SearchError::Missing(_)));
    }
}
