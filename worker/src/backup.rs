//! What the handlers of `backup.*` work with: where backups go, who can read them, which databases there are.

use crate::outcome::Failure;
use gotong_backup::{
    DatabaseUrl, Error, Identity, Manifest, Observer, Programs, Progress, Recipient, Selector, Stage, Store,
    StoreConfig, TargetName,
};
use gotong_queue::Job;
use gotong_shared::{
    config::{BackupConfig, BackupIdentity, StorageConfig},
    db::models::Backup,
};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc};

/// Where the media are.
const MEDIA: &str = "media";

/// Backups as they are configured.
pub struct Backups {
    /// What is backed up, and how long it is kept.
    pub config: BackupConfig,
    /// Where `pg_dump` and `pg_restore` are.
    pub programs: Programs,
    store: Store,
    media: Store,
    recipients: Vec<Recipient>,
}

/// A database that is backed up.
pub struct Target {
    /// Its name.
    pub name: TargetName,
    /// Where it is.
    pub url: DatabaseUrl,
}

impl Backups {
    /// Of that configuration. Nothing is connected yet.
    ///
    /// # Errors
    /// When a recipient is no age public key.
    pub fn new(config: &BackupConfig, storage: &StorageConfig) -> Result<Self, Error> {
        let recipients = config.recipients.iter().map(|key| key.parse()).collect::<Result<_, _>>()?;
        let place = |bucket: &str, prefix: &str| {
            Store::new(&StoreConfig {
                endpoint: storage.endpoint.clone(),
                region: storage.region.clone(),
                bucket: bucket.to_owned(),
                prefix: prefix.trim_end_matches('/').to_owned(),
                access_key: storage.access_key.clone(),
                secret_key: storage.secret_key.clone(),
            })
        };
        Ok(Self {
            programs: Programs::new(config.programs.clone()),
            store: place(&config.bucket, &config.prefix),
            media: place(&storage.bucket, MEDIA),
            recipients,
            config: config.clone(),
        })
    }

    /// Whom new backups are encrypted for.
    ///
    /// # Errors
    /// The job ends without a failure where nobody could read a backup: nothing is configured.
    pub fn recipients(&self) -> Result<&[Recipient], Failure> {
        if self.recipients.is_empty() {
            return Err(Failure::Cancel("no backups are configured: GOTONG_BACKUP_RECIPIENTS is not set".into()));
        }
        Ok(&self.recipients)
    }

    /// Where new backups go.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Where that backup is: the configuration may have changed since.
    #[must_use]
    pub fn store_of(&self, backup: &Backup) -> Store {
        match (&backup.bucket, &backup.prefix) {
            (Some(bucket), Some(prefix)) => self.store.at(bucket, prefix.trim_end_matches('/')),
            _ => self.store.clone(),
        }
    }

    /// The media, and where they are copied to, if anywhere.
    #[must_use]
    pub fn copying(&self) -> Option<(Store, Store)> {
        let to = self.config.media.as_ref()?;
        Some((self.media.clone(), self.store.at(&to.bucket, to.prefix.trim_end_matches('/'))))
    }

    /// The target of that name.
    ///
    /// # Errors
    /// When there is none any more, or its address cannot be used.
    pub fn target(&self, name: &str) -> Result<Target, Failure> {
        let found = self.config.target(name);
        let found = found.ok_or_else(|| {
            Failure::dead("unknown_target", format!("no target {name} is configured for this worker"))
        })?;
        Ok(Target { name: found.name.parse()?, url: found.url.reveal().parse()? })
    }

    /// The server on which drills make databases of their own.
    ///
    /// # Errors
    /// When its address cannot be used.
    pub fn scratch(&self) -> Result<DatabaseUrl, Failure> {
        Ok(self.config.scratch.reveal().parse()?)
    }

    /// The keys that read backups.
    ///
    /// # Errors
    /// When none is configured, or the file cannot be read.
    pub async fn identities(&self) -> Result<Vec<Identity>, Failure> {
        match &self.config.identity {
            Some(BackupIdentity::Text(text)) => Ok(vec![text.parse()?]),
            Some(BackupIdentity::File(path)) => {
                read_identities(path).await.map_err(|why| Failure::dead("identity_unreadable", why))
            }
            None => {
                let why = "no key that reads backups is configured: GOTONG_BACKUP_IDENTITY_FILE is not set";
                Err(Failure::dead("no_identity", why))
            }
        }
    }
}

/// The keys in an identity file.
///
/// # Errors
/// Why there are none, in words.
pub async fn read_identities(path: &Path) -> Result<Vec<Identity>, String> {
    let text = tokio::fs::read_to_string(path).await;
    let text = text.map_err(|error| format!("the identity file {} cannot be read: {error}", path.display()))?;
    gotong_backup::identities(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The backup of that id, whatever else there is of its target.
#[must_use]
pub fn exactly(backup: &Backup) -> Selector {
    Selector::Id(backup.id.into())
}

/// Shows on the job how far the engine is.
#[must_use]
pub fn observer(job: &Job) -> Observer {
    let job = job.clone();
    Arc::new(move |progress: Progress| {
        let part = progress.total.filter(|total| *total > 0).map_or(0.0, |total| fraction(progress.done, total));
        // The comparison comes after the restore.
        let (from, to) = if progress.stage == Stage::Checking { (0.8, 0.98) } else { (0.0, 0.8) };
        job.progress(from + (to - from) * part, &told(&progress));
    })
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "it is shown to people")]
fn fraction(part: u64, whole: u64) -> f32 {
    (part as f64 / whole as f64).min(1.0) as f32
}

/// What the engine does, in words.
#[must_use]
pub fn told(progress: &Progress) -> String {
    let (what, unit, size) = match progress.stage {
        Stage::Dumping => ("dumping", "MB", 1_000_000),
        Stage::Restoring => ("restoring", "MB", 1_000_000),
        Stage::Checking => ("comparing", "tables", 1),
        Stage::Copying => ("copying", "MB", 1_000_000),
    };
    match progress.total {
        Some(total) => format!("{what}: {} of about {} {unit}", progress.done / size, total / size),
        None => format!("{what}: {} {unit}", progress.done / size),
    }
}

/// What a job tells of a backup.
#[must_use]
pub fn summary(manifest: &Manifest) -> Value {
    json!({
        "backup_id": manifest.id, "target": manifest.target, "taken_at": manifest.started_at,
        "tables": manifest.tables.len(), "rows": manifest.rows(), "dump_bytes": manifest.dump.bytes,
        "stored_bytes": manifest.object.bytes, "duration_ms": manifest.duration_ms,
    })
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if error.is_retryable() {
            return Self::retry(error.code(), error.to_string());
        }
        match error.code() {
            // Whoever stopped the job says how it ends; what is stopped for another reason runs again.
            "cancelled" => Self::retry("interrupted", "the attempt was stopped before it was done"),
            code => Self::dead(code, error.to_string()),
        }
    }
}
