//! Indices: made, led to by the alias, removed.

use super::{Elastic, read, schema, write_alias};
use crate::search::SearchError;
use elasticsearch::indices::{
    IndicesCreateParts, IndicesDeleteParts, IndicesExistsParts, IndicesGetAliasParts, IndicesPutSettingsParts,
};
use serde_json::{Value, json};
use uuid::Uuid;

impl Elastic {
    /// A name for a new index, unlike any other, that begins with the alias.
    #[must_use]
    pub fn new_name(&self) -> String {
        format!("{}-{}", self.alias(), Uuid::now_v7().simple())
    }

    /// Makes an empty index. One that is there already stays as it is.
    ///
    /// # Errors
    /// When Elasticsearch does not answer or refuses.
    pub async fn create(&self, index: &str) -> Result<(), SearchError> {
        let body = schema::definition(&write_alias(index), self.shards);
        let answer = self.client.indices().create(IndicesCreateParts::Index(index)).body(body).send().await;
        match read(answer).await {
            Err(SearchError::Refused(why)) if why.contains("already exists") => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Whether there is such an index.
    ///
    /// # Errors
    /// When Elasticsearch does not answer.
    pub async fn exists(&self, index: &str) -> Result<bool, SearchError> {
        let answer = self.client.indices().exists(IndicesExistsParts::Index(&[index])).send().await;
        let status = answer.map_err(super::unavailable)?.status_code();
        match status.as_u16() {
            200 => Ok(true),
            404 => Ok(false),
            other => Err(SearchError::Unavailable(other.to_string())),
        }
    }

    /// The indices that the alias leads to now.
    ///
    /// # Errors
    /// When Elasticsearch does not answer or refuses.
    pub async fn led_to(&self) -> Result<Vec<String>, SearchError> {
        let alias = self.alias();
        let answer = self.client.indices().get_alias(IndicesGetAliasParts::Name(&[&alias])).send().await;
        let answer = answer.map_err(super::unavailable)?;
        if answer.status_code().as_u16() == 404 {
            return Ok(Vec::new());
        }
        let body = read(Ok(answer)).await?;
        Ok(body.as_object().map(|indices| indices.keys().cloned().collect()).unwrap_or_default())
    }

    /// Leads the alias to that index, away from every other, in one call: no search sees none or two. Its filter leaves
    /// out tombstones.
    ///
    /// # Errors
    /// When Elasticsearch does not answer or refuses.
    pub async fn lead_to(&self, index: &str) -> Result<(), SearchError> {
        let alias = self.alias();
        let away = self.led_to().await?.into_iter().filter(|old| old != index);
        let mut actions: Vec<Value> = away.map(|old| json!({ "remove": { "index": old, "alias": alias } })).collect();
        let filter = json!({ "term": { "deleted": false } });
        actions.push(json!({ "add": { "index": index, "alias": alias, "filter": filter } }));
        let answer = self.client.indices().update_aliases().body(json!({ "actions": actions })).send().await;
        read(answer).await.map(drop)
    }

    /// Removes an index; one that is not there is as good as removed.
    ///
    /// # Errors
    /// When Elasticsearch does not answer or refuses.
    pub async fn drop_index(&self, index: &str) -> Result<(), SearchError> {
        let answer = self.client.indices().delete(IndicesDeleteParts::Index(&[index])).send().await;
        match read(answer).await {
            Err(SearchError::Missing(_)) => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Stops making what is written visible, as long as nobody searches an index, or begins with it again.
    ///
    /// # Errors
    /// When Elasticsearch does not answer or refuses.
    pub async fn set_refreshing(&self, index: &str, refreshes: bool) -> Result<(), SearchError> {
        let interval = if refreshes { schema::REFRESH } else { "-1" };
        let body = json!({ "index": { "refresh_interval": interval } });
        let parts = IndicesPutSettingsParts::Index(&[index]);
        read(self.client.indices().put_settings(parts).body(body).send().await).await.map(drop)
    }
}
