//! The way back: object → age → zstd → plain dump, read whole and compared with its manifest.

use crate::{
    Error, Identity, Manifest,
    digest::Digest,
    manifest::Digested,
    progress::{Meter, Observer, Stage},
    store::Store,
};
use age::{DecryptError, Decryptor};
use bytes::Bytes;
use std::io::{self, BufReader, Read, Write};
use tokio::sync::mpsc;

const READ_SIZE: usize = 256 * 1024;
/// Pieces of an object that wait to be decrypted; one is some 64 KiB.
const WAITING: usize = 16;
/// How often in a row a broken connection is opened anew where the last one ended.
const ATTEMPTS: u32 = 4;

/// Reads the object of a backup and writes the plain dump into `plain`. It goes on to the end, so that everything is
/// compared, also when nobody reads `plain` any more.
///
/// # Errors
/// [`Error::WrongKey`], [`Error::Tampered`], [`Error::Truncated`], [`Error::ObjectMissing`], or of the store.
pub(crate) async fn unseal(
    store: &Store,
    manifest: &Manifest,
    identities: &[Identity],
    plain: impl Write + Send + 'static,
    observer: Option<&Observer>,
) -> Result<(), Error> {
    let meter = Meter::new(observer, Stage::Restoring, Some(manifest.dump.bytes));
    let (sender, receiver) = mpsc::channel(WAITING);
    let (manifest_here, identities) = (manifest.clone(), identities.to_vec());
    let opening = tokio::task::spawn_blocking(move || {
        let (source, mut plain) = (Source::new(receiver), plain);
        let opened = Opening { manifest: &manifest_here, identities: &identities }.run(source, &mut plain, meter);
        // Whoever reads must not see an early end before it is known here why there is one.
        (opened, plain)
    });
    let fetching = fetch(store, manifest, sender);
    let (fetched, opened) = tokio::join!(fetching, opening);
    // Where both failed, what could not be fetched is the cause of what could not be opened.
    fetched?;
    let (opened, _plain) = opened.map_err(|error| Error::Io(error.to_string()))?;
    opened
}

/// Sends the object's bytes until they end or nobody wants them.
async fn fetch(store: &Store, manifest: &Manifest, sender: mpsc::Sender<Bytes>) -> Result<(), Error> {
    let (key, expected) = (&manifest.object.key, manifest.object.bytes);
    let (mut sent, mut attempts) = (0, 0);
    while sent < expected {
        let output = store.open(key, sent).await?.ok_or_else(|| Error::ObjectMissing(key.clone()))?;
        let length = output.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
        if sent + length < expected {
            return Err(Error::Truncated { expected, found: sent + length });
        }
        if sent + length > expected {
            return Err(Error::Tampered(format!("it has {} bytes instead of {expected}", sent + length)));
        }
        let mut body = output.body;
        let broken = loop {
            match body.next().await {
                Some(Ok(bytes)) => {
                    sent += bytes.len() as u64;
                    attempts = 0;
                    if sender.send(bytes).await.is_err() {
                        return Ok(());
                    }
                }
                Some(Err(error)) => break error.to_string(),
                None => break "the object broke off".to_owned(),
            }
        };
        attempts += 1;
        if sent < expected && attempts == ATTEMPTS {
            return Err(Error::StoreUnavailable(broken));
        }
    }
    Ok(())
}

/// The bytes of a channel, counted and hashed.
struct Source {
    receiver: mpsc::Receiver<Bytes>,
    current: Bytes,
    digest: Digest,
}

impl Source {
    fn new(receiver: mpsc::Receiver<Bytes>) -> Self {
        Self { receiver, current: Bytes::new(), digest: Digest::new() }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.receiver.blocking_recv() {
                Some(bytes) => self.current = bytes,
                None => return Ok(0),
            }
        }
        let piece = self.current.split_to(self.current.len().min(buffer.len()));
        buffer[..piece.len()].copy_from_slice(&piece);
        self.digest.update(&piece);
        Ok(piece.len())
    }
}

struct Opening<'a> {
    manifest: &'a Manifest,
    identities: &'a [Identity],
}

impl Opening<'_> {
    fn run(&self, mut source: Source, plain: &mut impl Write, mut meter: Meter) -> Result<(), Error> {
        let dump = self.pass(&mut source, plain, &mut meter);
        if dump.is_err() {
            // How much there is tells an object that was cut from one that was changed.
            io::copy(&mut source, &mut io::sink())?;
        }
        let object = source.digest.finish();
        let expected = &self.manifest.object;
        if object.bytes < expected.bytes {
            return Err(Error::Truncated { expected: expected.bytes, found: object.bytes });
        }
        let dump = dump?;
        if object.sha256 != expected.sha256 {
            return Err(Error::Tampered("the SHA-256 of the object is not that of the manifest".to_owned()));
        }
        if dump != self.manifest.dump {
            return Err(Error::Tampered("the SHA-256 of the dump is not that of the manifest".to_owned()));
        }
        meter.finish();
        Ok(())
    }

    fn pass(&self, source: &mut Source, plain: &mut impl Write, meter: &mut Meter) -> Result<Digested, Error> {
        let decryptor = Decryptor::new_buffered(BufReader::with_capacity(READ_SIZE, source));
        let decryptor = decryptor.map_err(|error| self.opening(&error))?;
        let keys = self.identities.iter().map(|identity| &identity.0 as &dyn age::Identity);
        let compressed = decryptor.decrypt(keys).map_err(|error| self.opening(&error))?;
        let mut decoder = zstd::stream::read::Decoder::new(compressed)?;
        let (mut digest, mut buffer) = (Digest::new(), vec![0; READ_SIZE]);
        let mut is_wanted = true;
        loop {
            let read = decoder.read(&mut buffer).map_err(|error| reading(&error))?;
            if read == 0 {
                return Ok(digest.finish());
            }
            digest.update(&buffer[..read]);
            if is_wanted {
                // Whoever reads may have seen enough: pg_restore does not need the last bytes of a dump.
                is_wanted = match plain.write_all(&buffer[..read]) {
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => false,
                    other => other.map(|()| true)?,
                };
            }
            meter.add(read as u64);
        }
    }

    fn opening(&self, error: &DecryptError) -> Error {
        let ours: Vec<_> = self.identities.iter().map(Identity::recipient).collect();
        match error {
            // With the right key at hand it is the header that is wrong.
            DecryptError::NoMatchingKeys if !self.manifest.recipients.iter().any(|theirs| ours.contains(theirs)) => {
                let theirs: Vec<String> = self.manifest.recipients.iter().map(ToString::to_string).collect();
                Error::WrongKey { recipients: theirs.join(", ") }
            }
            _ => Error::Tampered(format!("its header: {error}")),
        }
    }
}

fn reading(error: &io::Error) -> Error {
    Error::Tampered(format!("its content does not decrypt or decompress: {error}"))
}
