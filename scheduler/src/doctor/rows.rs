//! Open rows, against what Redis knows.

use super::{BATCH, Doctor, Finding, Report};
use crate::runner::PassError;
use gotong_queue::EntryView;
use gotong_shared::ledger::{self, OpenRow};
use uuid::Uuid;

/// Whether Redis should know a row that was read before its entry, and does not.
#[must_use]
pub fn is_lost(row: &OpenRow, entry: &EntryView) -> bool {
    entry.order().0 < u32::try_from(row.generation).unwrap_or_default()
}

impl Doctor {
    /// One batch of open rows after the id `after` (nil at first): what Redis lost is handed to the relay again. Answers
    /// where to go on; `None` at the end.
    ///
    /// # Errors
    /// When PostgreSQL or Redis does not answer.
    pub async fn compare_rows(&self, after: Uuid, report: &mut Report) -> Result<Option<Uuid>, PassError> {
        let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
        let rows = {
            let mut connection = self.resources.database.connection().await?;
            ledger::open_rows(&mut connection, self.queue.as_ref(), after, limit).await?
        };
        let next = rows.last().filter(|_| rows.len() == BATCH).map(|row| row.id);
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let entries = self.resources.client.entries(&self.queue, &ids).await?;
        let lost: Vec<OpenRow> =
            rows.iter().zip(&entries).filter(|(row, entry)| is_lost(row, entry)).map(|(row, _)| *row).collect();
        if !lost.is_empty() {
            self.found_lost(&lost, report).await?;
        }
        Ok(next)
    }

    async fn found_lost(&self, lost: &[OpenRow], report: &mut Report) -> Result<(), PassError> {
        let queue = self.queue.as_ref();
        let mut connection = self.resources.database.connection().await?;
        let ids = if self.mends() {
            ledger::refill(&mut connection, lost).await?
        } else {
            ledger::still_lost(&mut connection, lost).await?
        };
        let refilled = if self.mends() { ids.len() } else { 0 };
        report.note_many(queue, Finding::Lost, ids.len(), refilled, &ids);
        if refilled > 0 {
            tracing::warn!(queue, refilled, "Redis had lost jobs; the relay pushes them again");
        }
        Ok(())
    }
}
