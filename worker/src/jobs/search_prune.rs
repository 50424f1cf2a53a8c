//! `search.prune`.

use super::Handler;
use crate::{outcome::Failure, runner::Resources};
use gotong_queue::Job;
use gotong_shared::{jobs::SearchPrune, search::indexes};
use serde_json::{Value, json};

impl Handler for SearchPrune {
    async fn handle(self, _job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        let Some(elastic) = resources.search.elastic() else { return Ok(None) };
        let over = indexes::to_drop(&mut *resources.database.connection().await?).await?;
        for index in &over {
            elastic.drop_index(index).await?;
            indexes::dropped(&mut *resources.database.connection().await?, index).await?;
        }
        Ok(Some(json!({ "indices": over.len() })))
    }
}
