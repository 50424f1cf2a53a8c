//! Elasticsearch.

use crate::config::SearchConfig;
use elasticsearch::{
    Elasticsearch,
    http::transport::{SingleNodeConnectionPool, TransportBuilder},
};
use std::time::Duration;

/// Why the search index gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The client could not be built.
    #[error("the search client cannot be built: {0}")]
    Client(String),
    /// It is down, or not ready.
    #[error("Elasticsearch is unavailable: {0}")]
    Unavailable(String),
}

/// The search index, if one is configured. Cheap to clone.
#[derive(Clone)]
pub struct Search {
    client: Option<Elasticsearch>,
}

impl Search {
    /// A client that connects when it is first used.
    ///
    /// # Errors
    /// [`SearchError::Client`] when the address cannot be used.
    pub fn new(config: &SearchConfig) -> Result<Self, SearchError> {
        let client = config.url.clone().map(|url| {
            let pool = SingleNodeConnectionPool::new(url);
            let transport = TransportBuilder::new(pool).timeout(Duration::from_secs(10)).build();
            transport.map(Elasticsearch::new).map_err(|error| SearchError::Client(error.to_string()))
        });
        Ok(Self { client: client.transpose()? })
    }

    /// Whether an address is configured.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.client.is_some()
    }

    /// Asks for the state of the cluster.
    ///
    /// # Errors
    /// [`SearchError::Unavailable`] when it gives none.
    pub async fn ping(&self) -> Result<(), SearchError> {
        let Some(client) = &self.client else { return Ok(()) };
        let answer = client.ping().send().await.map_err(|error| SearchError::Unavailable(error.to_string()))?;
        if answer.status_code().is_success() {
            return Ok(());
        }
        Err(SearchError::Unavailable(answer.status_code().to_string()))
    }
}
