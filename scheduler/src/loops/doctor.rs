//! Doctor: compares ledger and Redis, and repairs what a loss, a rollback or a death left behind.

use crate::{
    Resources,
    runner::{Loop, Pass, PassError},
};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use gotong_queue::{EntryView, EpochView, QueueName};
use gotong_shared::{
    db::{DatabaseError, schema::jobs},
    ledger::{self, OpenRow, RowOrder},
};
use std::{collections::HashMap, time::Duration};
use uuid::Uuid;

/// Rows or entries compared at once.
const BATCH: usize = 1_000;
/// Batches a pass: what bounds it.
const BATCHES: usize = 20;

/// The doctor of one queue. It goes round: a pass continues where the last one stopped.
pub struct Doctor {
    resources: Resources,
    queue: QueueName,
    row: Uuid,
    cursor: u64,
}

impl Doctor {
    /// Of that queue.
    #[must_use]
    pub fn new(resources: Resources, queue: QueueName) -> Self {
        Self { resources, queue, row: Uuid::nil(), cursor: 0 }
    }

    /// Sees to it that ledger and Redis agree on the epoch, and that it is open for this run of the server. Answers
    /// whether something was wrong.
    ///
    /// The ledger is read first: of two doctors in step one then loses its compare-and-set, instead of both winning in
    /// turn. A missing key first gets a closed mark that the ledger never names: a doctor that stalls with an epoch to
    /// open can then not open it in a Redis that has lost its memory meanwhile.
    async fn settle_epoch(&mut self) -> Result<bool, PassError> {
        let Resources { database, client } = self.resources.clone();
        let queue = self.queue.clone();
        let mut connection = database.connection().await?;
        let named = ledger::epochs(&mut connection, &[queue.as_ref()]).await?.remove(queue.as_ref());
        let named = named.map(|(name, _)| name);
        let EpochView { name: held, open_for, run_id } = client.epoch(&queue).await?;
        if held.is_some() && held == named && open_for.as_ref() == Some(&run_id) {
            return Ok(false);
        }
        let before = if let Some(before) = held {
            before
        } else {
            let mark = format!("lost-{}", Uuid::new_v4());
            if !client.set_epoch(&queue, &mark, None, None).await? {
                return Ok(true);
            }
            mark
        };
        let name = Uuid::new_v4().to_string();
        if !ledger::announce_epoch(&mut connection, queue.as_ref(), named.as_deref(), &name, &run_id).await? {
            return Ok(true);
        }
        drop(connection);
        if client.set_epoch(&queue, &name, None, Some(&before)).await? {
            let purged = self.compare_everything().await?;
            client.open_epoch(&queue, &name, &run_id).await?;
            tracing::warn!(%queue, epoch = name, purged, "Redis is new, came back or failed over: compared, and opened");
        }
        self.row = Uuid::nil();
        Ok(true)
    }

    /// Every entry that is alive in Redis against its row.
    async fn compare_everything(&self) -> Result<usize, PassError> {
        let (mut cursor, mut repaired) = (0, 0);
        loop {
            let (next, done) = self.compare_entries(cursor).await?;
            repaired += done;
            if next == 0 {
                return Ok(repaired);
            }
            cursor = next;
        }
    }

    /// One step of the walk over Redis: purges what the ledger knows as over or does not have, gives back what an edit
    /// left parked.
    async fn compare_entries(&self, cursor: u64) -> Result<(u64, usize), PassError> {
        let Resources { database, client } = &self.resources;
        let (next, looked) = client.scan_entries(&self.queue, cursor, BATCH).await?;
        if looked.is_empty() {
            return Ok((next, 0));
        }
        // The rows are read first and Redis second, so the walk only names the candidates.
        let ids: Vec<Uuid> = looked.iter().map(|(id, _)| *id).collect();
        let orders: HashMap<Uuid, RowOrder> = {
            let mut connection = database.connection().await?;
            ledger::orders(&mut connection, &ids).await?
        };
        let entries = client.entries(&self.queue, &ids).await?;
        let mut repaired = 0;
        for (id, entry) in ids.into_iter().zip(entries).filter(|(_, entry)| entry.is_alive()) {
            let below = orders.get(&id).map_or(u32::MAX, |order| order.alive_from());
            let generation = entry.order().0;
            if generation < below {
                repaired += usize::from(client.purge(&self.queue, id, below).await?);
                tracing::warn!(queue = %self.queue, job = %id, generation, "purged: the ledger has it as over");
            } else if let EntryView::Waiting { parked: Some(parking), .. } = entry {
                repaired += usize::from(self.unpark(id, generation, parking).await?);
            }
        }
        Ok((next, repaired))
    }

