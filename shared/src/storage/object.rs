//! Reading an object.

use super::StorageError;
use aws_sdk_s3::{operation::get_object::GetObjectOutput, primitives::ByteStream};
use bytes::{Bytes, BytesMut};
use futures::{Stream, stream};

/// An object's bytes, not read yet.
pub struct ObjectBody {
    /// How many bytes will come.
    pub size: u64,
    stream: ByteStream,
}

impl ObjectBody {
    pub(super) fn new(output: GetObjectOutput) -> Self {
        let size = output.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
        Self { size, stream: output.body }
    }

    /// The bytes as they come.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, StorageError>> + Send + 'static {
        stream::unfold(self.stream, async |mut stream| {
            let next = stream.next().await?;
            Some((next.map_err(|error| StorageError::Unavailable(error.to_string())), stream))
        })
    }

    /// All of it, if it is not longer than `limit`.
    ///
    /// # Errors
    /// [`StorageError::Refused`] when it is longer, or [`StorageError::Unavailable`] when it breaks off.
    pub async fn collect(mut self, limit: u64) -> Result<Bytes, StorageError> {
        let too_long = || StorageError::Refused(format!("the object is longer than {limit} bytes"));
        if self.size > limit {
            return Err(too_long());
        }
        let mut bytes = BytesMut::with_capacity(usize::try_from(self.size).unwrap_or_default());
        while let Some(chunk) = self.stream.next().await {
            bytes.extend_from_slice(&chunk.map_err(|error| StorageError::Unavailable(error.to_string()))?);
            if bytes.len() as u64 > limit {
                return Err(too_long());
            }
        }
        if (bytes.len() as u64) < self.size {
            return Err(StorageError::Unavailable("the object broke off".into()));
        }
        Ok(bytes.freeze())
    }
}
