//! Writes in bulk, each with the version that the ledger gave it.

use super::{Elastic, read, refusal, schema, write_alias};
use crate::{documents::Row, search::SearchError};
use bytes::Bytes;
use elasticsearch::BulkParts;
use serde_json::{Value, json};

/// When a write takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionType {
    /// Over a lower version only.
    Greater,
    /// Over the same version as well: to mend what is damaged.
    GreaterOrEqual,
}

impl VersionType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Greater => "external",
            Self::GreaterOrEqual => "external_gte",
        }
    }
}

/// What became of one write.
#[derive(Clone, Debug)]
pub enum Settled {
    /// The index has it now.
    Written,
    /// The index has this version already, or a newer one.
    Newer,
    /// It has not: see [`SearchError`] for whether it may succeed later.
    Failed(SearchError),
}

impl Elastic {
    /// A row as [`Elastic::write_lines`] takes it: an action and the document, a tombstone for one that is deleted.
    #[must_use]
    pub fn line(row: &Row, kind: VersionType) -> Bytes {
        let head = json!({ "index": {
            "_id": row.key.index_id(), "routing": row.key.workspace_id,
            "version": row.version, "version_type": kind.as_str(),
        } });
        format!("{head}\n{}\n", schema::source(row)).into()
    }

    /// Writes to an index. The answers are in the order of the lines.
    ///
    /// # Errors
    /// When the call as a whole gave no answer.
    pub async fn write_lines(&self, index: &str, lines: Vec<Bytes>) -> Result<Vec<Settled>, SearchError> {
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let count = lines.len();
        let alias = write_alias(index);
        let answer = self
            .client
            .bulk(BulkParts::Index(&alias))
            .require_alias(true)
            .filter_path(&["items.*.status", "items.*.error"]);
        let answer = read(answer.body(lines).send().await).await?;
        let items = answer["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        if items.len() != count {
            return Err(SearchError::Unavailable("its answer does not tell of every item".into()));
        }
        Ok(items.iter().map(settled).collect())
    }

    /// Removes entries that no row of the ledger stands for, by their ids, workspaces and versions.
    ///
    /// # Errors
    /// When Elasticsearch does not answer or refuses.
    pub async fn remove(&self, index: &str, entries: &[(String, String, i64)]) -> Result<Vec<Settled>, SearchError> {
        let line = |(id, routing, version): &(String, String, i64)| {
            let head = json!({ "delete": {
                "_id": id, "routing": routing, "version": version, "version_type": "external_gte",
            } });
            Bytes::from(format!("{head}\n"))
        };
        self.write_lines(index, entries.iter().map(line).collect()).await
    }

    /// Makes everything that was written visible.
    ///
    /// # Errors
    /// When Elasticsearch does not answer or refuses.
    pub async fn refresh(&self, index: &str) -> Result<(), SearchError> {
        use elasticsearch::indices::IndicesRefreshParts;
        let answer = self.client.indices().refresh(IndicesRefreshParts::Index(&[index])).send().await;
        read(answer).await.map(drop)
    }
}

fn settled(item: &Value) -> Settled {
    let Some(result) = item.as_object().and_then(|item| item.values().next()) else {
        return Settled::Failed(SearchError::Unavailable("an item of its answer says nothing".into()));
    };
    match result["status"].as_u64().and_then(|status| u16::try_from(status).ok()) {
        Some(200..=299) => Settled::Written,
        Some(409) => Settled::Newer,
        // A delete of what is not there.
        Some(404) if result["error"].is_null() => Settled::Newer,
        Some(status) => Settled::Failed(refusal(status, &result["error"])),
        None => Settled::Failed(SearchError::Unavailable("an item of its answer has no status".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_is_settled_by_its_own_result() {
        let item = |status: u16, kind: &str| json!({ "index": { "status": status, "error": { "type": kind, "reason": "r" } } });
        assert!(matches!(settled(&json!({ "index": { "status": 201 } })), Settled::Written));
        assert!(matches!(settled(&item(409, "version_conflict_engine_exception")), Settled::Newer));
        for status in [429, 503] {
            let busy = settled(&item(status, "es_rejected_execution_exception"));
            assert!(matches!(busy, Settled::Failed(SearchError::Unavailable(_))), "{status}");
        }
        let strict = settled(&item(400, "strict_dynamic_mapping_exception"));
        assert!(matches!(strict, Settled::Failed(SearchError::Refused(_))));
        let gone = settled(&item(404, "index_not_found_exception"));
        assert!(matches!(gone, Settled::Failed(SearchError::Missing(_))));
    }
}
