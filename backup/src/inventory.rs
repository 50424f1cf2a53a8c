//! The backups in a store: those that have a manifest, and what was left by those that never got one.

use crate::{
    BackupId, Error, Manifest, Selector, Store, TargetName,
    names::{MANIFEST_ENDING, OBJECT_ENDING, manifest_key, object_key},
    store::Entry,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use std::{collections::HashMap, collections::HashSet, time::Duration};

/// A manifest lists tables; a longer one is none of ours.
const LONGEST_MANIFEST: u64 = 64 * 1024 * 1024;
const CONCURRENCY: usize = 8;

/// What is in a store.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The backups, the newest first.
    pub manifests: Vec<Manifest>,
    /// What is there and is no backup that this program knows.
    pub unreadable: Vec<Unreadable>,
}

/// A manifest that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its key below the prefix.
    pub key: String,
    /// Why not.
    pub reason: String,
}

/// What [`sweep`] removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// The keys of unfinished uploads.
    pub uploads: Vec<String>,
    /// The keys of objects without a manifest.
    pub objects: Vec<String>,
}

/// The backups of a target, or of all.
///
/// # Errors
/// When the store is unavailable or refuses. What cannot be read is listed.
pub async fn list(store: &Store, target: Option<&TargetName>) -> Result<Listing, Error> {
    let folder = target.map(|target| format!("{target}/")).unwrap_or_default();
    let keys = store.entries(&folder).await?.into_iter().filter(|entry| entry.key.ends_with(MANIFEST_ENDING));
    let read = stream::iter(keys).map(async |entry| (read_manifest(store, &entry.key).await, entry.key));
    let mut listing = Listing::default();
    let mut read = read.buffer_unordered(CONCURRENCY);
    while let Some((manifest, key)) = read.next().await {
        match manifest {
            Ok(manifest) => listing.manifests.push(manifest),
            Err(error @ (Error::ManifestInvalid { .. } | Error::UnknownVersion { .. })) => {
                listing.unreadable.push(Unreadable { key, reason: error.to_string() });
            }
            // It was removed just now.
            Err(Error::BackupMissing(_)) => {}
            Err(error) => return Err(error),
        }
    }
    listing.manifests.sort_by(|a, b| (b.started_at, &b.id).cmp(&(a.started_at, &a.id)));
    listing.unreadable.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(listing)
}

/// One backup of a target.
///
/// # Errors
/// [`Error::BackupMissing`], [`Error::ManifestInvalid`], [`Error::UnknownVersion`], or of the store.
pub async fn find(store: &Store, target: &TargetName, which: &Selector) -> Result<Manifest, Error> {
    match which {
        Selector::Id(id) => read_manifest(store, &manifest_key(target, id)).await,
        Selector::Latest => {
            let listing = list(store, Some(target)).await?;
            let missing = || Error::BackupMissing(format!("of {target}"));
            listing.manifests.into_iter().next().ok_or_else(missing)
        }
    }
}

async fn read_manifest(store: &Store, key: &str) -> Result<Manifest, Error> {
    let text = store.read(key, LONGEST_MANIFEST).await?.ok_or_else(|| Error::BackupMissing(store.full(key)))?;
    let manifest = Manifest::from_json(key, &text)?;
    let is_of_key = manifest_key(&manifest.target, &manifest.id) == key;
    if is_of_key && manifest.object.key == object_key(&manifest.target, &manifest.id) {
        return Ok(manifest);
    }
    let reason = "it belongs to another backup than its key says".to_owned();
    Err(Error::ManifestInvalid { key: key.to_owned(), reason })
}

pub(crate) async fn write_manifest(store: &Store, manifest: &Manifest) -> Result<(), Error> {
    let key = manifest_key(&manifest.target, &manifest.id);
    let text = serde_json::to_vec_pretty(manifest).map_err(|error| Error::Io(error.to_string()))?;
    store.put(&key, "application/json", HashMap::new(), Bytes::from(text)).await
}

/// Whether a backup of that id is complete.
pub(crate) async fn exists(store: &Store, target: &TargetName, id: &BackupId) -> Result<bool, Error> {
    Ok(store.head(&manifest_key(target, id)).await?.is_some())
}

/// Removes a backup, the manifest first: it is none from then on. One that is not there is no error.
///
/// # Errors
/// When the store is unavailable or refuses.
pub async fn remove(store: &Store, target: &TargetName, id: &BackupId) -> Result<(), Error> {
    store.delete(&manifest_key(target, id)).await?;
    store.delete(&object_key(target, id)).await
}

/// Removes what killed processes left, if it is older than that: uploads that nobody will finish, and objects that no
/// manifest belongs to. `older_than` must be longer than any backup takes.
///
/// # Errors
/// When the store is unavailable or refuses.
pub async fn sweep(store: &Store, older_than: Duration) -> Result<Swept, Error> {
    let is_old = |at: DateTime<Utc>| Utc::now().signed_duration_since(at).to_std().is_ok_and(|age| age >= older_than);
    let mut swept = Swept::default();
    for upload in store.unfinished_uploads().await?.into_iter().filter(|upload| is_old(upload.started_at)) {
        store.abort(&upload.key, &upload.upload_id).await?;
        swept.uploads.push(upload.key);
    }
    let entries = store.entries("").await?;
    let complete: HashSet<&str> = entries.iter().filter_map(|entry| entry.key.strip_suffix(MANIFEST_ENDING)).collect();
    let is_orphan = |entry: &&Entry| {
        entry.key.strip_suffix(OBJECT_ENDING).is_some_and(|name| !complete.contains(name)) && is_old(entry.written_at)
    };
    let orphans: Vec<String> = entries.iter().filter(is_orphan).map(|entry| entry.key.clone()).collect();
    let removed = stream::iter(orphans).map(|key| async move { store.delete(&key).await.map(|()| key) });
    swept.objects = removed.buffer_unordered(CONCURRENCY).try_collect().await?;
    swept.objects.sort();
    Ok(swept)
}
