//! Search: one contract, served by Elasticsearch and by PostgreSQL.
//!
//! [`Search::search`] asks Elasticsearch, and PostgreSQL where none is configured or while it does not answer; the
//! [`Answer`] says which. Both implementations ([`elastic`], [`full_text`]) take a [`Query`] as plain words: there is no
//! syntax in it, so nothing in it can be wrong or slow. Documents of other workspaces never appear.

pub mod elastic;
pub mod full_text;
pub mod indexes;
mod markup;

use crate::{
    config::SearchConfig,
    db::{Database, DatabaseError},
    documents::{DocumentKey, DocumentType},
};
use elastic::Elastic;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// The one index that there is.
pub const PORTFOLIO: &str = "portfolio_index";
/// The longest query, in characters.
pub const LONGEST_QUERY: usize = 200;
/// The most words in a query.
pub const MOST_WORDS: usize = 24;
/// The most hits on a page.
pub const LARGEST_PAGE: u32 = 100;
/// How far down the list a page number leads: from there on only cursors do.
pub const DEEPEST: u32 = 1_000;
/// The most values of a facet.
pub const FACET_VALUES: usize = 20;
/// The most suggestions.
pub const SUGGESTIONS: usize = 5;

/// Why a search, or a write to the index, gave no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SearchError {
    /// The client could not be built.
    #[error("the search client cannot be built: {0}")]
    Client(String),
    /// It is down, overloaded or not ready: the same call may succeed later.
    #[error("Elasticsearch is unavailable: {0}")]
    Unavailable(String),
    /// There is no such index.
    #[error("the index does not exist: {0}")]
    Missing(String),
    /// It refuses what was asked.
    #[error("Elasticsearch refuses: {0}")]
    Refused(String),
    /// The ledger does not answer.
    #[error("the ledger gave no answer: {0}")]
    Ledger(String),
}

impl From<DatabaseError> for SearchError {
    fn from(error: DatabaseError) -> Self {
        Self::Ledger(error.to_string())
    }
}

impl From<diesel::result::Error> for SearchError {
    fn from(error: diesel::result::Error) -> Self {
        DatabaseError::from(error).into()
    }
}

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Query {
    /// Whose documents.
    pub workspace_id: Uuid,
    /// 1 to [`LONGEST_QUERY`] characters, at most [`MOST_WORDS`] words.
    pub text: String,
    /// Only documents of that type.
    pub kind: Option<DocumentType>,
    /// Only documents with that tag, or that field of expertise.
    pub tag: Option<String>,
    /// Where the page begins.
    pub from: Start,
    /// Hits on the page, 1 to [`LARGEST_PAGE`].
    pub size: u32,
}

impl Query {
    /// Its words; a text that has none is a word itself.
    #[must_use]
    pub fn words(&self) -> Vec<&str> {
        let words = self.text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let words: Vec<&str> = words.take(MOST_WORDS).collect();
        if words.is_empty() { vec![&self.text] } else { words }
    }
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// After so many hits, at most [`DEEPEST`].
    Offset(u32),
    /// After that hit of an earlier page.
    After(Mark),
}

/// The place of a hit in the order of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Whose order it is: scores of different sources cannot be compared.
    pub source: Source,
    /// The hit's score.
    pub score: f64,
    /// Its type and id, which decide between equal scores.
    pub key: String,
    /// How many hits lie before the page that begins here.
    pub position: u32,
}

/// Who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, poem_openapi::Enum)]
#[oai(rename = "SearchSource", rename_all = "lowercase")]
pub enum Source {
    /// The index.
    Elasticsearch,
    /// The ledger.
    PostgreSql,
}

/// A page of hits.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The best first.
    pub hits: Vec<Hit>,
    /// Whether more hits follow.
    pub has_more: bool,
    /// How many there are in all.
    pub total: Total,
    /// The most frequent tags among all hits, with the number of hits that have them.
    pub tags: Vec<(String, u64)>,
    /// Titles and names that begin as the query does, or as its last word does.
    pub suggestions: Vec<String>,
    /// Whether time ran out, or a part of the index did not answer: there may be more.
    pub partial: bool,
    /// Who answered.
    pub source: Source,
    /// Whether the source stands in for one that does not answer.
    pub degraded: bool,
}

/// How many documents fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// So many were counted.
    pub count: u64,
    /// Whether there may be more.
    pub is_least: bool,
}

/// A document that was found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Which one.
    pub key: DocumentKey,
    /// How well it fits: to be compared within one answer only.
    pub score: f64,
    /// Its version.
    pub version: i64,
    /// What it says.
    pub body: Value,
    /// For each field that fits, up to three passages in HTML, escaped, with what fits in `<em>`.
    pub highlights: BTreeMap<String, Vec<String>>,
}

impl Hit {
    /// What decides between equal scores.
    #[must_use]
    pub fn order_key(&self) -> String {
        format!("{}:{}", self.key.kind, self.key.id)
    }
}

/// The contract: how documents are found.
pub trait Index {
    /// A page of the documents that fit, the best first.
    fn search(&self, query: &Query) -> impl Future<Output = Result<Answer, SearchError>> + Send;
}

/// For how long Elasticsearch is not asked after it gave no answer.
const REST: Duration = Duration::from_secs(2);

/// The search of the platform. Cheap to clone.
#[derive(Clone)]
pub struct Search {
    elastic: Option<Elastic>,
    timeout: Duration,
    rests_until: Arc<Mutex<Option<Instant>>>,
}

impl Search {
    /// Clients that connect when they are first used.
    ///
    /// # Errors
    /// [`SearchError::Client`] when the address cannot be used.
    pub fn new(config: &SearchConfig) -> Result<Self, SearchError> {
        Ok(Self { elastic: Elastic::new(config)?, timeout: config.timeout, rests_until: Arc::default() })
    }

    /// Whether an address is configured.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.elastic.is_some()
    }

    /// Elasticsearch, if it is configured.
    #[must_use]
    pub fn elastic(&self) -> Option<&Elastic> {
        self.elastic.as_ref()
    }

    /// Asks for the state of the cluster.
    ///
    /// # Errors
    /// [`SearchError::Unavailable`] when it gives none.
    pub async fn ping(&self) -> Result<(), SearchError> {
        match &self.elastic {
            Some(elastic) => elastic.ping().await,
            None => Ok(()),
        }
    }

    /// A page of hits: from Elasticsearch, or else from the ledger.
    ///
    /// # Errors
    /// When neither answers.
    pub async fn search(&self, ledger: &Database, query: &Query) -> Result<Answer, SearchError> {
        let full_text = full_text::FullText::new(ledger.clone(), self.timeout);
        let Some(elastic) = &self.elastic else { return full_text.search(query).await };
        if !self.rests() {
            match elastic.search(query).await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    tracing::warn!(%error, "the ledger searches in place of Elasticsearch");
                    self.rest();
                }
            }
        }
        let answer = full_text.search(query).await?;
        Ok(Answer { degraded: true, ..answer })
    }

    fn rests(&self) -> bool {
        let until = *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn rest(&self) {
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + REST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_is_no_word() {
        let query = |text: &str| Query {
            workspace_id: Uuid::nil(),
            text: text.to_owned(),
            kind: None,
            tag: None,
            from: Start::Offset(0),
            size: 1,
        };
        assert_eq!(query("title:(kopi OR \"teh\")~2^4 *").words(), ["title", "kopi", "OR", "teh", "2", "4"]);
        assert_eq!(query("&&").words(), ["&&"]);
        assert_eq!(query(&"a ".repeat(90)).words().len(), MOST_WORDS);
    }
}
