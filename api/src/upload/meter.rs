//! Counts a body's bytes as they are read, and stops it where it may not go on.
//!
//! The multipart parser holds a part's headers in memory until they end, so what may be read before they end is
//! bounded here.

use bytes::Bytes;
use futures::{Stream, StreamExt};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// What may be read beyond the parts' contents: boundaries, headers, and what the socket delivers along with them.
const SLACK: u64 = 2 * 1024 * 1024;

/// The reading of one body.
#[derive(Clone)]
pub(super) struct Meter {
    read: Arc<AtomicU64>,
    allowed: Arc<AtomicU64>,
}

impl Meter {
    /// A meter that lets the headers of one part pass.
    pub(super) fn new() -> Self {
        Self { read: Arc::default(), allowed: Arc::new(AtomicU64::new(SLACK)) }
    }

    /// Bytes read so far.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Relaxed)
    }

    /// Lets that many more bytes pass, and the headers of one more part.
    pub(super) fn allow(&self, bytes: u64) {
        self.allowed.store(self.read().saturating_add(bytes).saturating_add(SLACK), Relaxed);
    }

    /// The body as far as it may be read.
    pub(super) fn measure<S>(&self, body: S) -> impl Stream<Item = io::Result<Bytes>> + Send + use<S>
    where
        S: Stream<Item = io::Result<Bytes>> + Send,
    {
        let meter = self.clone();
        body.map(move |chunk| {
            let chunk = chunk?;
            let length = chunk.len() as u64;
            let read = meter.read.fetch_add(length, Relaxed) + length;
            if read > meter.allowed.load(Relaxed) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a part's headers are too long"));
            }
            Ok(chunk)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{TryStreamExt, stream};

    #[tokio::test]
    async fn what_is_not_allowed_is_not_read() {
        let meter = Meter::new();
        let chunks = stream::iter((0..10).map(|_| Ok(Bytes::from(vec![0; 1024 * 1024]))));
        let mut body = Box::pin(meter.measure(chunks));
        for _ in 0..2 {
            assert!(body.try_next().await.is_ok());
        }
        meter.allow(1024 * 1024);
        for _ in 0..3 {
            assert!(body.try_next().await.is_ok());
        }
        assert!(body.try_next().await.is_err());
    }
}
