//! Elasticsearch.

use super::Reader;
use std::time::Duration;
use url::Url;

/// Where the search index is.
#[derive(Clone)]
pub struct SearchConfig {
    /// `GOTONG_ELASTICSEARCH_URL`: `http(s)://[user:password@]host:port`; without it PostgreSQL searches.
    pub url: Option<Url>,
    /// `GOTONG_SEARCH_PREFIX`: what the names of indices and aliases begin with, up to 64 lower-case letters, digits,
    /// `-` and `_`, beginning with a letter; default empty.
    pub prefix: String,
    /// `GOTONG_SEARCH_SHARDS`: primary shards of a new index, 1–50, default 3. A workspace is in one of them.
    pub shards: u16,
    /// `GOTONG_SEARCH_TIMEOUT_MS`: how long a search may take before what was found so far is the answer, 10–10,000,
    /// default 1,000.
    pub timeout: Duration,
}

impl SearchConfig {
    /// Reads its variables.
    pub fn read(reader: &mut Reader) -> Self {
        let url = reader.get("GOTONG_ELASTICSEARCH_URL").map(Url::parse);
        if matches!(url, Some(Err(_))) {
            reader.mistake("GOTONG_ELASTICSEARCH_URL", "is not an http:// address");
        }
        let prefix = reader.get("GOTONG_SEARCH_PREFIX").unwrap_or_default().to_owned();
        if !is_prefix(&prefix) {
            reader.mistake(
                "GOTONG_SEARCH_PREFIX",
                "has up to 64 lower-case letters, digits, '-' and '_', and begins with a letter",
            );
        }
        Self {
            url: url.and_then(Result::ok),
            prefix,
            shards: reader.number("GOTONG_SEARCH_SHARDS", 1..=50, 3),
            timeout: Duration::from_millis(reader.number("GOTONG_SEARCH_TIMEOUT_MS", 10..=10_000, 1_000)),
        }
    }
}

fn is_prefix(text: &str) -> bool {
    text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
        && text.bytes().next().is_none_or(|b| b.is_ascii_lowercase())
}
