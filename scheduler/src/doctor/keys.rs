//! Unique keys of the ledger whose job is over or gone. The end of a job frees its key in the same transaction, so only a
//! change made by hand leaves one behind.

use super::{BATCH, Finding, Mode, Report};
use crate::{Resources, runner::PassError};
use gotong_shared::ledger;
use uuid::Uuid;

/// One batch of keys, in the order of their jobs, after that of `after` (nil at first). Answers where to go on; `None` at
/// the end.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn look_at_keys(
    resources: &Resources,
    mode: Mode,
    after: Uuid,
    report: &mut Report,
) -> Result<Option<Uuid>, PassError> {
    let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let mut connection = resources.database.connection().await?;
    let held = ledger::held_keys(&mut connection, after, limit).await?;
    let owners: Vec<Uuid> = held.iter().filter(|key| !key.is_owned).map(|key| key.job_id).collect();
    if mode == Mode::Look {
        report.note_many("", Finding::Key, owners.len(), 0, &owners);
    } else if !owners.is_empty() {
        let freed = ledger::free_keys(&mut connection, &owners).await?;
        report.note_many("", Finding::Key, freed.len(), freed.len(), &freed);
        tracing::warn!(freed = freed.len(), "freed unique keys of jobs that are over");
    }
    Ok(held.last().filter(|_| held.len() == BATCH).map(|key| key.job_id))
}
