//! `backup.restore`: a backup becomes a database on its target's server.

use super::{Handler, backup_verify::good};
use crate::{backup, outcome::Failure, runner::Resources};
use gotong_backup::Restore;
use gotong_queue::Job;
use gotong_shared::{backups, jobs::BackupRestore};
use serde_json::{Value, json};

impl Handler for BackupRestore {
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        let own = &resources.backups;
        let asked = backups::begin_restore(&mut *resources.database.connection().await?, job.id).await?;
        let Some(asked) = asked else { return Ok(None) };
        let backup = good(self.backup_id, resources).await?;
        let target = own.target(&backup.target)?;
        let (store, which) = (own.store_of(&backup), backup::exactly(&backup));
        let (identities, into) = (own.identities().await?, target.url.with_database(&asked.database));
        let (observer, cancelled) = (backup::observer(job), job.cancelled());
        let restored = gotong_backup::restore(Restore {
            store: &store,
            target: &target.name,
            which: &which,
            identities: &identities,
            into: &into,
            overwrite: asked.overwrite.then_some(asked.database.as_str()),
            programs: &own.programs,
            progress: Some(&observer),
            cancelled: &cancelled,
        });
        let restored = restored.await?;
        let took = i64::try_from(restored.duration_ms).unwrap_or(i64::MAX);
        backups::end_restore(&mut *resources.database.connection().await?, job.id, took).await?;
        tracing::warn!(of = backup.target, backup = %backup.id, database = asked.database, "a backup was restored");
        let manifest = backup::summary(&restored.manifest);
        Ok(Some(json!({
            "database": restored.database, "previous": restored.previous, "missing_roles": restored.missing_roles,
            "duration_ms": took, "backup": manifest,
        })))
    }
}
