//! `search.index`.

use super::Handler;
use crate::{outcome::Failure, runner::Resources};
use gotong_queue::Job;
use gotong_shared::{documents::Asked, jobs::SearchIndex};
use serde_json::Value;

impl Handler for SearchIndex {
    /// The write carries the document's version, so a second one changes nothing, and a late one nothing either.
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        resources.indexer.index(Asked { job_id: job.id, kind: self.kind, id: self.id }).await
    }
}
