//! `maintenance.purge_media`.

use super::Handler;
use crate::{outcome::Failure, runner::Resources};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use gotong_queue::Job;
use gotong_shared::{
    db::schema::{media, media_thumbnails},
    jobs::MaintenancePurgeMedia,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Rows that are locked while their objects go.
const BATCH: i64 = 50;

impl Handler for MaintenancePurgeMedia {
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        let deleted_before = Utc::now() - TimeDelta::seconds(self.grace_s.into());
        let mut purged = 0;
        loop {
            let batch = purge(resources, deleted_before).await?;
            purged += batch;
            if batch == 0 || job.cancelled().is_cancelled() {
                return Ok(Some(json!({ "purged": purged })));
            }
        }
    }
}

/// Removes objects first and rows after, under the rows' locks: a restore waits, and then finds nothing; a worker that
/// dies in between leaves rows, and the next run removes them.
async fn purge(resources: &Resources, deleted_before: DateTime<Utc>) -> Result<usize, Failure> {
    let mut connection = resources.database.connection().await?;
    connection
        .transaction(async |connection| {
            let rows: Vec<(Uuid, String)> = media::table
                .filter(media::deleted_at.lt(deleted_before))
                .order(media::deleted_at)
                .limit(BATCH)
                .select((media::id, media::object_key))
                .for_update()
                .skip_locked()
                .load(connection)
                .await?;
            let ids: Vec<Uuid> = rows.iter().map(|(id, _)| *id).collect();
            let thumbnails = media_thumbnails::table.filter(media_thumbnails::media_id.eq_any(&ids));
            let mut keys: Vec<String> = thumbnails.select(media_thumbnails::object_key).load(connection).await?;
            keys.extend(rows.into_iter().map(|(_, key)| key));
            resources.storage.delete(&keys).await?;
            diesel::delete(media::table.filter(media::id.eq_any(&ids))).execute(connection).await?;
            Ok(ids.len())
        })
        .await
}
