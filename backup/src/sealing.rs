//! The way out: plain dump → zstd → age → parts of an upload, on one thread of its own and those of zstd.
//!
//! What is held in memory: the jobs of zstd, a part that is filled, one that waits and those that are sent.

use crate::{Error, Recipient, digest::Digest, manifest::Digested, progress::Meter};
use age::{Encryptor, stream::StreamWriter};
use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use tokio::sync::mpsc;
use zstd::{stream::write::Encoder, zstd_safe::CParameter};

const READ_SIZE: usize = 256 * 1024;
/// A part is at least so large; S3 takes at most 10,000 of them.
const SMALLEST_PART: usize = 8 * 1024 * 1024;
const MOST_PARTS: u64 = 9_000;
/// Keeps a worker of zstd at some MiB; its own choice is four times as much.
const JOB_SIZE: u32 = 2 * 1024 * 1024;

/// How the dump is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compression {
    /// The level of zstd, from 1 (fast) to 19 (small).
    pub level: i32,
    /// Threads that compress, beside the one that reads and encrypts.
    pub workers: u32,
}

impl Default for Compression {
    /// What `zstd` itself takes, on one thread: `pg_dump` is slower than that.
    fn default() -> Self {
        Self { level: 3, workers: 1 }
    }
}

/// What went through.
pub(crate) struct Sealed {
    pub dump: Digested,
    pub compressed_bytes: u64,
    pub object: Digested,
}

/// The size of a part with which a database of so many bytes stays below the limit on their number, even if it does not
/// become smaller.
pub(crate) fn part_size(database_size: u64) -> usize {
    let needed = usize::try_from(database_size / MOST_PARTS).unwrap_or(usize::MAX);
    needed.max(SMALLEST_PART)
}

/// Reads to the end, and sends every part that is full, the rest too. Blocks.
pub(crate) fn seal(
    mut plain: impl Read,
    recipients: &[Recipient],
    compression: Compression,
    parts: Parts,
    mut meter: Meter,
) -> Result<Sealed, Error> {
    let recipients = recipients.iter().map(|recipient| &recipient.0 as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients).map_err(|error| Error::InvalidKey(error.to_string()))?;
    let encrypted = Counted { inner: encryptor.wrap_output(parts)?, bytes: 0 };
    let mut encoder = Encoder::new(encrypted, compression.level.clamp(1, 19))?;
    encoder.include_checksum(true)?;
    if compression.workers > 0 {
        encoder.multithread(compression.workers.min(16))?;
        encoder.set_parameter(CParameter::JobSize(JOB_SIZE))?;
    }
    let mut digest = Digest::new();
    let mut buffer = vec![0; READ_SIZE];
    loop {
        let read = match plain.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        digest.update(&buffer[..read]);
        encoder.write_all(&buffer[..read])?;
        meter.add(read as u64);
    }
    let Counted { inner, bytes } = encoder.finish()?;
    meter.finish();
    Ok(Sealed { dump: digest.finish(), compressed_bytes: bytes, object: inner.finish()?.finish()? })
}

/// Counts what is encrypted.
struct Counted {
    inner: StreamWriter<Parts>,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Cuts what is written into parts and hashes it.
pub(crate) struct Parts {
    sender: mpsc::Sender<Bytes>,
    part: BytesMut,
    size: usize,
    digest: Digest,
}

impl Parts {
    pub fn new(sender: mpsc::Sender<Bytes>, size: usize) -> Self {
        Self { sender, part: BytesMut::new(), size, digest: Digest::new() }
    }

    fn send(&mut self) -> io::Result<()> {
        let part = std::mem::take(&mut self.part).freeze();
        let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "the upload ended early");
        self.sender.blocking_send(part).map_err(|_| gone())
    }

    fn finish(mut self) -> io::Result<Digested> {
        if !self.part.is_empty() {
            self.send()?;
        }
        Ok(self.digest.finish())
    }
}

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(self.size - self.part.len())];
        if self.part.capacity() == 0 {
            self.part = BytesMut::with_capacity(self.size);
        }
        self.part.extend_from_slice(bytes);
        self.digest.update(bytes);
        if self.part.len() == self.size {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Identity, progress::Stage};

    fn sealed(plain: &[u8], recipients: &[Recipient], size: usize) -> (Sealed, Vec<Bytes>) {
        let (sender, mut receiver) = mpsc::channel(1_000);
        let parts = Parts::new(sender, size);
        let meter = Meter::new(None, Stage::Dumping, None);
        let sealed = seal(plain, recipients, Compression::default(), parts, meter).unwrap();
        let mut all = Vec::new();
        while let Ok(part) = receiver.try_recv() {
            all.push(part);
        }
        (sealed, all)
    }

    #[test]
    fn what_is_sealed_is_in_even_parts_and_each_recipient_can_open_it() {
        let plain: Vec<u8> = (0..3_000_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let identities = [Identity::generate(), Identity::generate()];
        let recipients: Vec<Recipient> = identities.iter().map(Identity::recipient).collect();
        let (sealed, parts) = sealed(&plain, &recipients, 1_000_000);
        assert!(parts.len() > 2);
        assert!(parts[..parts.len() - 1].iter().all(|part| part.len() == 1_000_000));
        let object = parts.concat();
        assert_eq!((sealed.dump.bytes, sealed.object.bytes), (plain.len() as u64, object.len() as u64));
        assert!(sealed.compressed_bytes < sealed.object.bytes);
        for identity in &identities {
            let decryptor = age::Decryptor::new(object.as_slice()).unwrap();
            let compressed = decryptor.decrypt(std::iter::once(&identity.0 as &dyn age::Identity)).unwrap();
            assert!(zstd::decode_all(compressed).unwrap() == plain);
        }
    }

    #[test]
    fn a_large_database_has_large_parts() {
        assert_eq!(part_size(1_000_000), SMALLEST_PART);
        assert!(u128::from(u64::MAX / 1_000_000) / (part_size(u64::MAX / 1_000_000) as u128) <= 10_000);
    }
}
