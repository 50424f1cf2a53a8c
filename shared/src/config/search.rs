//! Elasticsearch.

use super::Reader;
use url::Url;

/// Where the search index is.
#[derive(Clone)]
pub struct SearchConfig {
    /// `GOTONG_ELASTICSEARCH_URL`: `http(s)://[user:password@]host:port`; without it search is not configured.
    pub url: Option<Url>,
}

impl SearchConfig {
    /// Reads its variables.
    pub fn read(reader: &mut Reader) -> Self {
        let url = reader.get("GOTONG_ELASTICSEARCH_URL").map(Url::parse);
        if matches!(url, Some(Err(_))) {
            reader.mistake("GOTONG_ELASTICSEARCH_URL", "is not an http:// address");
        }
        Self { url: url.and_then(Result::ok) }
    }
}
