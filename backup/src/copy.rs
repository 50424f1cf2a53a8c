//! An incremental copy of objects to a second place, each verified by its hash.
//!
//! A copy carries the SHA-256 of its content and the store's mark of its original as metadata, so what has not changed is
//! skipped on one question, and a copy that broke off goes on where it was. Nothing is removed from the copy because its original is gone.

use crate::{
    Error, Store,
    digest::Digest,
    progress::{Meter, Observer, Stage},
    store::{Entry, Upload},
};
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};
use std::{collections::HashMap, sync::Mutex};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const SHA256: &str = "gotong-sha256";
const ORIGINAL: &str = "gotong-original";
const CONTENT_TYPE: &str = "application/octet-stream";
/// A smaller object is copied in one piece from memory; a larger one in parts of this size.
const PART: usize = 8 * 1024 * 1024;
/// How many failed objects a report names.
const MOST_NAMED: usize = 100;

/// What is to be copied.
#[derive(Clone)]
pub struct Copy<'a> {
    /// The originals.
    pub from: &'a Store,
    /// Where their copies go, under the same keys.
    pub to: &'a Store,
    /// How many objects are copied at once; each holds up to 24 MiB of memory.
    pub concurrency: usize,
    /// Whether copies that are there already are read back and compared with their hash too.
    pub recheck: bool,
    /// Told of the bytes copied.
    pub progress: Option<&'a Observer>,
    /// Ends it; what was copied stays.
    pub cancelled: &'a CancellationToken,
}

/// What a copy has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyReport {
    /// Objects there are.
    pub listed: u64,
    /// Objects that were copied and compared with their original.
    pub copied: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Objects whose copy was there.
    pub skipped: u64,
    /// Those of them that were read back.
    pub rechecked: u64,
    /// Objects that were not copied.
    pub failures: u64,
    /// Up to 100 of these.
    pub failed: Vec<FailedCopy>,
}

/// An object that was not copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCopy {
    /// Its key below the prefix.
    pub key: String,
    /// The [`Error::code`].
    pub code: &'static str,
    /// Why not.
    pub reason: String,
}

/// What became of one object.
enum Outcome {
    Copied(u64),
    Skipped,
    Rechecked,
    /// It was removed while the others were copied.
    Gone,
}

/// Copies every object that has no copy, or another one than it was when it was copied. What fails does not stop the
/// others.
///
/// # Errors
/// [`Error::BucketMissing`], when a store refuses or the objects cannot be listed, or it is cancelled.
pub async fn copy(request: Copy<'_>) -> Result<CopyReport, Error> {
    request.cancelled.run_until_cancelled(Box::pin(run(&request))).await.unwrap_or(Err(Error::Cancelled))
}

async fn run(request: &Copy<'_>) -> Result<CopyReport, Error> {
    let meter = Mutex::new(Meter::new(request.progress, Stage::Copying, None));
    let mut report = CopyReport::default();
    request.to.ping().await?;
    let mut after: Option<String> = None;
    loop {
        let page = request.from.page("", after.as_deref()).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        let copied = stream::iter(page).map(async |entry| (request.one(&entry).await, entry.key));
        let mut copied = copied.buffer_unordered(request.concurrency.clamp(1, 64));
        while let Some((outcome, key)) = copied.next().await {
            if let (Ok(Outcome::Copied(bytes)), Ok(mut meter)) = (&outcome, meter.lock()) {
                meter.add(*bytes);
            }
            report.note(outcome, key);
        }
    }
    if let Ok(meter) = meter.into_inner() {
        meter.finish();
    }
    Ok(report)
}

impl CopyReport {
    fn note(&mut self, outcome: Result<Outcome, Error>, key: String) {
        self.listed += 1;
        match outcome {
            Ok(Outcome::Copied(bytes)) => {
                self.copied += 1;
                self.bytes += bytes;
            }
            Ok(Outcome::Skipped) => self.skipped += 1,
            Ok(Outcome::Rechecked) => {
                self.skipped += 1;
                self.rechecked += 1;
            }
            Ok(Outcome::Gone) => self.listed -= 1,
            Err(error) => {
                self.failures += 1;
                if self.failed.len() < MOST_NAMED {
                    self.failed.push(FailedCopy { key, code: error.code(), reason: error.to_string() });
                }
            }
        }
    }
}

