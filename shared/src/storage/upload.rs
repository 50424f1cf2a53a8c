//! Writing an object whose length is not known yet, one part in memory at a time.

use super::{Storage, StorageError, failure};
use aws_sdk_s3::{
    primitives::ByteStream,
    types::{CompletedMultipartUpload, CompletedPart},
};
use bytes::{Bytes, BytesMut};

/// The least size of a part of S3 but for the last: what an upload holds in memory.
pub const PART_SIZE: usize = 5 * 1024 * 1024;

/// An upload under way. Dropping it, unfinished, aborts it in the background.
#[must_use = "an upload that is not finished leaves no object"]
pub struct Upload {
    storage: Storage,
    key: String,
    content_type: String,
    buffer: BytesMut,
    multipart: Option<Multipart>,
}

struct Multipart {
    id: String,
    parts: Vec<CompletedPart>,
}

impl Upload {
    pub(super) fn new(storage: Storage, key: String, content_type: String) -> Self {
        Self { storage, key, content_type, buffer: BytesMut::new(), multipart: None }
    }

    /// Adds bytes; sends every part that is full.
    ///
    /// # Errors
    /// When the store is down or refuses; the upload is then to be aborted.
    pub async fn write(&mut self, mut bytes: Bytes) -> Result<(), StorageError> {
        while self.buffer.len() + bytes.len() >= PART_SIZE {
            let missing = PART_SIZE - self.buffer.len();
            self.buffer.extend_from_slice(&bytes.split_to(missing));
            let part = self.buffer.split().freeze();
            self.send(part).await?;
        }
        self.buffer.extend_from_slice(&bytes);
        Ok(())
    }

    async fn send(&mut self, part: Bytes) -> Result<(), StorageError> {
        let Storage { client, bucket } = &self.storage;
        if self.multipart.is_none() {
            let request =
                client.create_multipart_upload().bucket(bucket).key(&self.key).content_type(&self.content_type);
            let answer = request.send().await.map_err(|error| failure(&error, &self.key))?;
            let id = answer.upload_id().ok_or_else(|| StorageError::Refused("an upload without an id".into()))?;
            self.multipart = Some(Multipart { id: id.to_owned(), parts: Vec::new() });
        }
        let Some(multipart) = &mut self.multipart else { return Ok(()) };
        let number = i32::try_from(multipart.parts.len() + 1).unwrap_or(i32::MAX);
        let request = client.upload_part().bucket(bucket).key(&self.key).upload_id(&multipart.id).part_number(number);
        let answer = request.body(ByteStream::from(part)).send().await.map_err(|error| failure(&error, &self.key))?;
        let part = CompletedPart::builder().part_number(number).set_e_tag(answer.e_tag().map(str::to_owned)).build();
        multipart.parts.push(part);
        Ok(())
    }

    /// Sends the rest and makes the object visible.
    ///
    /// # Errors
    /// When the store is down or refuses; there is then no object, and no unfinished upload where the store could
    /// still be reached.
    pub async fn finish(mut self) -> Result<(), StorageError> {
        let rest = self.buffer.split().freeze();
        if self.multipart.is_none() {
            return self.storage.put(&self.key, &self.content_type, rest).await;
        }
        if !rest.is_empty() {
            self.send(rest).await?;
        }
        let Some(Multipart { id, parts }) = &self.multipart else { return Ok(()) };
        let Storage { client, bucket } = &self.storage;
        let all = CompletedMultipartUpload::builder().set_parts(Some(parts.clone())).build();
        let request = client.complete_multipart_upload().bucket(bucket).key(&self.key).upload_id(id);
        request.multipart_upload(all).send().await.map_err(|error| failure(&error, &self.key))?;
        self.multipart = None;
        Ok(())
    }

    /// Gives up: nothing remains in the store.
    pub async fn abort(mut self) {
        if let Some(multipart) = self.multipart.take() {
            abort(&self.storage, &self.key, &multipart.id).await;
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(multipart) = self.multipart.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (storage, key) = (self.storage.clone(), std::mem::take(&mut self.key));
        runtime.spawn(async move { abort(&storage, &key, &multipart.id).await });
    }
}

async fn abort(Storage { client, bucket }: &Storage, key: &str, id: &str) {
    if let Err(error) = client.abort_multipart_upload().bucket(bucket).key(key).upload_id(id).send().await {
        tracing::warn!(key, error = %failure(&error, key), "an unfinished upload remains in the object store");
    }
}
