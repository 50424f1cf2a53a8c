//! A search: the question in the index's language, and its answer in ours.

use super::{Elastic, SEARCH_MARGIN, read, schema};
use crate::{
    documents::DocumentKey,
    search::{
        Answer, FACET_VALUES, Hit, Index, Mark, Query, SUGGESTIONS, SearchError, Source, Start, Total,
        markup::{self, CLOSE, OPEN},
    },
};
use elasticsearch::{MsearchParts, http::request::JsonBody};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};

/// Hits that are counted; beyond it there are "at least so many".
const COUNTED: u64 = 10_000;

impl Index for Elastic {
    async fn search(&self, query: &Query) -> Result<Answer, SearchError> {
        let alias = self.alias();
        let routing = query.workspace_id.to_string();
        let head = json!({ "index": alias, "routing": routing });
        let lines: Vec<JsonBody<Value>> =
            [head.clone(), self.question(query), head, self.beginning(query)].into_iter().map(JsonBody::new).collect();
        let request = self.client.msearch(MsearchParts::None).body(lines);
        let request = request.request_timeout(self.timeout + SEARCH_MARGIN);
        let mut answer = read(request.send().await).await?;
        let mut responses = answer["responses"].as_array_mut().map(std::mem::take).unwrap_or_default();
        for response in &responses {
            if let Some(status) = response["status"].as_u64().filter(|status| !(200..300).contains(status)) {
                return Err(super::refusal(u16::try_from(status).unwrap_or(500), &response["error"]));
            }
        }
        let (Some(beginnings), Some(found)) = (responses.pop(), responses.pop()) else {
            return Err(SearchError::Unavailable("its answer is of another form".into()));
        };
        Ok(read_answer(query, found, &beginnings))
    }
}

/// Fields and their weights: what something is called counts most, then what it is tagged with.
const NAMES: [&str; 9] = [
    "title^4",
    "title.en^3",
    "title.id^3",
    "name^4",
    "username^4",
    "tags^3",
    "tags.id^2",
    "expertise^3",
    "expertise.id^2",
];
const PROSE: [&str; 9] = [
    "description",
    "description.en",
    "description.id",
    "bio",
    "bio.en",
    "bio.id",
    "tags.en^2",
    "expertise.en^2",
    "url^0.5",
];

impl Elastic {
    fn filter(query: &Query) -> Vec<Value> {
        let mut filter = vec![json!({ "term": { "workspace_id": query.workspace_id } })];
        filter.extend(query.kind.map(|kind| json!({ "term": { "type": kind } })));
        filter.extend(query.tag.as_ref().map(|tag| json!({ "term": { "labels": tag } })));
        filter
    }

    fn question(&self, query: &Query) -> Value {
        let text = &query.text;
        let words = query.words();
        // A third of the words is enough; more of them are worth more.
        let least = (words.len().div_ceil(3)).max(1);
        let each: Vec<Value> = words.iter().map(|word| one_word(word, words.len())).collect();
        let phrase = json!({ "multi_match": { "query": text, "type": "phrase", "slop": 1, "boost": 2,
            "fields": ["title^3", "name^3", "description", "bio", "tags^2", "expertise^2"] } });
        let mut body = json!({
            "size": query.size + 1,
            "timeout": self.spare_time(),
            "track_total_hits": COUNTED,
            "query": { "bool": {
                "filter": Self::filter(query),
                "must": { "bool": { "should": each, "minimum_should_match": least } },
                "should": phrase,
            } },
            "sort": [{ "_score": "desc" }, { "key": "asc" }],
            "aggs": { "labels": { "terms": { "field": "labels", "size": FACET_VALUES } } },
            "highlight": highlight(),
        });
        match &query.from {
            Start::Offset(offset) => body["from"] = json!(offset),
            Start::After(mark) if mark.source == Source::Elasticsearch => {
                body["search_after"] = json!([mark.score, mark.key]);
            }
            Start::After(mark) => body["from"] = json!(mark.position),
        }
        body
    }

    /// Titles and names that begin so.
    fn beginning(&self, query: &Query) -> Value {
        json!({
            "size": SUGGESTIONS * 2,
            "timeout": self.spare_time(),
            "track_total_hits": false,
            "_source": ["title", "name", "username"],
            "query": { "bool": { "filter": Self::filter(query), "must": { "multi_match": {
                "query": query.text, "operator": "and", "type": "best_fields",
                "fields": ["title.begin", "name.begin", "username.begin"]
            } } } },
            "sort": [{ "_score": "desc" }, { "key": "asc" }],
        })
    }

    fn spare_time(&self) -> String {
        format!("{}ms", self.timeout.as_millis())
    }
}

/// Terms that all misspelt words of a query together may stand for, in each field.
const EXPANSIONS: usize = 48;

/// A document that has the word, as it is, in another form, misspelt, or as the beginning of a name: the best of these.
fn one_word(word: &str, words: usize) -> Value {
    let fields: Vec<_> = NAMES.iter().chain(&PROSE).collect();
    json!({ "dis_max": { "tie_breaker": 0.1, "queries": [
        { "multi_match": { "query": word, "fields": fields, "type": "best_fields", "tie_breaker": 0.3 } },
        { "multi_match": { "query": word, "type": "best_fields", "boost": 0.4, "fuzziness": "AUTO",
            "prefix_length": 1, "max_expansions": (EXPANSIONS / words).max(2),
            "fields": ["title^3", "name^3", "username^3", "tags^2", "expertise^2", "description", "bio"] } },
        { "multi_match": { "query": word, "type": "best_fields", "boost": 0.4,
            "fields": ["title.begin^2", "name.begin^2", "username.begin^2"] } },
    ] } })
}

