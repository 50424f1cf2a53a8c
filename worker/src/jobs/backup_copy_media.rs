//! `backup.copy_media`. What is there with the same hash is not copied again.

use super::Handler;
use crate::{backup, outcome::Failure, runner::Resources};
use gotong_backup::{Copy, CopyReport, FailedCopy};
use gotong_queue::Job;
use gotong_shared::{backups, jobs::BackupCopyMedia};
use serde_json::{Value, json};

/// Objects that are copied at once.
const CONCURRENCY: usize = 4;
/// Objects that failed, of which something is told.
const TOLD: usize = 20;

impl Handler for BackupCopyMedia {
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        let Some((from, to)) = resources.backups.copying() else {
            return Err(Failure::Cancel("no copy is configured: GOTONG_BACKUP_MEDIA_BUCKET is not set".into()));
        };
        to.ensure_bucket().await?;
        let (observer, cancelled) = (backup::observer(job), job.cancelled());
        let copied = gotong_backup::copy(Copy {
            from: &from,
            to: &to,
            concurrency: CONCURRENCY,
            recheck: self.recheck,
            cancelled: &cancelled,
            progress: Some(&observer),
        });
        let copied = copied.await;
        let mut connection = resources.database.connection().await?;
        let report = match copied {
            Ok(report) => report,
            Err(error) => {
                let told = error.to_string();
                backups::note_copy(&mut connection, None, Some((error.code(), told.as_str()))).await?;
                return Err(error.into());
            }
        };
        let result = Some(told(&report));
        let Some(first) = report.failed.first() else {
            backups::note_copy(&mut connection, result.clone(), None).await?;
            return Ok(result);
        };
        let why =
            format!("{} objects could not be copied; the first is {}: {}", report.failures, first.key, first.reason);
        backups::note_copy(&mut connection, result, Some(("copy_incomplete", &why))).await?;
        Err(Failure::retry("copy_incomplete", why))
    }
}

/// What a copy came to; of the objects that failed a few.
fn told(report: &CopyReport) -> Value {
    let failed: Vec<Value> = report.failed.iter().take(TOLD).map(tell).collect();
    json!({
        "listed": report.listed, "copied": report.copied, "skipped": report.skipped, "rechecked": report.rechecked,
        "bytes": report.bytes, "failures": report.failures, "failed": failed,
    })
}

fn tell(failed: &FailedCopy) -> Value {
    json!({ "key": failed.key, "class": failed.code, "message": failed.reason })
}
