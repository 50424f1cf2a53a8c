//! Work on the search index: many documents in one write ([`Indexer`]), a whole index from the ledger ([`fill`]), and
//! the comparison of both ([`compare`]).

pub mod compare;
pub mod fill;
mod indexer;
mod pace;

pub use indexer::Indexer;

use crate::outcome::Failure;
use gotong_shared::search::SearchError;

impl From<SearchError> for Failure {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Unavailable(_) => Self::retry("search_unavailable", error.to_string()),
            SearchError::Missing(_) => Self::retry("index_missing", error.to_string()),
            SearchError::Ledger(_) => Self::retry("database_unavailable", error.to_string()),
            SearchError::Refused(_) | SearchError::Client(_) => Self::dead("search_refused", error.to_string()),
        }
    }
}
