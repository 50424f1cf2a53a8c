//! Objects below a prefix of a bucket, streamed in and out in bounded memory.

mod listing;
mod upload;

pub(crate) use listing::Entry;
pub use listing::UnfinishedUpload;
pub(crate) use upload::Upload;

use crate::Error;
use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
        http::HttpResponse, retry::RetryConfig, timeout::TimeoutConfig,
    },
    error::{ProvideErrorMetadata, SdkError},
    operation::get_object::GetObjectOutput,
    primitives::ByteStream,
};
use bytes::Bytes;
use std::{collections::HashMap, fmt, time::Duration};

/// Where backups or other objects lie.
#[derive(Clone)]
pub struct StoreConfig {
    /// `http(s)://host:port`; none for AWS itself.
    pub endpoint: Option<String>,
    /// As in `us-east-1`.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What every key begins with, without a slash at its ends; empty for none.
    pub prefix: String,
    /// The access key.
    pub access_key: String,
    /// The secret key.
    pub secret_key: String,
}

impl fmt::Debug for StoreConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("StoreConfig");
        shown.field("endpoint", &self.endpoint).field("bucket", &self.bucket).field("prefix", &self.prefix);
        shown.finish_non_exhaustive()
    }
}

/// A bucket and a prefix in it. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    client: Client,
    bucket: String,
    prefix: String,
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Store")
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// What is known of an object without reading it.
pub(crate) struct Head {
    pub bytes: u64,
    pub metadata: HashMap<String, String>,
}

impl Store {
    /// A client that connects when it is first used. The process must have chosen a TLS provider of rustls.
    #[must_use]
    pub fn new(config: &StoreConfig) -> Self {
        let credentials = Credentials::new(&config.access_key, &config.secret_key, None, None, "configuration");
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(3))
            .read_timeout(Duration::from_secs(30))
            .operation_attempt_timeout(Duration::from_mins(2))
            .build();
        let mut builder = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(config.region.clone()))
            .credentials_provider(credentials)
            .force_path_style(true)
            // Trailing checksums have corrupted objects on stores that do not know them.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .retry_config(RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(300)))
            .timeout_config(timeouts);
        if let Some(endpoint) = &config.endpoint {
            builder = builder.endpoint_url(endpoint);
        }
        let client = Client::from_conf(builder.build());
        Self { client, bucket: config.bucket.clone(), prefix: config.prefix.trim_matches('/').to_owned() }
    }

    /// Another place that the same endpoint and keys lead to.
    #[must_use]
    pub fn at(&self, bucket: &str, prefix: &str) -> Self {
        Self { client: self.client.clone(), bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() }
    }

    /// Makes the bucket if it is missing.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`] or [`Error::StoreRefused`].
    pub async fn ensure_bucket(&self) -> Result<(), Error> {
        if self.ping().await.is_ok() {
            return Ok(());
        }
        match self.client.create_bucket().bucket(&self.bucket).send().await {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.code(), Some("BucketAlreadyOwnedByYou" | "BucketAlreadyExists")) => Ok(()),
            Err(error) => Err(self.failure(&error)),
        }
    }

    /// Asks for the bucket.
    ///
    /// # Errors
    /// [`Error::BucketMissing`], [`Error::StoreUnavailable`] or [`Error::StoreRefused`].
    pub async fn ping(&self) -> Result<(), Error> {
        match self.client.head_bucket().bucket(&self.bucket).send().await {
            Ok(_) => Ok(()),
            Err(error) if status(&error) == Some(404) => Err(Error::BucketMissing(self.bucket.clone())),
            Err(error) => Err(self.failure(&error)),
        }
    }

    /// The whole key of what lies below the prefix.
    pub(crate) fn full(&self, key: &str) -> String {
        if self.prefix.is_empty() { key.to_owned() } else { format!("{}/{key}", self.prefix) }
    }

    fn below(&self, full: &str) -> Option<String> {
        let rest = full.strip_prefix(&self.prefix)?;
        if self.prefix.is_empty() { Some(rest.to_owned()) } else { rest.strip_prefix('/').map(str::to_owned) }
    }

    pub(crate) async fn put(
        &self,
        key: &str,
        content_type: &str,
        metadata: HashMap<String, String>,
        body: Bytes,
    ) -> Result<(), Error> {
        let request = self.client.put_object().bucket(&self.bucket).key(self.full(key)).content_type(content_type);
        let request = request.set_metadata(Some(metadata)).body(ByteStream::from(body));
        request.send().await.map(|_| ()).map_err(|error| self.failure(&error))
    }

    /// An object from a byte on; none when it is missing.
    pub(crate) async fn open(&self, key: &str, from: u64) -> Result<Option<GetObjectOutput>, Error> {
        let mut request = self.client.get_object().bucket(&self.bucket).key(self.full(key));
        if from > 0 {
            request = request.range(format!("bytes={from}-"));
        }
        match request.send().await {
            Ok(output) => Ok(Some(output)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(self.failure(&error)),
        }
    }

    /// A whole object that is not longer than `limit`; none when it is missing.
    pub(crate) async fn read(&self, key: &str, limit: u64) -> Result<Option<Bytes>, Error> {
        let Some(output) = self.open(key, 0).await? else { return Ok(None) };
        let size = output.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
        if size > limit {
            return Err(Error::StoreRefused(format!("{key} is longer than {limit} bytes")));
        }
        let broken = |error: &dyn fmt::Display| Error::StoreUnavailable(format!("{key} broke off: {error}"));
        let bytes = output.body.collect().await.map_err(|error| broken(&error))?.into_bytes();
        if bytes.len() as u64 != size {
            return Err(broken(&"bytes are missing"));
        }
        Ok(Some(bytes))
    }

    pub(crate) async fn head(&self, key: &str) -> Result<Option<Head>, Error> {
        match self.client.head_object().bucket(&self.bucket).key(self.full(key)).send().await {
            Ok(output) => Ok(Some(Head {
                bytes: output.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                metadata: output.metadata.unwrap_or_default(),
            })),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(self.failure(&error)),
        }
    }

    /// Removes an object; one that is not there is no error.
    pub(crate) async fn delete(&self, key: &str) -> Result<(), Error> {
        match self.client.delete_object().bucket(&self.bucket).key(self.full(key)).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(self.failure(&error)),
        }
    }

    fn failure<E>(&self, error: &SdkError<E, HttpResponse>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let text = || error.message().map_or_else(|| root(error), str::to_owned);
        match (error, error.code()) {
            (_, Some("NoSuchBucket")) => Error::BucketMissing(self.bucket.clone()),
            (_, Some("NoSuchUpload")) => Error::StoreUnavailable("the unfinished upload is gone".to_owned()),
            (SdkError::ServiceError(service), code) => match service.raw().status().as_u16() {
                408 | 429 | 500.. => Error::StoreUnavailable(text()),
                status => Error::StoreRefused(format!("{} ({status})", code.unwrap_or("an error without a name"))),
            },
            _ => Error::StoreUnavailable(text()),
        }
    }
}

fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// Whether the object is not there, though its bucket is.
fn is_missing<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    error.code() != Some("NoSuchBucket") && status(error) == Some(404)
}

/// The innermost cause: the outer ones of the SDK say only that something failed.
fn root(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
