//! The search index of a test's own, seen by a client that is none of ours.

use crate::{LONG, TestDatabase, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What Elasticsearch holds under a test's prefix; it goes with its value.
pub struct SearchIndexes {
    url: String,
    prefix: String,
}

/// Documents by their ids: version and what they say.
pub type Contents = BTreeMap<String, (i64, Value)>;

impl SearchIndexes {
    pub(crate) fn new(url: &str, prefix: &str) -> Self {
        Self { url: url.to_owned(), prefix: prefix.to_owned() }
    }

    /// The alias that is searched.
    #[must_use]
    pub fn alias(&self) -> String {
        format!("{}portfolio_index", self.prefix)
    }

    /// A call past every client of ours.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        call(&self.url, method, path, body).await
    }

    /// The names of all indices under the prefix.
    pub async fn names(&self) -> Vec<String> {
        names(&self.url, &self.prefix).await
    }

    /// Everything that a search can find.
    ///
    /// # Panics
    /// When there are more than 10,000 documents.
    pub async fn contents(&self) -> Contents {
        let alias = self.alias();
        let (status, _) = self.call(Method::POST, &format!("/{alias}/_refresh"), None).await;
        if status == StatusCode::NOT_FOUND {
            return Contents::new();
        }
        let query = json!({ "size": 10_000, "track_total_hits": true, "query": { "match_all": {} } });
        let (status, found) = self.call(Method::POST, &format!("/{alias}/_search"), Some(query)).await;
        assert_eq!(status, StatusCode::OK, "{found}");
        let hits = found["hits"]["hits"].as_array().cloned().unwrap_or_default();
        assert_eq!(Some(hits.len() as u64), found["hits"]["total"]["value"].as_u64(), "all fit in one answer");
        let document = |mut hit: Value| {
            let id = hit["_id"].as_str().expect("a hit has an id").to_owned();
            let mut source = hit["_source"].take();
            let version = source["version"].as_i64().expect("a document has a version");
            let own = ["workspace_id", "type", "id", "key", "version", "bucket", "weight", "deleted", "labels"];
            source.as_object_mut().expect("an object").retain(|name, _| !own.contains(&name.as_str()));
            (id, (version, source))
        };
        hits.into_iter().map(document).collect()
    }

    /// Waits until the index says of every document what the ledger says.
    pub async fn equals_ledger(&self, ledger: &TestDatabase) -> Contents {
        eventually("the index equals the ledger, document by document", LONG * 2, async || {
            let (index, ledger) = (self.contents().await, documents(ledger).await);
            (index == ledger).then_some(index)
        })
        .await
    }
}

/// What the ledger says of every document that is not deleted.
pub async fn documents(ledger: &TestDatabase) -> Contents {
    let rows = ledger.values(
        "select json_build_array(workspace_id || ':' || type || ':' || id, version, body)::text as value
         from documents where deleted_at is null",
    );
    let document = |row: String| {
        let mut row: Value = serde_json::from_str(&row).expect("PostgreSQL writes JSON");
        let id = row[0].as_str().expect("a key").to_owned();
        (id, (row[1].as_i64().expect("a version"), row[2].take()))
    };
    rows.await.into_iter().map(document).collect()
}

async fn call(url: &str, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
    let mut request = reqwest::Client::new().request(method, format!("{}{path}", url.trim_end_matches('/')));
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.expect("Elasticsearch answers");
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn names(url: &str, prefix: &str) -> Vec<String> {
    let (_, found) = call(url, Method::GET, &format!("/_cat/indices/{prefix}*?format=json"), None).await;
    let found = found.as_array().cloned().unwrap_or_default();
    found.iter().filter_map(|index| index["index"].as_str().map(str::to_owned)).collect()
}

impl Drop for SearchIndexes {
    fn drop(&mut self) {
        if self.url.is_empty() {
            return;
        }
        let (url, prefix) = (self.url.clone(), self.prefix.clone());
        // A test's runtime may be ending: drop from a thread with one of its own.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                for name in names(&url, &prefix).await {
                    call(&url, Method::DELETE, &format!("/{name}"), None).await;
                }
            });
            Some(())
        });
        drop(dropped.join());
    }
}
