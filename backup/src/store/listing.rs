//! What is in a store, page by page.

use super::Store;
use crate::Error;
use aws_sdk_s3::primitives::DateTime as S3Time;
use chrono::{DateTime, Utc};

/// An object.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its key below the prefix.
    pub key: String,
    pub bytes: u64,
    /// When it was written, by the store's clock.
    pub written_at: DateTime<Utc>,
    /// What the store calls its content.
    pub etag: String,
}

/// An upload that was started and neither finished nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedUpload {
    /// The key it would have, below the prefix.
    pub key: String,
    /// The store's id of it.
    pub upload_id: String,
    /// When it was started, by the store's clock.
    pub started_at: DateTime<Utc>,
}

fn time(at: Option<&S3Time>) -> DateTime<Utc> {
    // What has no time is taken for new, and so stays.
    at.and_then(|at| DateTime::from_timestamp(at.secs(), 0)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl Store {
    /// Up to 1,000 objects whose keys begin with `folder` and lie behind `after`, in the order of their keys.
    pub(crate) async fn page(&self, folder: &str, after: Option<&str>) -> Result<Vec<Entry>, Error> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(self.full(folder));
        let request = request.set_start_after(after.map(|after| self.full(after)));
        let answer = request.send().await.map_err(|error| self.failure(&error))?;
        let entries = answer.contents().iter().filter_map(|object| {
            Some(Entry {
                key: self.below(object.key()?)?,
                bytes: object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                written_at: time(object.last_modified()),
                etag: object.e_tag().unwrap_or_default().trim_matches('"').to_owned(),
            })
        });
        Ok(entries.collect())
    }

    /// Every object whose key begins with `folder`.
    pub(crate) async fn entries(&self, folder: &str) -> Result<Vec<Entry>, Error> {
        let mut all: Vec<Entry> = Vec::new();
        loop {
            let page = self.page(folder, all.last().map(|entry| entry.key.as_str())).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// The uploads below the prefix that nobody finished or aborted.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`] or [`Error::StoreRefused`].
    pub async fn unfinished_uploads(&self) -> Result<Vec<UnfinishedUpload>, Error> {
        let mut all = Vec::new();
        let (mut after_key, mut after_id) = (None, None);
        loop {
            let request = self.client.list_multipart_uploads().bucket(&self.bucket).prefix(self.full(""));
            let request = request.set_key_marker(after_key).set_upload_id_marker(after_id);
            let answer = request.send().await.map_err(|error| self.failure(&error))?;
            all.extend(answer.uploads().iter().filter_map(|upload| {
                Some(UnfinishedUpload {
                    key: self.below(upload.key()?)?,
                    upload_id: upload.upload_id()?.to_owned(),
                    started_at: time(upload.initiated()),
                })
            }));
            (after_key, after_id) = (answer.next_key_marker, answer.next_upload_id_marker);
            if answer.is_truncated != Some(true) || after_key.is_none() {
                return Ok(all);
            }
        }
    }

    /// Gives up an unfinished upload; one that is gone is no error.
    pub(crate) async fn abort(&self, key: &str, upload_id: &str) -> Result<(), Error> {
        let request =
            self.client.abort_multipart_upload().bucket(&self.bucket).key(self.full(key)).upload_id(upload_id);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if super::status(&error) == Some(404) => Ok(()),
            Err(error) => Err(self.failure(&error)),
        }
    }
}
