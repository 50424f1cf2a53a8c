//! A transaction of a request: bounded in time, and clear about whether it was committed.

use crate::{
    AppState,
    idempotency::{self, ClaimError, Fingerprint, IdempotencyKey, StoredAnswer},
    problem::{Code, Problem},
    state::{Deadline, Session},
};
use diesel_async::{AnsiTransactionManager, TransactionManager};
use serde_json::Value;

/// What a transaction ends in, if not in its commit.
pub enum Fault {
    /// Nothing was changed.
    Clean(Problem),
    /// The request's idempotency key was committed by another request; nothing was changed.
    Taken,
    /// The connection broke in the middle of the commit: nobody can know.
    Unknown(Problem),
}

impl<E: Into<Problem>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Clean(error.into())
    }
}

impl From<ClaimError> for Fault {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Taken => Self::Taken,
            ClaimError::Refused(problem) => Self::Clean(problem),
        }
    }
}

impl Fault {
    /// What the client is told. That the key is taken is told only where nobody replays the other answer.
    pub fn problem(self) -> Problem {
        match self {
            Self::Clean(problem) | Self::Unknown(problem) => problem,
            Self::Taken => {
                let detail = "Another request with this Idempotency-Key is still under way.";
                Problem::new(Code::IdempotencyConflict, detail).about("/header/Idempotency-Key").retry_after(1)
            }
        }
    }
}

/// What was done under an idempotency key.
pub enum Done<T> {
    /// By this request.
    Now(T),
    /// By an earlier one, which was answered so.
    Before(StoredAnswer),
}

/// Commits what `write` does and the answer it gives, once for each key.
///
/// # Errors
/// See [`Fault`]; [`Fault::Taken`] is none of them.
pub async fn once<T>(
    state: &AppState,
    key: Option<&IdempotencyKey>,
    fingerprint: Fingerprint,
    write: impl AsyncFnOnce(&mut Session) -> Result<(T, Answer), Fault>,
) -> Result<Done<T>, Fault> {
    if let Some(key) = key
        && idempotency::stored(state, key).await?.is_some()
    {
        return Ok(Done::Before(idempotency::replay(state, key, &fingerprint).await?));
    }
    let written = transact(state, async |session| {
        let (done, Answer { status, location, body }) = write(session).await?;
        if let Some(key) = key {
            let answer = StoredAnswer { status, location, body, fingerprint };
            idempotency::claim(session.ledger().0, key, &answer).await?;
        }
        Ok(done)
    });
    match (written.await, key) {
        (Ok(done), _) => Ok(Done::Now(done)),
        (Err(Fault::Taken), Some(key)) => Ok(Done::Before(idempotency::replay(state, key, &fingerprint).await?)),
        (Err(fault), _) => Err(fault),
    }
}

/// An answer to be given again.
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its `Location`.
    pub location: Option<String>,
    /// Its body.
    pub body: Value,
}

/// Commits what `write` does, or rolls it back.
///
/// # Errors
/// See [`Fault`].
pub async fn transact<T>(
    state: &AppState,
    write: impl AsyncFnOnce(&mut Session) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    deadline.bound(AnsiTransactionManager::begin_transaction(connection)).await?;
    match write(&mut session).await {
        Ok(written) => {
            let deadline = Deadline::after(state.database.timeout());
            let commit = AnsiTransactionManager::commit_transaction(&mut *session.connection);
            match deadline.bound(commit).await {
                Ok(()) => Ok(written),
                Err(error) if error.is_transient() => Err(Fault::Unknown(error.into())),
                Err(error) => Err(Fault::Clean(error.into())),
            }
        }
        Err(fault) => {
            let rollback = AnsiTransactionManager::rollback_transaction(&mut *session.connection);
            // A connection that cannot roll back is not used again, which rolls back too.
            _ = deadline.bound(rollback).await;
            Err(fault)
        }
    }
}
