//! `backup.prune`.
//!
//! A backup is taken off the list first, so that nobody begins to read it; then its manifest goes, then its object. What a
//! run that died has left undone the next one finds by the rows.

use super::Handler;
use crate::{outcome::Failure, runner::Resources};
use chrono::{TimeDelta, Utc};
use gotong_backup::TargetName;
use gotong_queue::Job;
use gotong_shared::{backups, jobs::BackupPrune};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// How old what nobody finished has to be: longer than any attempt takes.
const LEFT: Duration = Duration::from_hours(24);
/// How long the rows of backups that failed or were removed are kept.
const HISTORY: TimeDelta = TimeDelta::days(90);

impl Handler for BackupPrune {
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        let own = &resources.backups;
        let mut connection = resources.database.connection().await?;
        let mut kept = 0;
        for target in &own.config.targets {
            if self.target.as_ref().is_some_and(|name| *name != target.name) {
                continue;
            }
            for verdict in backups::plan(&mut connection, own.config.keep, &target.name).await? {
                if verdict.keep {
                    kept += 1;
                } else if let Ok(id) = verdict.id.to_string().parse::<Uuid>() {
                    backups::expire(&mut connection, id).await?;
                }
            }
        }
        let removed = remove(job, resources).await?;
        let left = if own.config.is_enabled() { sweep(resources).await? } else { Value::Null };
        let forgotten = backups::forget_old(&mut connection, Utc::now() - HISTORY).await?;
        Ok(Some(json!({ "kept": kept, "removed": removed, "left_behind": left, "forgotten": forgotten })))
    }
}

/// Removes the objects of what is off the list; answers of which backups.
async fn remove(job: &Job, resources: &Resources) -> Result<Vec<Uuid>, Failure> {
    let expired = backups::to_delete(&mut *resources.database.connection().await?).await?;
    let mut removed = Vec::new();
    for backup in &expired {
        if job.cancelled().is_cancelled() {
            break;
        }
        let (store, target) = (resources.backups.store_of(backup), backup.target.parse::<TargetName>()?);
        gotong_backup::remove(&store, &target, &backup.id.into()).await?;
        backups::deleted(&mut *resources.database.connection().await?, backup.id).await?;
        removed.push(backup.id);
        tracing::info!(of = backup.target, backup = %backup.id, "a backup was removed");
    }
    Ok(removed)
}

/// Removes what killed workers have left in the store and on the scratch server.
async fn sweep(resources: &Resources) -> Result<Value, Failure> {
    let own = &resources.backups;
    let swept = gotong_backup::sweep(own.store(), LEFT).await?;
    let databases = gotong_backup::sweep_scratch(&own.scratch()?, LEFT).await?;
    Ok(json!({ "uploads": swept.uploads, "objects": swept.objects, "databases": databases }))
}
