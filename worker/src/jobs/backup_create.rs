//! `backup.create`.
//!
//! ```text
//! begin     the row says that the backup is being made; one of a target at a time
//! create    dump, compress, encrypt, store; the manifest last
//! complete  the row lists it as good, and the drill that is to follow is asked for, in one transaction
//! ```
//!
//! A worker that dies before the manifest leaves what the next attempt removes; one that dies after it leaves a whole
//! backup, which the next attempt finds.

use super::Handler;
use crate::{
    backup::{self, Target},
    outcome::Failure,
    runner::Resources,
};
use chrono::{DateTime, Utc};
use diesel::{dsl::exists, prelude::*};
use diesel_async::{AsyncConnection, RunQueryDsl};
use gotong_backup::{BackupId, Compression, Create, Manifest, Selector};
use gotong_queue::Job;
use gotong_shared::{
    backups::{self, Begun, Completed, NewBackup},
    db::{DatabaseError, models::Backup, schema},
    enqueue::{EnqueueError, NewJob, enqueue},
    jobs::{BackupCreate, BackupVerify},
};
use serde_json::{Value, json};
use uuid::Uuid;

impl Handler for BackupCreate {
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        resources.backups.recipients()?;
        match &self.target {
            Some(name) => one(name, self.verify, job, resources).await,
            None => each(self.verify, job, resources).await,
        }
    }
}

/// A job for each target that has no backup under way.
async fn each(verify: bool, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
    let mut connection = resources.database.connection().await?;
    let targets = &resources.backups.config.targets;
    let asked = connection.transaction(async |connection| {
        let mut asked = Vec::new();
        for target in targets {
            // An earlier attempt of this job has asked for it.
            let before = schema::backups::table
                .filter(schema::backups::created_by.eq(job.id))
                .filter(schema::backups::target.eq(&target.name));
            if diesel::select(exists(before)).get_result(connection).await? {
                continue;
            }
            let payload = BackupCreate { target: Some(target.name.clone()), verify };
            let wanted = NewJob::of(Uuid::nil(), &payload)?;
            let (id, target, created_by) = (wanted.id, target.name.as_str(), Some(job.id));
            let new = NewBackup { id, target, workspace_id: Uuid::nil(), created_by, verify };
            if backups::insert(connection, new).await? {
                // The relay pushes it.
                drop(enqueue(connection, &[wanted]).await?);
                asked.push(id);
            }
        }
        Ok::<_, EnqueueError>(asked)
    });
    let asked = asked.await.map_err(refused)?;
    Ok(Some(json!({ "backups": asked })))
}

async fn one(name: &str, verify: bool, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
    let target = resources.backups.target(name)?;
    let new = NewBackup { id: job.id, target: name, workspace_id: Uuid::nil(), created_by: None, verify };
    let begun = backups::begin(&mut *resources.database.connection().await?, new).await?;
    let backup = match begun {
        Begun::Now(backup) => backup,
        Begun::Good(backup) => return Ok(backup.manifest.map(|manifest| json!({ "manifest": manifest }))),
        Begun::UnderWay => {
            return Err(Failure::Cancel(format!("another backup of {name} is under way; one is made at a time")));
        }
    };
    let manifest = create(&target, job, resources).await?;
    if !job.is_current() {
        return Err(Failure::retry("lease_lost", "another worker has the job by now"));
    }
    complete(&backup, &manifest, resources).await?;
    tracing::info!(of = name, backup = %manifest.id, bytes = manifest.object.bytes, "a backup was made");
    Ok(Some(backup::summary(&manifest)))
}

async fn create(target: &Target, job: &Job, resources: &Resources) -> Result<Manifest, Failure> {
    let own = &resources.backups;
    let (store, id) = (own.store(), BackupId::from(job.id));
    store.ensure_bucket().await?;
    let (observer, cancelled) = (backup::observer(job), job.cancelled());
    let made = gotong_backup::create(Create {
        store,
        target: &target.name,
        id: &id,
        database: &target.url,
        recipients: own.recipients()?,
        programs: &own.programs,
        compression: Compression::default(),
        progress: Some(&observer),
        cancelled: &cancelled,
    });
    match made.await {
        // An earlier attempt died between its last two steps.
        Err(error) if error.code() == "backup_exists" => {
            Ok(gotong_backup::find(store, &target.name, &Selector::Id(id)).await?)
        }
        made => Ok(made?),
    }
}

async fn complete(backup: &Backup, manifest: &Manifest, resources: &Resources) -> Result<(), Failure> {
    let config = &resources.backups.config;
    let taken_at: DateTime<Utc> = manifest.started_at;
    let manifest = serde_json::to_value(manifest).map_err(|error| Failure::dead("manifest", error.to_string()))?;
    let (id, bucket, prefix) = (backup.id, &config.bucket, &config.prefix);
    let mut connection = resources.database.connection().await?;
    let completed = connection.transaction(async |connection| {
        let done = Completed { id, bucket, prefix, manifest, taken_at };
        if backups::complete(connection, done).await? && backup.verify && config.identity.is_some() {
            let drill = NewJob::of(backup.workspace_id, &BackupVerify { backup_id: id })?.unique(id.to_string());
            // The relay pushes it.
            drop(enqueue(connection, &[drill]).await?);
        }
        Ok::<_, EnqueueError>(())
    });
    completed.await.map_err(refused)
}

fn refused(error: EnqueueError) -> Failure {
    match error {
        EnqueueError::Database(error) => DatabaseError::from(error).into(),
        error => Failure::retry("not_accepted", error.to_string()),
    }
}
