//! The shape of an index: analyzers, fields, and a document as it is written.

use crate::documents::Row;
use serde_json::{Value, json};

/// Settings, mapping and aliases of a new index.
pub(super) fn definition(write_alias: &str, shards: u16) -> Value {
    json!({ "settings": settings(shards), "mappings": mappings(), "aliases": { write_alias: {} } })
}

/// How often what was written becomes visible. Written down, because an index without it stops refreshing when nobody
/// searches for a while.
pub(super) const REFRESH: &str = "1s";

fn settings(shards: u16) -> Value {
    json!({
        "number_of_shards": shards,
        "auto_expand_replicas": "0-1",
        "refresh_interval": REFRESH,
        "analysis": {
            "filter": {
                "fold": { "type": "asciifolding" },
                "beginnings": { "type": "edge_ngram", "min_gram": 1, "max_gram": 15 },
                "english_stop": { "type": "stop", "stopwords": "_english_" },
                "english_stem": { "type": "stemmer", "language": "english" },
                "indonesian_stop": { "type": "stop", "stopwords": "_indonesian_" },
                "indonesian_stem": { "type": "stemmer", "language": "indonesian" }
            },
            "analyzer": {
                "words": analyzer(&[]),
                "beginnings": analyzer(&["beginnings"]),
                "english_text": analyzer(&["english_stop", "english_stem"]),
                "indonesian_text": analyzer(&["indonesian_stop", "indonesian_stem"])
            }
        }
    })
}

fn analyzer(filters: &[&str]) -> Value {
    let filters: Vec<_> = ["lowercase", "fold"].iter().chain(filters).collect();
    json!({ "type": "custom", "tokenizer": "standard", "filter": filters })
}

fn mappings() -> Value {
    json!({
        "dynamic": "strict",
        "_routing": { "required": true },
        "properties": {
            "workspace_id": { "type": "keyword" },
            "type": { "type": "keyword" },
            "id": { "type": "keyword" },
            "key": { "type": "keyword" },
            "version": { "type": "long" },
            "bucket": { "type": "short" },
            "weight": { "type": "long" },
            "deleted": { "type": "boolean" },
            "labels": { "type": "keyword" },
            "title": name(),
            "name": name(),
            "username": name(),
            "description": prose(),
            "bio": prose(),
            "tags": labels(),
            "expertise": labels(),
            "url": { "type": "text", "analyzer": "simple" }
        }
    })
}

fn name() -> Value {
    let mut field = prose();
    field["fields"]["begin"] = json!({ "type": "text", "analyzer": "beginnings", "search_analyzer": "words" });
    field
}

fn prose() -> Value {
    json!({ "type": "text", "analyzer": "words", "fields": languages() })
}

fn labels() -> Value {
    json!({ "type": "text", "analyzer": "words", "fields": languages() })
}

fn languages() -> Value {
    json!({
        "en": { "type": "text", "analyzer": "english_text" },
        "id": { "type": "text", "analyzer": "indonesian_text" }
    })
}

/// A document as it stands in the index; a tombstone has no fields of its own.
#[must_use]
pub fn source(row: &Row) -> Value {
    let mut source = row.body.clone().unwrap_or_else(|| json!({}));
    let labels = source.get("tags").or_else(|| source.get("expertise")).cloned().unwrap_or_else(|| json!([]));
    let own = json!({
        "workspace_id": row.key.workspace_id,
        "type": row.key.kind,
        "id": row.key.id,
        "key": format!("{}:{}", row.key.kind, row.key.id),
        "version": row.version,
        "bucket": row.key.bucket(),
        "weight": row.version * i64::from(row.key.salt()),
        "deleted": row.body.is_none(),
        "labels": labels,
    });
    if let (Value::Object(source), Value::Object(own)) = (&mut source, own) {
        source.extend(own);
    }
    source
}

/// What only the index knows of a document.
const OWN: [&str; 9] = ["workspace_id", "type", "id", "key", "version", "bucket", "weight", "deleted", "labels"];

/// The document again.
pub(super) fn body(mut source: Value) -> Value {
    if let Value::Object(source) = &mut source {
        source.retain(|name, _| !OWN.contains(&name.as_str()));
    }
    source
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{DocumentKey, DocumentType};

    #[test]
    fn a_document_survives_the_index() {
        let key = DocumentKey { workspace_id: uuid::Uuid::nil(), kind: DocumentType::Project, id: "7".into() };
        let document = json!({ "title": "Kopi", "tags": ["a", "b"] });
        let source = source(&Row { key, version: 3, body: Some(document.clone()) });
        assert_eq!(
            (&source["labels"], &source["deleted"], &source["key"]),
            (&json!(["a", "b"]), &json!(false), &json!("project:7"))
        );
        assert_eq!(body(source), document);
    }
}