/// The fields that passages are shown of, each in the analysis that may find it.
const SHOWN: [&str; 7] = ["title", "name", "username", "description", "bio", "tags", "expertise"];

fn highlight() -> Value {
    let forms = SHOWN.iter().flat_map(|field| [field.to_string(), format!("{field}.id"), format!("{field}.en")]);
    let fields: serde_json::Map<String, Value> = forms.map(|form| (form, json!({}))).collect();
    json!({
        "pre_tags": [OPEN.to_string()], "post_tags": [CLOSE.to_string()],
        "type": "unified", "fragment_size": 160, "number_of_fragments": 3, "max_analyzed_offset": 20_000,
        "fields": fields,
    })
}

fn read_answer(query: &Query, mut found: Value, beginnings: &Value) -> Answer {
    let rows = found["hits"]["hits"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let mut hits: Vec<Hit> = rows.into_iter().filter_map(hit).collect();
    let size = usize::try_from(query.size).unwrap_or(usize::MAX);
    let has_more = hits.len() > size;
    hits.truncate(size);
    let labels = found["aggregations"]["labels"]["buckets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let label = |bucket: &Value| Some((bucket["key"].as_str()?.to_owned(), bucket["doc_count"].as_u64()?));
    Answer {
        has_more,
        total: Total {
            count: found["hits"]["total"]["value"].as_u64().unwrap_or_default(),
            is_least: found["hits"]["total"]["relation"] == "gte",
        },
        tags: labels.iter().filter_map(label).collect(),
        suggestions: suggestions(beginnings),
        partial: is_partial(&found) || is_partial(beginnings),
        source: Source::Elasticsearch,
        degraded: false,
        hits,
    }
}

/// Whether time ran out, or a part of the index did not answer.
fn is_partial(response: &Value) -> bool {
    response["timed_out"] == true || response["_shards"]["failed"].as_u64().is_some_and(|failed| failed > 0)
}

fn hit(mut row: Value) -> Option<Hit> {
    let key = DocumentKey::of_index_id(row["_id"].as_str()?)?;
    let score = row["sort"][0].as_f64()?;
    let mut highlights: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for field in SHOWN {
        let passages = [field.to_owned(), format!("{field}.id"), format!("{field}.en")]
            .into_iter()
            .find_map(|form| row["highlight"][form].as_array().cloned());
        if let Some(passages) = passages {
            let passages = passages.iter().filter_map(Value::as_str).map(markup::html).collect();
            highlights.insert(field.to_owned(), passages);
        }
    }
    let version = row["_source"]["version"].as_i64()?;
    Some(Hit { key, score, version, body: schema::body(row["_source"].take()), highlights })
}

fn suggestions(beginnings: &Value) -> Vec<String> {
    let rows = beginnings["hits"]["hits"].as_array().map(Vec::as_slice).unwrap_or_default();
    let called = rows.iter().filter_map(|row| {
        let source = &row["_source"];
        ["title", "name", "username"].into_iter().find_map(|field| source[field].as_str())
    });
    let mut known = HashSet::new();
    called.filter(|text| known.insert(*text)).take(SUGGESTIONS).map(str::to_owned).collect()
}

impl Answer {
    /// The place after the last hit, if more follow. `position`: how many hits lie before this page.
    #[must_use]
    pub fn next(&self, position: u32) -> Option<Mark> {
        let last = self.hits.last().filter(|_| self.has_more)?;
        let shown = u32::try_from(self.hits.len()).unwrap_or(u32::MAX);
        let position = position.saturating_add(shown);
        Some(Mark { source: self.source, score: last.score, key: last.order_key(), position })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_ran_out_of_time_is_marked() {
        let query = Query {
            workspace_id: uuid::Uuid::nil(),
            text: "kopi".into(),
            kind: None,
            tag: None,
            from: Start::Offset(0),
            size: 1,
        };
        let row = |id: &str| {
            json!({ "_id": format!("00000000-0000-0000-0000-000000000000:project:{id}"), "sort": [2.5, id],
                "_source": { "version": 4, "title": "Kopi", "deleted": false },
                "highlight": { "title.id": ["\u{1}Kopi\u{2} <b>"] } })
        };
        let found = json!({ "timed_out": true, "_shards": { "failed": 0 },
            "hits": { "total": { "value": 10_000, "relation": "gte" }, "hits": [row("1"), row("2")] } });
        let answer = read_answer(&query, found, &json!({ "timed_out": false }));
        assert!(answer.partial && answer.has_more && answer.total.is_least);
        assert_eq!((answer.hits.len(), answer.hits[0].version), (1, 4));
        assert_eq!(answer.hits[0].highlights["title"], ["<em>Kopi</em> &lt;b&gt;"]);
        assert_eq!(answer.hits[0].body, json!({ "title": "Kopi" }));
        assert_eq!(answer.next(20).unwrap().position, 21);
        assert!(is_partial(&json!({ "timed_out": false, "_shards": { "failed": 1 } })));
    }
}
