//! What an index holds, to be compared with the ledger: sums by bucket, and the entries of one bucket. Both look past
//! the alias, so tombstones are among them.

use super::{Elastic, read};
use crate::{documents::DocumentKey, search::SearchError};
use elasticsearch::SearchParts;
use serde_json::{Value, json};
use std::collections::HashMap;

/// How many documents a bucket has, and the sum of their versions, each times its salt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BucketSum {
    /// Documents and tombstones.
    pub count: i64,
    /// Of version times [`DocumentKey::salt`].
    pub weights: i64,
}

/// Entries in one call.
const PAGE: usize = 5_000;

impl Elastic {
    /// The sums of every bucket that has any document.
    ///
    /// # Errors
    /// When Elasticsearch does not answer or refuses.
    pub async fn bucket_sums(&self, index: &str) -> Result<HashMap<i16, BucketSum>, SearchError> {
        let body = json!({ "size": 0, "aggs": { "buckets": {
            "terms": { "field": "bucket", "size": 256 },
            "aggs": { "weights": { "sum": { "field": "weight" } } }
        } } });
        let answer = self.whole(index, body).await?;
        let buckets = answer["aggregations"]["buckets"]["buckets"].as_array().cloned().unwrap_or_default();
        let sum = |bucket: &Value| {
            let number = i16::try_from(bucket["key"].as_i64()?).ok()?;
            // Sums are floating, and exact as long as they are small.
            #[allow(clippy::cast_possible_truncation, reason = "it is a whole number below 2^53")]
            let weights = bucket["weights"]["value"].as_f64()? as i64;
            Some((number, BucketSum { count: bucket["doc_count"].as_i64()?, weights }))
        };
        Ok(buckets.iter().filter_map(sum).collect())
    }

    /// The version of every entry of a bucket, by its id.
    ///
    /// # Errors
    /// When Elasticsearch does not answer or refuses.
    pub async fn entries(&self, index: &str, bucket: i16) -> Result<HashMap<String, i64>, SearchError> {
        let mut entries = HashMap::new();
        let mut after: Option<Value> = None;
        loop {
            let mut body = json!({
                "size": PAGE, "_source": false, "track_total_hits": false,
                "query": { "term": { "bucket": bucket } },
                "docvalue_fields": ["version"],
                "sort": [{ "workspace_id": "asc" }, { "key": "asc" }],
            });
            if let Some(after) = after.take() {
                body["search_after"] = after;
            }
            let mut answer = self.whole(index, body).await?;
            let hits = answer["hits"]["hits"].as_array_mut().map(std::mem::take).unwrap_or_default();
            for hit in &hits {
                if let (Some(id), Some(version)) = (hit["_id"].as_str(), hit["fields"]["version"][0].as_i64()) {
                    entries.insert(id.to_owned(), version);
                }
            }
            match hits.last() {
                Some(last) if hits.len() == PAGE => after = Some(last["sort"].clone()),
                _ => return Ok(entries),
            }
        }
    }

    /// A search to which every shard must have answered.
    async fn whole(&self, index: &str, body: Value) -> Result<Value, SearchError> {
        let names = [index];
        let search = self.client.search(SearchParts::Index(&names)).allow_partial_search_results(false);
        read(search.body(body).send().await).await
    }

    /// How many documents and tombstones an index holds.
    ///
    /// # Errors
    /// When Elasticsearch does not answer or refuses.
    pub async fn count(&self, index: &str) -> Result<i64, SearchError> {
        use elasticsearch::CountParts;
        let answer = read(self.client.count(CountParts::Index(&[index])).send().await).await?;
        Ok(answer["count"].as_i64().unwrap_or_default())
    }

    /// What the index says of some documents; `None` for one that it does not have.
    ///
    /// # Errors
    /// When Elasticsearch does not answer or refuses.
    pub async fn sources(&self, index: &str, keys: &[DocumentKey]) -> Result<Vec<Option<Value>>, SearchError> {
        use elasticsearch::MgetParts;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let docs: Vec<Value> =
            keys.iter().map(|key| json!({ "_id": key.index_id(), "routing": key.workspace_id })).collect();
        let answer = self.client.mget(MgetParts::Index(index)).body(json!({ "docs": docs })).send().await;
        let mut answer = read(answer).await?;
        let docs = answer["docs"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let source = |mut doc: Value| (doc["found"] == true).then(|| doc["_source"].take());
        Ok(docs.into_iter().map(source).collect())
    }
}
