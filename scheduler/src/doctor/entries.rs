//! Entries that are alive in Redis, against their rows.

use super::{BATCH, Doctor, Finding, Report};
use crate::runner::PassError;
use diesel_async::AsyncConnection;
use gotong_queue::EntryView;
use gotong_shared::{
    db::DatabaseError,
    ledger::{self, RowOrder},
};
use std::collections::HashMap;
use uuid::Uuid;

/// What an entry calls for, given its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The ledger is past it: whatever is alive below this generation goes.
    Over {
        /// The generation.
        below: u32,
    },
    /// Held back, under this generation, by this parking.
    Parked {
        /// The generation.
        generation: u32,
        /// The parking.
        parking: Uuid,
    },
}

/// Judges an entry by its row, which was read before it; `None` for one that is as it should be.
#[must_use]
pub fn judge(row: Option<RowOrder>, entry: &EntryView) -> Option<Verdict> {
    if !entry.is_alive() {
        return None;
    }
    let below = row.map_or(u32::MAX, RowOrder::alive_from);
    let generation = entry.order().0;
    if generation < below {
        return Some(Verdict::Over { below });
    }
    match entry {
        EntryView::Waiting { parked: Some(parking), .. } => Some(Verdict::Parked { generation, parking: *parking }),
        _ => None,
    }
}

impl Doctor {
    /// Every entry that is alive in Redis against its row. Answers how many were over.
    pub(super) async fn compare_everything(&self, report: &mut Report) -> Result<usize, PassError> {
        let count = |report: &Report| report.of(self.queue.as_ref(), Finding::Over).mended;
        let before = count(report);
        let mut cursor = self.compare_entries(0, report).await?;
        while cursor != 0 {
            cursor = self.compare_entries(cursor, report).await?;
        }
        Ok(count(report) - before)
    }

    /// One step of the walk over Redis, from `cursor` (0 at first): takes away what the ledger knows as over or does not
    /// have, gives back what an edit left parked. Answers the next cursor; 0 at the end.
    ///
    /// # Errors
    /// When PostgreSQL or Redis does not answer.
    pub async fn compare_entries(&self, cursor: u64, report: &mut Report) -> Result<u64, PassError> {
        let (next, looked) = self.resources.client.scan_entries(&self.queue, cursor, BATCH).await?;
        if looked.is_empty() {
            return Ok(next);
        }
        // The rows are read first and Redis second, so the walk only names the candidates.
        let ids: Vec<Uuid> = looked.iter().map(|(id, _)| *id).collect();
        let rows: HashMap<Uuid, RowOrder> = {
            let mut connection = self.resources.database.connection().await?;
            ledger::orders(&mut connection, &ids).await?
        };
        let entries = self.resources.client.entries(&self.queue, &ids).await?;
        for (id, entry) in ids.into_iter().zip(entries) {
            match judge(rows.get(&id).copied(), &entry) {
                None => {}
                Some(Verdict::Over { below }) => self.found_over(id, below, report).await?,
                Some(Verdict::Parked { generation, parking }) => {
                    self.found_parked(id, generation, parking, report).await?;
                }
            }
        }
        Ok(next)
    }

    async fn found_over(&self, id: Uuid, below: u32, report: &mut Report) -> Result<(), PassError> {
        let queue = self.queue.as_ref();
        if !self.mends() {
            report.note(queue, Finding::Over, id, false);
        } else if self.resources.client.purge(&self.queue, id, below).await? {
            report.note(queue, Finding::Over, id, true);
            tracing::warn!(queue, job = %id, below, "taken out of Redis: the ledger has it as over");
        }
        Ok(())
    }

    async fn found_parked(&self, id: Uuid, generation: u32, parking: Uuid, to: &mut Report) -> Result<(), PassError> {
        let queue = self.queue.as_ref();
        if self.unpark(id, generation, parking).await? {
            to.note(queue, Finding::Parked, id, self.mends());
            if self.mends() {
                tracing::warn!(queue, job = %id, "given back: an edit left it parked");
            }
        }
        Ok(())
    }

    /// Gives a parked job back while it holds the row's lock, so never in the middle of an edit; and only if the row is
    /// still open, since a late park can reach a Redis that has forgotten the job's end. Answers whether it did, or, if it
    /// only looks, whether it would.
    ///
    /// # Errors
    /// When PostgreSQL or Redis does not answer.
    pub async fn unpark(&self, id: Uuid, generation: u32, parking: Uuid) -> Result<bool, PassError> {
        let mut connection = self.resources.database.connection().await?;
        connection
            .transaction(async |connection| {
                let locked = ledger::lock_open(connection, id, generation).await.map_err(DatabaseError::from)?;
                if !locked || !self.mends() {
                    return Ok(locked);
                }
                Ok::<_, PassError>(self.resources.client.unpark(&self.queue, id, parking).await?)
            })
            .await
    }
}
