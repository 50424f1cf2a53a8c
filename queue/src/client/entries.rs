//! Looking at single jobs.

use uuid::Uuid;

use crate::client::{Client, unbuilt};
use crate::error::Result;
use crate::name::QueueName;
use crate::state::EntryView;

impl Client {
    /// What Redis knows of these jobs, in their order; 1,000 a script call.
    ///
    /// # Errors
    /// As any command.
    pub async fn entries(&self, _queue: &QueueName, _ids: &[Uuid]) -> Result<Vec<EntryView>> {
        unbuilt()
    }

    /// One step of a walk over all entries that are alive: pass 0 first, then the returned cursor, until it is 0. About
    /// `count` (at most 1,000) entries a step. As with `SCAN`, an entry that lives through the whole walk is seen at
    /// least once.
    ///
    /// # Errors
    /// As any command.
    pub async fn scan_entries(
        &self,
        _queue: &QueueName,
        _cursor: u64,
        _count: usize,
    ) -> Result<(u64, Vec<(Uuid, EntryView)>)> {
        unbuilt()
    }
}
