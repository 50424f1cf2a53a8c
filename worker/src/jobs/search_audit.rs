//! `search.audit`.

use super::Handler;
use crate::{
    outcome::Failure,
    runner::Resources,
    search::{compare, fill},
};
use gotong_queue::Job;
use gotong_shared::{jobs::SearchAudit, search::indexes};
use serde_json::{Value, json};
use std::time::Duration;

impl Handler for SearchAudit {
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        let Some(elastic) = resources.search.elastic() else {
            return Err(Failure::Cancel("no Elasticsearch is configured; the ledger is searched itself".into()));
        };
        let state = indexes::state(&mut *resources.database.connection().await?, &self.index).await?;
        let Some(active) = state.active else {
            return Err(Failure::Cancel("there is no index yet; the first document makes it".into()));
        };
        if !elastic.exists(&active).await? {
            tracing::warn!(index = active, "the search index is gone; it is made again");
            fill::make(&resources.database, elastic, &active, usize::MAX).await?;
        }
        let settle = Duration::from_secs(self.settle_s.into());
        let drift = compare::compare(job, resources, elastic, &active, settle).await?;
        let (looked_at, damaged) = compare::sample(resources, elastic, &active, settle).await?;
        compare::count(drift);
        if drift.total() > 0 {
            tracing::warn!(?drift, "the search index differed from the ledger, and was mended");
        }
        let found = json!({ "drift": drift.told(), "sampled": looked_at, "damaged": damaged });
        indexes::note_audit(&mut *resources.database.connection().await?, &self.index, &found).await?;
        Ok(Some(found))
    }
}
