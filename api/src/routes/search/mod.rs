//! `/search`: documents by what they say.

mod cursor;
mod resource;

use super::{Listing, Tag};
use crate::{
    AppState,
    auth::Reader,
    problem::{Code, Problem, Refused},
};
use gotong_shared::{
    documents::DocumentType,
    search::{DEEPEST, LARGEST_PAGE, LONGEST_QUERY, MOST_WORDS, Query as Asked, SearchError, Start},
};
use poem::web::Data;
use poem_openapi::{Enum, OpenApi, param::Query, payload::Json};
use resource::SearchPage;
use std::time::Instant;

/// Which documents are searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum SearchScope {
    /// Projects.
    Project,
    /// Profiles.
    Profile,
    /// Both.
    #[default]
    All,
}

impl SearchScope {
    fn kind(self) -> Option<DocumentType> {
        match self {
            Self::Project => Some(DocumentType::Project),
            Self::Profile => Some(DocumentType::Profile),
            Self::All => None,
        }
    }

    fn as_str(self) -> &'static str {
        self.kind().map_or("all", DocumentType::as_str)
    }
}

/// The operation of searching.
pub struct SearchApi;

#[OpenApi(tag = "Tag::Search")]
impl SearchApi {
    /// Search documents.
    ///
    /// The best first. The query is plain words: what names things counts more than what describes them, misspelt words
    /// are found as well, and a whole phrase counts more than its words. A document is found within two seconds of its
    /// change. While the search index does not answer, the ledger is searched instead, and `meta.degraded` says so.
    #[allow(clippy::too_many_arguments, reason = "each is a parameter of the operation")]
    #[oai(path = "/search", method = "get", operation_id = "search_documents")]
    async fn search(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        /// 1 to 200 characters, at most 24 words.
        query: Query<String>,
        /// Which documents.
        #[oai(default)]
        r#type: Query<SearchScope>,
        /// Only documents with exactly this tag, or this field of expertise.
        tag: Query<Option<String>>,
        /// Which page, from 1. Page times size is at most 1,000; what lies deeper is reached by `links.next`.
        page: Query<Option<u32>>,
        /// The most hits on a page: 1 to 100.
        #[oai(default = "crate::page::usual")]
        size: Query<u32>,
        /// Where the page starts, from the links of another page.
        cursor: Query<Option<String>>,
    ) -> Result<Json<SearchPage>, Refused<Listing>> {
        let started = Instant::now();
        let text = read_text("/query/query", &query.0, LONGEST_QUERY)?;
        if text.split_whitespace().count() > MOST_WORDS {
            return Err(invalid("/query/query", format!("has more than {MOST_WORDS} words")).into());
        }
        let tag = tag.0.map(|tag| read_text("/query/tag", &tag, 100)).transpose()?;
        let from = start(page.0, size.0, cursor.0.as_deref())?;
        let asked = Asked { workspace_id: caller.workspace_id, text, kind: r#type.0.kind(), tag, from, size: size.0 };
        let answer = app.search.search(&app.database, &asked).await?;
        Ok(Json(SearchPage::of(&asked, r#type.0.as_str(), page.0, answer, started.elapsed())))
    }
}

fn invalid(pointer: &str, message: impl Into<String>) -> Problem {
    Problem::new(Code::Invalid, "The search is not acceptable.").at(pointer, message)
}

fn read_text(pointer: &str, text: &str, longest: usize) -> Result<String, Problem> {
    let text = text.trim();
    if !(1..=longest).contains(&text.chars().count()) {
        return Err(invalid(pointer, format!("has 1 to {longest} characters")));
    }
    if text.contains('\0') {
        return Err(invalid(pointer, "holds the character U+0000"));
    }
    Ok(text.to_owned())
}

fn start(page: Option<u32>, size: u32, cursor: Option<&str>) -> Result<Start, Problem> {
    if !(1..=LARGEST_PAGE).contains(&size) {
        return Err(invalid("/query/size", format!("is not from 1 to {LARGEST_PAGE}")));
    }
    match (page, cursor) {
        (Some(_), Some(_)) => Err(invalid("/query/cursor", "says where the page starts; leave out page")),
        (None, Some(cursor)) => {
            let mark = cursor::read(cursor);
            mark.map(Start::After).ok_or_else(|| invalid("/query/cursor", "take it from the links of a page"))
        }
        (page, None) => {
            let page = page.unwrap_or(1);
            if page == 0 || page.saturating_mul(size) > DEEPEST {
                let why = format!("is not from 1 to {}: follow links.next to go deeper", DEEPEST / size);
                return Err(invalid("/query/page", why));
            }
            Ok(Start::Offset((page - 1) * size))
        }
    }
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Ledger(_) | SearchError::Unavailable(_) | SearchError::Missing(_) => {
                tracing::warn!(%error, "a search had no answer");
                Self::new(Code::DatabaseUnavailable, "The search does not answer; try again.")
            }
            error => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_lies_within_its_bounds() {
        assert_eq!(start(None, 20, None).unwrap(), Start::Offset(0));
        assert_eq!(start(Some(50), 20, None).unwrap(), Start::Offset(980));
        for (page, size, cursor) in [
            (Some(0), 20, None),
            (Some(51), 20, None),
            (Some(10_000), 20, None),
            (None, 0, None),
            (None, 101, None),
            (Some(1), 20, Some("x")),
            (None, 20, Some("x")),
        ] {
            assert_eq!(start(page, size, cursor).unwrap_err().code(), Code::Invalid, "{page:?} {size} {cursor:?}");
        }
    }
}
