//! The contract of every kind of job, and the registry of them all.
//!
//! A kind is one file here (payload, queue, limits), one file in `worker/src/jobs/` (its handler), and one line in
//! [`for_each_kind`](crate::for_each_kind). A kind without a handler does not compile.

mod backup_copy_media;
mod backup_create;
mod backup_prune;
mod backup_restore;
mod backup_verify;
mod contract;
mod email_send;
mod maintenance_drop_partitions;
mod maintenance_prune_history;
mod maintenance_prune_keys;
mod maintenance_prune_reports;
mod maintenance_purge_media;
mod maintenance_sweep_storage;
pub mod pointer;
mod report_generate;
mod search_audit;
mod search_index;
mod search_prune;
mod search_reindex;
mod thumbnail_generate;
mod webhook_deliver;

pub use backup_copy_media::BackupCopyMedia;
pub use backup_create::BackupCreate;
pub use backup_prune::BackupPrune;
pub use backup_restore::BackupRestore;
pub use backup_verify::BackupVerify;
pub use contract::{Contract, LONGEST_SEARCHABLE, Limits, PayloadError, QueueProfile};
pub use email_send::EmailSend;
pub use maintenance_drop_partitions::MaintenanceDropPartitions;
pub use maintenance_prune_history::MaintenancePruneHistory;
pub use maintenance_prune_keys::MaintenancePruneKeys;
pub use maintenance_prune_reports::MaintenancePruneReports;
pub use maintenance_purge_media::MaintenancePurgeMedia;
pub use maintenance_sweep_storage::MaintenanceSweepStorage;
pub use report_generate::{ReportDelivery, ReportGenerate, ReportSource};
pub use search_audit::SearchAudit;
pub use search_index::SearchIndex;
pub use search_prune::SearchPrune;
pub use search_reindex::SearchReindex;
pub use thumbnail_generate::ThumbnailGenerate;
pub use webhook_deliver::WebhookDeliver;

use poem_openapi::registry::{MetaSchemaRef, Registry};
use serde_json::Value;

/// The registry: calls `$callback!` with one payload type per kind, in the order of their names.
#[macro_export]
macro_rules! for_each_kind {
    ($callback:ident) => {
        $callback! {
            BackupCopyMedia,
            BackupCreate,
            BackupPrune,
            BackupRestore,
            BackupVerify,
            EmailSend,
            MaintenanceDropPartitions,
            MaintenancePruneHistory,
            MaintenancePruneKeys,
            MaintenancePruneReports,
            MaintenancePurgeMedia,
            MaintenanceSweepStorage,
            ReportGenerate,
            SearchAudit,
            SearchIndex,
            SearchPrune,
            SearchReindex,
            ThumbnailGenerate,
            WebhookDeliver,
        }
    };
}

/// What the registry knows of a kind.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Its name on the wire.
    pub name: &'static str,
    /// Where it runs.
    pub queue: QueueProfile,
    /// What bounds it.
    pub limits: Limits,
    /// The fields of the payload by which its jobs can be found.
    pub searchable: &'static [&'static str],
    /// Whether its jobs act on the whole platform, so that no client of a workspace may ask for them.
    pub platform: bool,
    /// The operation that alone makes its jobs.
    pub route: Option<&'static str>,
    check: fn(&Value) -> Result<(), PayloadError>,
    describe: fn(&mut Registry) -> MetaSchemaRef,
}

impl Kind {
    fn of<C: Contract>() -> Self {
        let check = |payload: &Value| {
            let payload: C = pointer::parse(payload.clone()).map_err(|(place, why)| PayloadError::at(place, why))?;
            payload.validate()
        };
        let describe = |registry: &mut Registry| {
            C::register(registry);
            C::schema_ref()
        };
        let (name, queue, limits, searchable) = (C::KIND, C::QUEUE, C::LIMITS, C::SEARCHABLE);
        Self { name, queue, limits, searchable, platform: C::PLATFORM, route: C::ROUTE, check, describe }
    }

    /// Whether a client of a workspace may ask for its jobs, or keep a schedule that makes them.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.platform && self.route.is_none()
    }

    /// The schema of its payload, for the API's document.
    pub fn describe(&self, registry: &mut Registry) -> MetaSchemaRef {
        (self.describe)(registry)
    }

    /// What a job with that payload is found by: `path:value` for each searchable field that it has.
    #[must_use]
    pub fn fields(&self, payload: &Value) -> Vec<String> {
        let found = self.searchable.iter().filter_map(|path| {
            let value = path.split('.').try_fold(payload, |value, name| value.get(name))?;
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => return None,
            };
            (text.len() <= LONGEST_SEARCHABLE).then(|| format!("{path}:{text}"))
        });
        found.collect()
    }

    /// Whether `payload` is one of this kind.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn check(&self, payload: &Value) -> Result<(), PayloadError> {
        (self.check)(payload)
    }
}

/// Every kind, by name.
pub fn kinds() -> impl Iterator<Item = Kind> {
    macro_rules! list {
        ($($payload:ident,)*) => { [$(Kind::of::<$payload>()),*] };
    }
    for_each_kind!(list).into_iter()
}

/// The kind of that name.
#[must_use]
pub fn kind(name: &str) -> Option<Kind> {
    kinds().find(|kind| kind.name == name)
}

/// Every queue that a kind runs on, once, with the concurrency its profile suggests.
pub fn queues() -> impl Iterator<Item = (&'static str, usize)> {
    let mut profiles: Vec<_> = kinds().map(|kind| (kind.queue.name, kind.queue.slots)).collect();
    profiles.sort_unstable();
    profiles.dedup_by_key(|(name, _)| *name);
    profiles.into_iter()
}

/// Whether some kind runs on that queue.
#[must_use]
pub fn is_queue(name: &str) -> bool {
    queues().any(|(queue, _)| queue == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_well_formed() {
        let mut names: Vec<_> = kinds().map(|kind| kind.name).collect();
        assert!(names.is_sorted(), "the registry is in the order of names: {names:?}");
        names.dedup();
        assert_eq!(names.len(), kinds().count(), "names are unique");
        for kind in kinds() {
            assert!(kind.queue.name.parse::<gotong_queue::QueueName>().is_ok(), "{}", kind.queue.name);
            let Limits { max_attempts, timeout, backoff_base, backoff_cap, .. } = kind.limits;
            assert!(max_attempts > 0 && !timeout.is_zero() && !backoff_base.is_zero() && backoff_base <= backoff_cap);
        }
    }
}
