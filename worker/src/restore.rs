//! Restoring a backup without the platform: all it takes is the bucket, the key and a server. Neither the ledger nor Redis is
//! asked for anything.

use crate::backup::{read_identities, told};
use gotong_backup::{
    BackupUrl, DatabaseUrl, Error, Listing, Observer, Programs, Progress, Restore, Restored, Store, StoreConfig,
};
use gotong_shared::config::{RestoreConfig, StorageConfig};
use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use url::Url;

/// What is restored, and where to.
pub struct Wanted {
    /// `s3://bucket/[prefix/]target/latest`, or the id of a backup in the place of `latest`.
    pub from: String,
    /// The file with the age identity.
    pub identity: PathBuf,
    /// `postgres://…`, whose database is made.
    pub into: String,
    /// The name of that database, typed again: then one that exists is replaced.
    pub overwrite: Option<String>,
    /// The folder of `pg_restore`, if it is not to be looked for.
    pub programs: Option<PathBuf>,
}

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// What the engine says.
    #[error(transparent)]
    Backup(#[from] Error),
    /// The key cannot be read.
    #[error("{0}")]
    Identity(String),
    /// The address of the database is none.
    #[error("the address of the database is not of the form postgres://user@host:port/database")]
    Into,
    /// The place of the backups is none.
    #[error("{0:?} is not of the form s3://bucket/prefix")]
    From(String),
}

/// Restores a backup; Ctrl-C stops it and leaves nothing half done.
///
/// # Errors
/// See [`RestoreError`]: nothing was changed.
pub async fn restore(
    wanted: Wanted,
    storage: &StorageConfig,
    secrets: &RestoreConfig,
    cancelled: &CancellationToken,
) -> Result<Restored, RestoreError> {
    let place: BackupUrl = wanted.from.parse()?;
    let into = with_password(&wanted.into, secrets.password.as_deref())?;
    let identities = read_identities(&wanted.identity).await.map_err(RestoreError::Identity)?;
    let shown = Mutex::new(None::<Instant>);
    let show: Observer = Arc::new(move |progress: Progress| {
        let mut last = shown.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|at| at.elapsed() >= SHOW_EVERY) {
            *last = Some(Instant::now());
            let end = if std::io::stderr().is_terminal() { "\r" } else { "\n" };
            _ = write!(std::io::stderr(), "{:<60}{end}", told(&progress));
        }
    });
    let (store, programs) = (store(storage, &place.bucket, &place.prefix), Programs::new(wanted.programs));
    let restored = gotong_backup::restore(Restore {
        store: &store,
        target: &place.target,
        which: &place.which,
        identities: &identities,
        into: &into,
        overwrite: wanted.overwrite.as_deref(),
        programs: &programs,
        progress: Some(&show),
        cancelled,
    });
    Ok(restored.await?)
}

const SHOW_EVERY: Duration = Duration::from_secs(1);

/// The backups below `s3://bucket/prefix`, the latest first.
///
/// # Errors
/// See [`RestoreError`].
pub async fn list(from: &str, storage: &StorageConfig) -> Result<Listing, RestoreError> {
    let wrong = || RestoreError::From(from.to_owned());
    let (bucket, prefix) = {
        let rest = from.strip_prefix("s3://").ok_or_else(wrong)?;
        rest.split_once('/').unwrap_or((rest, ""))
    };
    if bucket.is_empty() {
        return Err(wrong());
    }
    Ok(gotong_backup::list(&store(storage, bucket, prefix.trim_end_matches('/')), None).await?)
}

fn store(storage: &StorageConfig, bucket: &str, prefix: &str) -> Store {
    Store::new(&StoreConfig {
        endpoint: storage.endpoint.clone(),
        region: storage.region.clone(),
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        access_key: storage.access_key.clone(),
        secret_key: storage.secret_key.clone(),
    })
}

/// The address with a password from the environment, where it has none of its own.
fn with_password(address: &str, password: Option<&str>) -> Result<DatabaseUrl, RestoreError> {
    let mut url = Url::parse(address).map_err(|_| RestoreError::Into)?;
    if let (None, Some(password)) = (url.password(), password) {
        url.set_password(Some(password)).map_err(|()| RestoreError::Into)?;
    }
    Ok(url.as_str().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_comes_from_the_environment_unless_the_address_has_one() {
        let of = |address: &str| with_password(address, Some("hunter2")).map(|url| url.expose().to_owned());
        assert_eq!(of("postgres://gotong@db:5432/new").unwrap(), "postgres://gotong:hunter2@db:5432/new");
        assert_eq!(of("postgres://gotong:own@db:5432/new").unwrap(), "postgres://gotong:own@db:5432/new");
        assert!(of("new").is_err());
        let shown = with_password("postgres://gotong@db:5432/new", Some("hunter2")).unwrap();
        assert!(!format!("{shown} {shown:?}").contains("hunter2"));
    }
}
