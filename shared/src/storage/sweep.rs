//! What is in the store, page by page, with its age: for whoever looks for what should not be there.

use super::{Storage, StorageError, failure};
use chrono::{DateTime, Utc};

/// An object and when it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectAge {
    /// Its key.
    pub key: String,
    /// When it was written, by the store's clock.
    pub written_at: DateTime<Utc>,
}

/// An upload that was started and neither finished nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The key it would have.
    pub key: String,
    /// Its id.
    pub upload_id: String,
    /// When it was started, by the store's clock.
    pub started_at: DateTime<Utc>,
}

fn time(at: Option<&aws_sdk_s3::primitives::DateTime>) -> DateTime<Utc> {
    // What has no time is taken for new, and so stays.
    at.and_then(|at| DateTime::from_timestamp(at.secs(), 0)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl Storage {
    /// Up to 1,000 objects whose keys begin with `prefix` and lie behind `after`, in the order of their keys.
    ///
    /// # Errors
    /// When the store is down or refuses.
    pub async fn objects_after(&self, prefix: &str, after: Option<&str>) -> Result<Vec<ObjectAge>, StorageError> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let answer = request.set_start_after(after.map(str::to_owned)).send().await;
        let answer = answer.map_err(|error| failure(&error, prefix))?;
        let objects = answer.contents().iter().filter_map(|object| {
            Some(ObjectAge { key: object.key()?.to_owned(), written_at: time(object.last_modified()) })
        });
        Ok(objects.collect())
    }

    /// Up to 1,000 unfinished uploads.
    ///
    /// # Errors
    /// When the store is down or refuses.
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>, StorageError> {
        self.unfinished_under("").await
    }

    /// Up to 1,000 unfinished uploads whose keys would begin with `prefix`.
    ///
    /// # Errors
    /// When the store is down or refuses.
    pub async fn unfinished_under(&self, prefix: &str) -> Result<Vec<Unfinished>, StorageError> {
        let answer = self.client.list_multipart_uploads().bucket(&self.bucket).prefix(prefix).send().await;
        let answer = answer.map_err(|error| failure(&error, &self.bucket))?;
        let uploads = answer.uploads().iter().filter_map(|upload| {
            Some(Unfinished {
                key: upload.key()?.to_owned(),
                upload_id: upload.upload_id()?.to_owned(),
                started_at: time(upload.initiated()),
            })
        });
        // Not every store knows the prefix here.
        Ok(uploads.filter(|upload| upload.key.starts_with(prefix)).collect())
    }

    /// Aborts an unfinished upload; one that is gone is no error.
    ///
    /// # Errors
    /// When the store is down or refuses.
    pub async fn abort(&self, upload: &Unfinished) -> Result<(), StorageError> {
        let request = self.client.abort_multipart_upload().bucket(&self.bucket).key(&upload.key);
        match request.upload_id(&upload.upload_id).send().await.map_err(|error| failure(&error, &upload.key)) {
            Ok(_) | Err(StorageError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
