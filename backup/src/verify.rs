//! The restore drill: a backup is good when it was restored and what it holds was compared.

use crate::{
    BackupId, DatabaseUrl, Error, Identity, Programs, Selector, Store, TargetName, databases,
    databases::{Filling, Temporary},
    difference::{self, Compared, Difference},
    inventory,
    progress::Observer,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const SCRATCH: &str = "gotong_drill_";
const ABANDONED: Duration = Duration::from_hours(24);

/// Which backup is to be proved, and where.
#[derive(Clone)]
pub struct Verify<'a> {
    /// Where it lies.
    pub store: &'a Store,
    /// What it is a backup of.
    pub target: &'a TargetName,
    /// Which one.
    pub which: &'a Selector,
    /// Secret keys, one of which opens it.
    pub identities: &'a [Identity],
    /// The server for the scratch database; the role of the address may create databases.
    pub server: &'a DatabaseUrl,
    /// Where `pg_restore` is.
    pub programs: &'a Programs,
    /// Told of the bytes restored and the tables compared.
    pub progress: Option<&'a Observer>,
    /// Ends it; the scratch database is dropped.
    pub cancelled: &'a CancellationToken,
}

/// The result of a restore that went through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    /// The backup.
    pub id: BackupId,
    /// The version of the server that it was restored on.
    pub server_version: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When the scratch database had been compared and dropped.
    pub finished_at: DateTime<Utc>,
    /// From the beginning to the restored database, in milliseconds: the recovery time that was measured.
    pub restore_ms: u64,
    /// With the comparison, in milliseconds.
    pub duration_ms: u64,
    /// How many tables were compared.
    pub tables: u64,
    /// How many rows these held.
    pub rows: u64,
    /// Roles that the server lacks; with one, owners and privileges were left out.
    pub missing_roles: Vec<String>,
    /// What is not as it was.
    pub differences: Vec<Difference>,
}

impl Drill {
    /// Whether nothing is different.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Restores a backup into a scratch database, compares it with the manifest, and drops it, also after a failure. Scratch
/// databases that killed drills left more than a day ago go too.
///
/// # Errors
/// When it cannot be restored: [`Error::BackupMissing`], [`Error::WrongKey`], [`Error::Tampered`], [`Error::Truncated`],
/// [`Error::RestoreFailed`], [`Error::Cancelled`], or of the store and the server. A restored one that is different is no
/// error but has differences.
pub async fn verify(request: Verify<'_>) -> Result<Drill, Error> {
    let drilled = request.cancelled.run_until_cancelled(Box::pin(drill(&request))).await;
    drilled.unwrap_or(Err(Error::Cancelled))
}

async fn drill(request: &Verify<'_>) -> Result<Drill, Error> {
    let (started_at, started) = (Utc::now(), Instant::now());
    let Verify { store, target, which, identities, server, programs, progress, .. } = request.clone();
    let manifest = inventory::find(store, target, which).await?;
    if let Err(error) = sweep_scratch(server, ABANDONED).await {
        tracing::warn!(%error, "scratch databases of earlier drills were not swept");
    }
    let scratch = Temporary::create(server, SCRATCH, &manifest.database).await?;
    let filling = Filling { store, manifest: &manifest, identities, programs, progress };
    let compared = fill_and_compare(&filling, &scratch.url, started).await;
    let dropped = scratch.drop_now().await;
    let (missing_roles, restored, found) = compared?;
    dropped?;
    Ok(Drill {
        id: manifest.id.clone(),
        server_version: found.server_version,
        started_at,
        finished_at: Utc::now(),
        restore_ms: milliseconds(restored),
        duration_ms: milliseconds(started.elapsed()),
        tables: found.tables,
        rows: found.rows,
        missing_roles,
        differences: found.differences,
    })
}

async fn fill_and_compare(
    filling: &Filling<'_>,
    scratch: &DatabaseUrl,
    started: Instant,
) -> Result<(Vec<String>, Duration, Compared), Error> {
    let missing_roles = filling.run(scratch).await?;
    let restored = started.elapsed();
    Ok((missing_roles, restored, difference::compare(scratch, filling.manifest, filling.progress).await?))
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Drops the scratch databases of killed drills that are older than that; their names. A day is longer than any drill.
///
/// # Errors
/// When the server is unavailable or refuses.
pub async fn sweep_scratch(server: &DatabaseUrl, older_than: Duration) -> Result<Vec<String>, Error> {
    databases::sweep(server, SCRATCH, older_than.as_secs()).await
}
