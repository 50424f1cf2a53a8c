//! An object in parts, whose length is not known before its end.

use super::Store;
use crate::Error;
use aws_sdk_s3::{
    primitives::ByteStream,
    types::{CompletedMultipartUpload, CompletedPart},
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use std::{collections::HashMap, time::Duration};
use tokio::sync::mpsc;

/// Parts on their way at once: while one is answered, the next is sent.
const CONCURRENCY: usize = 2;
/// How often an upload is tried to be given up, each time after a longer pause.
const ABORT_ATTEMPTS: u32 = 4;

/// An upload under way; nothing is visible before it is finished. Dropping it, unfinished, aborts it in the background.
#[must_use = "an upload that is not finished leaves no object"]
pub(crate) struct Upload {
    store: Store,
    key: String,
    id: Option<String>,
    parts: Vec<CompletedPart>,
}

impl Upload {
    pub async fn start(
        store: &Store,
        key: &str,
        content_type: &str,
        metadata: HashMap<String, String>,
    ) -> Result<Self, Error> {
        let request = store.client.create_multipart_upload().bucket(&store.bucket).key(store.full(key));
        let request = request.content_type(content_type).set_metadata(Some(metadata));
        let answer = request.send().await.map_err(|error| store.failure(&error))?;
        let id = answer.upload_id().ok_or_else(|| Error::StoreRefused("an upload without an id".to_owned()))?;
        Ok(Self { store: store.clone(), key: key.to_owned(), id: Some(id.to_owned()), parts: Vec::new() })
    }

    /// Sends what comes, each piece as a part, until the channel ends.
    pub async fn send_all(&mut self, parts: mpsc::Receiver<Bytes>) -> Result<(), Error> {
        let numbered = stream::unfold((parts, 1), async |(mut parts, number)| {
            let part = parts.recv().await?;
            Some(((number, part), (parts, number + 1)))
        });
        let sent = numbered.map(|(number, part)| self.send(number, part)).buffer_unordered(CONCURRENCY);
        let mut sent: Vec<CompletedPart> = sent.try_collect().await?;
        sent.sort_by_key(CompletedPart::part_number);
        self.parts = sent;
        Ok(())
    }

    async fn send(&self, number: i32, part: Bytes) -> Result<CompletedPart, Error> {
        let Store { client, bucket, .. } = &self.store;
        let request = client.upload_part().bucket(bucket).key(self.store.full(&self.key)).part_number(number);
        let request = request.set_upload_id(self.id.clone()).body(ByteStream::from(part));
        let answer = request.send().await.map_err(|error| self.store.failure(&error))?;
        Ok(CompletedPart::builder().part_number(number).set_e_tag(answer.e_tag).build())
    }

    /// Makes the object visible; it takes the place of one that had the key.
    pub async fn finish(mut self) -> Result<(), Error> {
        let Store { client, bucket, .. } = &self.store;
        let all = CompletedMultipartUpload::builder().set_parts(Some(std::mem::take(&mut self.parts))).build();
        let request = client.complete_multipart_upload().bucket(bucket).key(self.store.full(&self.key));
        let request = request.set_upload_id(self.id.clone()).multipart_upload(all);
        match request.send().await {
            Ok(_) => {
                self.id = None;
                Ok(())
            }
            Err(error) => {
                let error = self.store.failure(&error);
                self.abort().await;
                Err(error)
            }
        }
    }

    /// Gives up: nothing remains in the store, where it can be reached within some seconds.
    pub async fn abort(mut self) {
        if let Some(id) = self.id.take() {
            abort(&self.store, &self.key, &id).await;
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (store, key) = (self.store.clone(), std::mem::take(&mut self.key));
        runtime.spawn(async move { abort(&store, &key, &id).await });
    }
}

async fn abort(store: &Store, key: &str, id: &str) {
    for attempt in 1.. {
        match store.abort(key, id).await {
            Ok(()) => return,
            Err(error) if attempt == ABORT_ATTEMPTS || !error.is_retryable() => {
                tracing::warn!(key, %error, "an unfinished upload remains in the object store until it is swept");
                return;
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(300) * 2_u32.pow(attempt)).await,
        }
    }
}
