//! `backup.verify`: a restore drill. A second run drills again, in another scratch database.

use super::Handler;
use crate::{backup, outcome::Failure, runner::Resources};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use gotong_backup::{Drill, Verify};
use gotong_queue::Job;
use gotong_shared::{
    backups::{self, BackupState, DrillEnd},
    db::{models::Backup, schema},
    jobs::BackupVerify,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// What these say is said of the backup itself; other errors are about keys, servers and networks.
const DAMAGE: [&str; 4] = ["tampered", "truncated", "manifest_invalid", "backup_missing"];

/// The most differences that are told in a sentence.
const TOLD: usize = 5;

impl Handler for BackupVerify {
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        let backup = good(self.backup_id, resources).await?;
        backups::begin_drill(&mut *resources.database.connection().await?, job.id, backup.id).await?;
        let (end, failure) = match drill(&backup, job, resources).await {
            Ok(drill) => of_drill(&backup, &drill),
            Err(Failure::Dead { class, message }) => {
                let error = Some((class.to_owned(), message.clone()));
                let is_damaged = DAMAGE.contains(&class);
                let end = DrillEnd { error, is_damaged, ..DrillEnd::of(backup.id) };
                (end, Some(Failure::Dead { class, message }))
            }
            Err(failure) => return Err(failure),
        };
        if !job.is_current() {
            return Err(Failure::retry("lease_lost", "another worker has the job by now"));
        }
        backups::end_drill(&mut *resources.database.connection().await?, job.id, &end).await?;
        let result = json!({ "rto_ms": end.rto_ms, "duration_ms": end.duration_ms, "report": end.report });
        failure.map_or(Ok(Some(result)), Err)
    }
}

/// The backup, if it can be restored.
pub(super) async fn good(id: Uuid, resources: &Resources) -> Result<Backup, Failure> {
    let mut connection = resources.database.connection().await?;
    let query = schema::backups::table.find(id).select(Backup::as_select());
    let backup = query.first(&mut connection).await.optional()?;
    let backup = backup.ok_or_else(|| Failure::Cancel("the backup is not known any more".into()))?;
    if backup.state == BackupState::Good.as_str() {
        return Ok(backup);
    }
    Err(Failure::Cancel(format!("the backup is {}, so that it cannot be restored", backup.state)))
}

async fn drill(backup: &Backup, job: &Job, resources: &Resources) -> Result<Drill, Failure> {
    let own = &resources.backups;
    let (store, target, which) = (own.store_of(backup), backup.target.parse()?, backup::exactly(backup));
    let (identities, server) = (own.identities().await?, own.scratch()?);
    let (observer, cancelled) = (backup::observer(job), job.cancelled());
    let verified = gotong_backup::verify(Verify {
        store: &store,
        target: &target,
        which: &which,
        identities: &identities,
        server: &server,
        programs: &own.programs,
        progress: Some(&observer),
        cancelled: &cancelled,
    });
    Ok(verified.await?)
}

fn of_drill(backup: &Backup, drill: &Drill) -> (DrillEnd, Option<Failure>) {
    let end = DrillEnd {
        rto_ms: i64::try_from(drill.restore_ms).ok(),
        duration_ms: i64::try_from(drill.duration_ms).ok(),
        report: serde_json::to_value(drill).ok(),
        ..DrillEnd::of(backup.id)
    };
    if drill.is_good() {
        return (end, None);
    }
    let mut told: Vec<String> = drill.differences.iter().take(TOLD).map(ToString::to_string).collect();
    if drill.differences.len() > TOLD {
        told.push(format!("and {} more", drill.differences.len() - TOLD));
    }
    let message = format!("what was restored differs from the manifest: {}", told.join("; "));
    let error = Some(("drill_differs".to_owned(), message.clone()));
    (DrillEnd { error, is_damaged: true, ..end }, Some(Failure::dead("drill_differs", message)))
}