impl Copy<'_> {
    async fn one(&self, entry: &Entry) -> Result<Outcome, Error> {
        let mark = format!("{}-{}", entry.etag, entry.bytes);
        let there = self.to.head(&entry.key).await?;
        let there = there.filter(|head| head.bytes == entry.bytes && head.metadata.get(ORIGINAL) == Some(&mark));
        match there.and_then(|mut head| head.metadata.remove(SHA256)) {
            Some(_) if !self.recheck => Ok(Outcome::Skipped),
            Some(sha256) if hash(self.to, &entry.key).await?.is_some_and(|found| found == sha256) => {
                Ok(Outcome::Rechecked)
            }
            _ if entry.bytes < PART as u64 => self.small(entry, mark).await,
            _ => self.large(entry, mark).await,
        }
    }

    async fn small(&self, entry: &Entry, mark: String) -> Result<Outcome, Error> {
        // It may have been replaced by a larger one since it was listed.
        let Some(bytes) = self.from.read(&entry.key, 2 * PART as u64).await? else { return Ok(Outcome::Gone) };
        let mut digest = Digest::new();
        digest.update(&bytes);
        let sha256 = digest.finish().sha256;
        let size = bytes.len() as u64;
        self.to.put(&entry.key, CONTENT_TYPE, metadata(&sha256, mark), bytes).await?;
        self.compare(&entry.key, &sha256).await?;
        Ok(Outcome::Copied(size))
    }

    /// Reads the original twice: its hash has to be known when the upload begins.
    async fn large(&self, entry: &Entry, mark: String) -> Result<Outcome, Error> {
        let Some(sha256) = hash(self.from, &entry.key).await? else { return Ok(Outcome::Gone) };
        let mut upload = Upload::start(self.to, &entry.key, CONTENT_TYPE, metadata(&sha256, mark)).await?;
        let (sender, receiver) = mpsc::channel(1);
        let sent = tokio::try_join!(upload.send_all(receiver), parts(self.from, &entry.key, sender));
        let is_same = match sent {
            Ok(((), sent)) if sent == sha256 => Ok(()),
            Ok(_) => Err(Error::CopyDiffers(entry.key.clone())),
            Err(error) => Err(error),
        };
        if let Err(error) = is_same {
            upload.abort().await;
            return Err(error);
        }
        upload.finish().await?;
        self.compare(&entry.key, &sha256).await?;
        Ok(Outcome::Copied(entry.bytes))
    }

    /// Reads the copy back. A wrong one is removed, so that it is not taken for a copy later.
    async fn compare(&self, key: &str, sha256: &str) -> Result<(), Error> {
        if hash(self.to, key).await?.as_deref() == Some(sha256) {
            return Ok(());
        }
        self.to.delete(key).await?;
        Err(Error::CopyDiffers(key.to_owned()))
    }
}

fn metadata(sha256: &str, mark: String) -> HashMap<String, String> {
    HashMap::from([(SHA256.to_owned(), sha256.to_owned()), (ORIGINAL.to_owned(), mark)])
}

/// The SHA-256 of an object read whole; none when there is none.
async fn hash(store: &Store, key: &str) -> Result<Option<String>, Error> {
    let Some(mut object) = Reading::open(store, key).await? else { return Ok(None) };
    let mut digest = Digest::new();
    while let Some(bytes) = object.next().await? {
        digest.update(&bytes);
    }
    Ok(Some(digest.finish().sha256))
}

/// Reads an object into parts; its SHA-256.
async fn parts(store: &Store, key: &str, sender: mpsc::Sender<Bytes>) -> Result<String, Error> {
    let missing = || Error::ObjectMissing(key.to_owned());
    let mut object = Reading::open(store, key).await?.ok_or_else(missing)?;
    let (mut digest, mut part) = (Digest::new(), BytesMut::with_capacity(PART));
    while let Some(mut bytes) = object.next().await? {
        digest.update(&bytes);
        while part.len() + bytes.len() >= PART {
            part.extend_from_slice(&bytes.split_to(PART - part.len()));
            let full = std::mem::replace(&mut part, BytesMut::with_capacity(PART)).freeze();
            // An upload that ended early says why itself.
            let _ = sender.send(full).await;
        }
        part.extend_from_slice(&bytes);
    }
    if !part.is_empty() {
        let _ = sender.send(part.freeze()).await;
    }
    Ok(digest.finish().sha256)
}

/// An object that is read from its beginning to its end.
struct Reading<'a> {
    key: &'a str,
    body: ByteStream,
    expected: u64,
    read: u64,
}

impl<'a> Reading<'a> {
    async fn open(store: &Store, key: &'a str) -> Result<Option<Self>, Error> {
        let Some(output) = store.open(key, 0).await? else { return Ok(None) };
        let expected = output.content_length().and_then(|n| u64::try_from(n).ok()).unwrap_or_default();
        Ok(Some(Self { key, body: output.body, expected, read: 0 }))
    }

    /// The next bytes; none only when all have come.
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let broke_off = |why: String| Error::StoreUnavailable(format!("{} broke off{why}", self.key));
        match self.body.next().await {
            Some(Ok(bytes)) => {
                self.read += bytes.len() as u64;
                Ok(Some(bytes))
            }
            Some(Err(error)) => Err(broke_off(format!(": {error}"))),
            None if self.read == self.expected => Ok(None),
            None => Err(broke_off(String::new())),
        }
    }
}
