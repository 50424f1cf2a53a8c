//! `maintenance.prune_reports`.

use super::Handler;
use crate::{outcome::Failure, runner::Resources};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use gotong_queue::Job;
use gotong_shared::{db::schema::reports, jobs::MaintenancePruneReports};
use serde_json::{Value, json};
use uuid::Uuid;

/// Rows that are locked while their objects go.
const BATCH: i64 = 50;

impl Handler for MaintenancePruneReports {
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        let mut removed = 0;
        loop {
            let batch = prune(resources).await?;
            removed += batch;
            if batch == 0 || job.cancelled().is_cancelled() {
                return Ok(Some(json!({ "reports": removed })));
            }
        }
    }
}

/// Removes files first and rows after, under the rows' locks: a worker that dies in between leaves rows, and the next run
/// removes them. A report whose job has not ended stays.
async fn prune(resources: &Resources) -> Result<usize, Failure> {
    let mut connection = resources.database.connection().await?;
    connection
        .transaction(async |connection| {
            let rows: Vec<(Uuid, Option<String>)> = reports::table
                .filter(reports::expires_at.lt(diesel::dsl::now).and(reports::state.ne("queued")))
                .order(reports::expires_at)
                .limit(BATCH)
                .select((reports::id, reports::object_key))
                .for_update()
                .skip_locked()
                .load(connection)
                .await?;
            let (ids, keys): (Vec<Uuid>, Vec<Option<String>>) = rows.into_iter().unzip();
            let keys: Vec<String> = keys.into_iter().flatten().collect();
            resources.storage.delete(&keys).await?;
            diesel::delete(reports::table.filter(reports::id.eq_any(&ids))).execute(connection).await?;
            Ok(ids.len())
        })
        .await
}
