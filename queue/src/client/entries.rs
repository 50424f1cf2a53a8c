//! Looking at single jobs.

use uuid::Uuid;

use bytes::Bytes;
use redis::Value;

use crate::client::{CHUNK, Client};
use crate::error::Result;
use crate::name::QueueName;
use crate::state::EntryView;
use crate::{record, reply, script};

impl Client {
    /// What Redis knows of these jobs, in their order; 1,000 a script call.
    ///
    /// # Errors
    /// As any command.
    pub async fn entries(&self, queue: &QueueName, ids: &[Uuid]) -> Result<Vec<EntryView>> {
        let mut views = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            let mut call = self.call(&script::ENTRIES, queue);
            for id in chunk {
                call.arg(id.as_bytes());
            }
            let mut parts = reply::Parts::of(self.run(&call).await?)?;
            for _ in chunk {
                let (entry, run) = (Bytes::from(parts.bytes()?), parts.bytes()?);
                let (lease, progress) = (parts.number()?, parts.bytes()?);
                // bytes that mean nothing are no entry: a worker that meets them ends the job
                views.push(record::view(entry, &run, lease, &progress).unwrap_or(EntryView::Unknown));
            }
        }
        Ok(views)
    }

    /// One step of a walk over all entries that are alive: pass 0 first, then the returned cursor, until it is 0. About
    /// `count` (at most 1,000) entries a step. As with `SCAN`, an entry that lives through the whole walk is seen at
    /// least once.
    ///
    /// # Errors
    /// As any command.
    pub async fn scan_entries(
        &self,
        queue: &QueueName,
        cursor: u64,
        count: usize,
    ) -> Result<(u64, Vec<(Uuid, EntryView)>)> {
        let mut scan = redis::cmd("HSCAN");
        scan.arg(self.keys(queue).jobs()).arg(cursor).arg("COUNT").arg(count.clamp(1, CHUNK));
        let mut parts = reply::Parts::of(self.link().command(&scan).await?)?;
        let next = parts.number()?;
        let (ids, strange) = ids_of(parts.value()?)?;
        if !strange.is_empty() {
            self.set_fields_aside(queue, &strange).await?;
        }
        let views = self.entries(queue, &ids).await?;
        let alive = ids.into_iter().zip(views).filter(|(_, view)| view.is_alive()).collect();
        Ok((next, alive))
    }

    /// What is no job's id can be nobody's job, and must not end the walk.
    async fn set_fields_aside(&self, queue: &QueueName, strange: &[Vec<u8>]) -> Result<()> {
        let mut call = self.call(&script::SET_ASIDE, queue);
        call.millis(self.stay()).number(0u64);
        for field in strange {
            call.arg(field);
        }
        let fields = reply::number(&self.run(&call).await?)?;
        tracing::error!(%queue, fields, "entries under what is no id were set aside");
        Ok(())
    }
}

/// The fields of a scan's fields and values: ids, and what is none.
fn ids_of(value: Value) -> Result<(Vec<Uuid>, Vec<Vec<u8>>)> {
    let mut parts = reply::Parts::of(value)?;
    let (mut ids, mut strange) = (Vec::with_capacity(parts.len() / 2), Vec::new());
    while let Some(field) = parts.next_bytes()? {
        parts.bytes()?;
        match Uuid::from_slice(&field) {
            Ok(id) => ids.push(id),
            Err(_) => strange.push(field),
        }
    }
    Ok((ids, strange))
}
