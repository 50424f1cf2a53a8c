//! A page of hits on the wire.

use super::cursor;
use crate::routes::documents::{DocumentBody, address};
use gotong_shared::{
    documents::DocumentType,
    search::{Answer, DEEPEST, Hit, Query, Source, Start},
};
use poem_openapi::Object;
use std::{collections::BTreeMap, time::Duration};
use url::form_urlencoded;

/// Hits, the best first.
#[derive(Debug, Object)]
pub struct SearchPage {
    /// The hits.
    data: Vec<SearchHit>,
    /// About the whole answer.
    meta: SearchMeta,
    /// Where its neighbours are.
    links: SearchLinks,
}

/// A document that was found.
#[derive(Debug, Object)]
struct SearchHit {
    /// Its type.
    #[oai(rename = "type")]
    kind: DocumentType,
    /// Its name.
    id: String,
    /// How well it fits: to be compared within one answer only.
    score: f64,
    /// The version that was found.
    version: i64,
    /// What it says.
    document: DocumentBody,
    /// By field: passages in HTML, escaped, with what fits in `<em>`.
    highlights: BTreeMap<String, Vec<String>>,
    /// What belongs to it.
    links: HitLinks,
}

/// What belongs to a hit.
#[derive(Debug, Object)]
struct HitLinks {
    /// The document.
    #[oai(rename = "self")]
    this: String,
}

/// About an answer.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
struct SearchMeta {
    /// How many documents fit.
    total: u64,
    /// Whether there may be more than `total`.
    total_is_least: bool,
    /// Hits on this page.
    count: u32,
    /// The most hits on a page.
    per_page: u32,
    /// Which page, where it was asked for by its number.
    page: Option<u32>,
    /// How long it took, in milliseconds.
    took_ms: u64,
    /// Whether time ran out, or a part of the index did not answer: there may be more hits.
    partial: bool,
    /// Whether the search index does not answer, so that the ledger was searched in its place.
    degraded: bool,
    /// Who answered.
    source: Source,
    /// How often what occurs.
    facets: SearchFacets,
    /// Titles and names that begin as the query does.
    suggestions: Vec<String>,
}

/// How often what occurs among all documents that fit.
#[derive(Debug, Object)]
struct SearchFacets {
    /// Tags of projects and expertise of profiles, the most frequent first.
    tags: Vec<FacetValue>,
}

/// A value and its number.
#[derive(Debug, Object)]
struct FacetValue {
    /// The value, as a filter takes it.
    value: String,
    /// Documents that have it.
    count: u64,
}

/// Where the neighbours of a page are.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
struct SearchLinks {
    /// This page.
    #[oai(rename = "self")]
    this: String,
    /// The next hits, if there are any.
    next: Option<String>,
    /// The hits before, where pages have numbers.
    prev: Option<String>,
}

impl SearchPage {
    /// The page of an answer.
    pub fn of(asked: &Query, scope: &str, page: Option<u32>, answer: Answer, took: Duration) -> Self {
        let position = match &asked.from {
            Start::Offset(offset) => *offset,
            Start::After(mark) => mark.position,
        };
        let link = |place: Option<(&str, String)>| link(asked, scope, place);
        let here = match (&asked.from, page) {
            (Start::After(mark), _) => Some(("cursor", cursor::write(mark))),
            (Start::Offset(_), page) => page.map(|page| ("page", page.to_string())),
        };
        let by_number = |page: u32| link(Some(("page", page.to_string())));
        // Beyond the last page that has a number a cursor leads on.
        let next = match page.filter(|page| (page + 1).saturating_mul(asked.size) <= DEEPEST) {
            Some(page) => answer.has_more.then(|| by_number(page + 1)),
            None => answer.next(position).map(|mark| link(Some(("cursor", cursor::write(&mark))))),
        };
        let links = SearchLinks { this: link(here), next, prev: page.filter(|p| *p > 1).map(|p| by_number(p - 1)) };
        let facet = |(value, count)| FacetValue { value, count };
        let meta = SearchMeta {
            total: answer.total.count,
            total_is_least: answer.total.is_least,
            count: u32::try_from(answer.hits.len()).unwrap_or(u32::MAX),
            per_page: asked.size,
            page,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            partial: answer.partial,
            degraded: answer.degraded,
            source: answer.source,
            facets: SearchFacets { tags: answer.tags.into_iter().map(facet).collect() },
            suggestions: answer.suggestions,
        };
        Self { data: answer.hits.into_iter().map(SearchHit::of).collect(), meta, links }
    }
}

impl SearchHit {
    fn of(hit: Hit) -> Self {
        Self {
            links: HitLinks { this: address(hit.key.kind, &hit.key.id) },
            kind: hit.key.kind,
            id: hit.key.id,
            score: hit.score,
            version: hit.version,
            document: DocumentBody(hit.body),
            highlights: hit.highlights,
        }
    }
}

fn link(asked: &Query, scope: &str, place: Option<(&str, String)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("query", &asked.text).append_pair("type", scope).append_pair("size", &asked.size.to_string());
    if let Some(tag) = &asked.tag {
        query.append_pair("tag", tag);
    }
    if let Some((name, value)) = place {
        query.append_pair(name, &value);
    }
    format!("/api/v1/search?{}", query.finish())
}
