//! The handler of every kind. A kind in the registry without one here does not compile.

mod backup_copy_media;
mod backup_create;
mod backup_prune;
mod backup_restore;
mod backup_verify;
mod email_send;
mod maintenance_drop_partitions;
mod maintenance_prune_history;
mod maintenance_prune_keys;
mod maintenance_prune_reports;
mod maintenance_purge_media;
mod maintenance_sweep_storage;
mod report_generate;
mod search_audit;
mod search_index;
mod search_prune;
mod search_reindex;
mod thumbnail_generate;
mod webhook_deliver;

use crate::{
    outcome::{self, Failure},
    runner::Resources,
};
use gotong_queue::{Job, Outcome};
use gotong_shared::{
    enqueue::Claim,
    for_each_kind,
    jobs::{
        BackupCopyMedia, BackupCreate, BackupPrune, BackupRestore, BackupVerify, Contract, EmailSend,
        MaintenanceDropPartitions, MaintenancePruneHistory, MaintenancePruneKeys, MaintenancePruneReports,
        MaintenancePurgeMedia, MaintenanceSweepStorage, ReportGenerate, SearchAudit, SearchIndex, SearchPrune,
        SearchReindex, ThumbnailGenerate, WebhookDeliver,
    },
};
use serde_json::Value;

/// What runs a job of one kind. Running it twice must change nothing: a worker can die after the effect and before
/// its report.
pub trait Handler: Contract {
    /// Does the work. `job` tells whether it was cancelled or its lease lost, and takes progress and log lines.
    fn handle(self, job: &Job, resources: &Resources) -> impl Future<Output = Result<Option<Value>, Failure>> + Send;
}

/// The kinds that this build can run on a queue.
#[must_use]
pub fn kinds_of(queue: &str) -> Vec<&'static str> {
    gotong_shared::jobs::kinds().filter(|kind| kind.queue.name == queue).map(|kind| kind.name).collect()
}

/// Runs a job of whatever kind.
pub async fn dispatch(job: &Job, resources: &Resources) -> Outcome {
    macro_rules! by_kind {
        ($($payload:ident,)*) => {
            match &*job.kind {
                $(<$payload as Contract>::KIND => decode_and_run::<$payload>(job, resources).await,)*
                kind => Err(Failure::retry("unknown_kind", format!("this worker has no handler for {kind}"))),
            }
        };
    }
    outcome::outcome(for_each_kind!(by_kind))
}

async fn decode_and_run<H: Handler>(job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
    let misfit = |error: serde_json::Error| {
        Failure::dead("invalid_payload", format!("the payload does not fit its kind: {error}"))
    };
    let row: Value = serde_json::from_slice(&job.payload).map_err(misfit)?;
    let payload: H = match Claim::of(&row) {
        Some(claim) => serde_json::from_slice(&claim.redeem(&resources.storage).await?).map_err(misfit)?,
        None => serde_json::from_value(row).map_err(misfit)?,
    };
    payload.handle(job, resources).await
}
