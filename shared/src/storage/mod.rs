//! Objects in S3, streamed in and out in bounded memory.

mod object;
mod sweep;
mod upload;

pub use object::ObjectBody;
pub use sweep::{ObjectAge, Unfinished};
pub use upload::{PART_SIZE, Upload};

use crate::config::StorageConfig;
use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
        retry::RetryConfig, timeout::TimeoutConfig,
    },
    error::{ProvideErrorMetadata, SdkError},
    primitives::ByteStream,
    types::{Delete, ObjectIdentifier},
};
use bytes::Bytes;
use std::time::Duration;

/// Why an object could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The store is down or slow: the call may be tried again later.
    #[error("the object store is unavailable: {0}")]
    Unavailable(String),
    /// There is no such object.
    #[error("there is no object {0}")]
    NotFound(String),
    /// The requested range lies outside the object.
    #[error("the range lies outside the object")]
    Range,
    /// The store refused.
    #[error("the object store refused: {0}")]
    Refused(String),
}

/// The largest number of keys in one delete request of S3.
const DELETE_BATCH: usize = 1_000;

/// The object store. Cheap to clone.
#[derive(Clone)]
pub struct Storage {
    client: Client,
    bucket: String,
}

impl Storage {
    /// A client that connects when it is first used.
    #[must_use]
    pub fn new(config: &StorageConfig) -> Self {
        let credentials = Credentials::new(&config.access_key, &config.secret_key, None, None, "configuration");
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .read_timeout(Duration::from_secs(20))
            .operation_attempt_timeout(Duration::from_mins(1))
            .build();
        let mut builder = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(config.region.clone()))
            .credentials_provider(credentials)
            .force_path_style(true)
            // Trailing checksums have corrupted objects on stores that do not know them.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .retry_config(RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(100)))
            .timeout_config(timeouts);
        if let Some(endpoint) = &config.endpoint {
            builder = builder.endpoint_url(endpoint);
        }
        Self { client: Client::from_conf(builder.build()), bucket: config.bucket.clone() }
    }

    /// Makes the bucket if it is missing.
    ///
    /// # Errors
    /// When the store is down or refuses.
    pub async fn ensure_bucket(&self) -> Result<(), StorageError> {
        if self.ping().await.is_ok() {
            return Ok(());
        }
        match self.client.create_bucket().bucket(&self.bucket).send().await {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.code(), Some("BucketAlreadyOwnedByYou" | "BucketAlreadyExists")) => Ok(()),
            Err(error) => Err(failure(&error, &self.bucket)),
        }
    }

    /// Asks for the bucket.
    ///
    /// # Errors
    /// When the store is down, or the bucket missing.
    pub async fn ping(&self) -> Result<(), StorageError> {
        let answer = self.client.head_bucket().bucket(&self.bucket).send().await;
        answer.map(|_| ()).map_err(|error| failure(&error, &self.bucket))
    }

    /// Starts an upload whose length is not known yet. Nothing is visible before it is finished.
    pub fn start_upload(&self, key: &str, content_type: &str) -> Upload {
        Upload::new(self.clone(), key.to_owned(), content_type.to_owned())
    }

    /// Writes a whole object.
    ///
    /// # Errors
    /// When the store is down or refuses.
    pub async fn put(&self, key: &str, content_type: &str, body: Bytes) -> Result<(), StorageError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key).content_type(content_type);
        request.body(ByteStream::from(body)).send().await.map(|_| ()).map_err(|error| failure(&error, key))
    }

    /// Reads an object, or the bytes from `range.0` to `range.1` of it, both included.
    ///
    /// # Errors
    /// [`StorageError::NotFound`], [`StorageError::Range`], or when the store is down.
    pub async fn get(&self, key: &str, range: Option<(u64, u64)>) -> Result<ObjectBody, StorageError> {
        let mut request = self.client.get_object().bucket(&self.bucket).key(key);
        if let Some((first, last)) = range {
            request = request.range(format!("bytes={first}-{last}"));
        }
        request.send().await.map(ObjectBody::new).map_err(|error| failure(&error, key))
    }

    /// Removes objects; one that is not there is no error.
    ///
    /// # Errors
    /// When the store is down or refuses one of them.
    pub async fn delete(&self, keys: &[String]) -> Result<(), StorageError> {
        for batch in keys.chunks(DELETE_BATCH) {
            let objects = batch.iter().filter_map(|key| ObjectIdentifier::builder().key(key).build().ok());
            let Ok(delete) = Delete::builder().set_objects(Some(objects.collect())).quiet(true).build() else {
                continue;
            };
            let answer = self.client.delete_objects().bucket(&self.bucket).delete(delete).send().await;
            let answer = answer.map_err(|error| failure(&error, "a batch of deletes"))?;
            if let Some(error) = answer.errors().first() {
                return Err(StorageError::Refused(error.message().unwrap_or("a delete failed").to_owned()));
            }
        }
        Ok(())
    }

    /// The keys that begin with `prefix`, at most 1,000.
    ///
    /// # Errors
    /// When the store is down or refuses.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, StorageError> {
        let answer = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).send().await;
        let answer = answer.map_err(|error| failure(&error, prefix))?;
        Ok(answer.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect())
    }

    /// The keys of uploads that were started and neither finished nor aborted, at most 1,000.
    ///
    /// # Errors
    /// When the store is down or refuses.
    pub async fn unfinished_uploads(&self) -> Result<Vec<String>, StorageError> {
        let answer = self.client.list_multipart_uploads().bucket(&self.bucket).send().await;
        let answer = answer.map_err(|error| failure(&error, &self.bucket))?;
        Ok(answer.uploads().iter().filter_map(|upload| upload.key().map(str::to_owned)).collect())
    }
}

fn failure<E, R>(error: &SdkError<E, R>, what: &str) -> StorageError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + HttpStatus,
{
    let text = || error.message().map_or_else(|| root(error), str::to_owned);
    match (error, error.code()) {
        (_, Some("NoSuchKey" | "NotFound" | "NoSuchBucket")) => StorageError::NotFound(what.to_owned()),
        (_, Some("InvalidRange")) => StorageError::Range,
        (SdkError::ServiceError(service), code) => match service.raw().status() {
            404 => StorageError::NotFound(what.to_owned()),
            416 => StorageError::Range,
            429 | 500.. => StorageError::Unavailable(text()),
            status => StorageError::Refused(format!("{} ({status}): {what}", code.unwrap_or("error"))),
        },
        _ => StorageError::Unavailable(text()),
    }
}

/// The innermost cause: the outer ones of the SDK say only that something failed.
fn root(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

trait HttpStatus {
    fn status(&self) -> u16;
}

impl HttpStatus for aws_sdk_s3::config::http::HttpResponse {
    fn status(&self) -> u16 {
        self.status().as_u16()
    }
}
