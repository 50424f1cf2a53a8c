//! Waits for the object store as long as it shows signs of life, and no longer.
//!
//! A part of an upload may rightly take many seconds, so a short timeout would refuse what would succeed; a store that
//! hangs must still be noticed within three seconds.

use gotong_shared::storage::{Storage, StorageError};
use std::{future::Future, pin::pin, time::Duration};
use tokio::time::{sleep, timeout};

/// After how long a call is slow enough to ask for a sign of life.
const SLOW: Duration = Duration::from_secs(1);
/// How long the sign may take.
const SIGN: Duration = Duration::from_millis(1_500);

/// The call's answer, or [`StorageError::Unavailable`] when it is slow and the store gives no other answer either.
///
/// # Errors
/// What the call ends in.
pub async fn attended<T>(
    storage: &Storage,
    call: impl Future<Output = Result<T, StorageError>>,
) -> Result<T, StorageError> {
    let mut call = pin!(call);
    loop {
        tokio::select! {
            answer = &mut call => return answer,
            () = sleep(SLOW) => {}
        }
        tokio::select! {
            answer = &mut call => return answer,
            sign = timeout(SIGN, storage.ping()) => match sign {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(StorageError::Unavailable("it gave no answer in time".into())),
            }
        }
    }
}
