//! Leases, runs and locks in Redis that no job stands behind, and jobs that no list holds.

use super::{BATCH, Doctor, Finding, Report};
use crate::runner::PassError;
use gotong_queue::HealWalk;

impl Doctor {
    /// One step of a walk over leases, runs, locks and waiting jobs.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn heal(&self, walk: &mut HealWalk, report: &mut Report) -> Result<(), PassError> {
        let found = self.resources.client.heal_step(&self.queue, walk, BATCH, !self.mends()).await?;
        let queue = self.queue.as_ref();
        let whole = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let leases = whole(found.counts.leases + found.counts.adopted);
        let locks = whole(found.counts.locks);
        let stranded = whole(found.counts.stranded);
        let mended = |count: usize| if self.mends() { count } else { 0 };
        report.note_many(queue, Finding::Lease, leases, mended(leases), &found.jobs);
        report.note_many(queue, Finding::Lock, locks, mended(locks), &found.keys);
        report.note_many(queue, Finding::Stranded, stranded, mended(stranded), &found.stranded);
        if self.mends() && leases + locks + stranded > 0 {
            tracing::warn!(
                queue,
                leases,
                locks,
                stranded,
                "mended leases and locks without owners, and jobs in no list"
            );
        }
        Ok(())
    }
}