    /// Gives a parked job back while it holds the row's lock, so never in the middle of an edit; and only if the row is
    /// still open, since a late park can reach a Redis that has forgotten the job's end.
    async fn unpark(&self, id: Uuid, generation: u32, parking: Uuid) -> Result<bool, PassError> {
        let Resources { database, client } = &self.resources;
        let mut connection = database.connection().await?;
        let unparked = connection
            .transaction(async |connection| {
                let row: Option<i32> = jobs::table
                    .filter(jobs::id.eq(id).and(jobs::finished_at.is_null()))
                    .filter(jobs::generation.eq(i32::try_from(generation).unwrap_or(i32::MAX)))
                    .select(jobs::generation)
                    .for_update()
                    .skip_locked()
                    .first(connection)
                    .await
                    .optional()
                    .map_err(DatabaseError::from)?;
                if row.is_none() {
                    return Ok(false);
                }
                Ok::<_, PassError>(client.unpark(&self.queue, id, parking).await?)
            })
            .await?;
        if unparked {
            tracing::warn!(queue = %self.queue, job = %id, "given back: an edit left it parked");
        }
        Ok(unparked)
    }

    /// One batch of open rows against Redis: what Redis lost is handed to the relay again. Answers how many were
    /// repaired, and whether there are more rows.
    async fn compare_rows(&mut self) -> Result<(usize, bool), PassError> {
        let Resources { database, client } = &self.resources;
        let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
        let rows = {
            let mut connection = database.connection().await?;
            ledger::open_rows(&mut connection, self.queue.as_ref(), self.row, limit).await?
        };
        self.row = rows.last().filter(|_| rows.len() == BATCH).map_or(Uuid::nil(), |row| row.id);
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let entries = client.entries(&self.queue, &ids).await?;
        let lost = rows
            .iter()
            .zip(&entries)
            .filter(|(row, entry)| entry.order().0 < u32::try_from(row.generation).unwrap_or_default());
        let lost: Vec<OpenRow> = lost.map(|(row, _)| *row).collect();
        if lost.is_empty() {
            return Ok((0, !self.row.is_nil()));
        }
        let mut connection = database.connection().await?;
        let refilled = ledger::refill(&mut connection, &lost).await?;
        if refilled > 0 {
            tracing::warn!(queue = %self.queue, refilled, "Redis had lost jobs; the relay pushes them again");
        }
        Ok((refilled, !self.row.is_nil()))
    }
}

impl Loop for Doctor {
    fn name(&self) -> &'static str {
        "doctor"
    }

    fn of(&self) -> Option<&QueueName> {
        Some(&self.queue)
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn pass(&mut self) -> Result<Pass, PassError> {
        let mut done = usize::from(self.settle_epoch().await?);
        for _ in 0..BATCHES {
            let (repaired, more) = self.compare_rows().await?;
            done += repaired;
            if !more {
                break;
            }
        }
        let (cursor, repaired) = self.compare_entries(self.cursor).await?;
        self.cursor = cursor;
        let healed = self.resources.client.heal(&self.queue, BATCH).await?;
        let healed = healed.leases + healed.locks + healed.adopted;
        if healed > 0 {
            tracing::warn!(queue = %self.queue, healed, "leases or locks without owners");
        }
        Ok(Pass { done: done + repaired + usize::try_from(healed).unwrap_or_default(), more: false })
    }
}
