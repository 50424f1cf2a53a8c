//! A transaction of a request: bounded in time, and clear about whether it was committed.

use crate::{
    AppState,
    idempotency::{self, ClaimError, KeyedRequest, StoredAnswer},
    problem::{Code, Problem},
    state::{Deadline, Session},
};
use diesel_async::{AnsiTransactionManager, TransactionManager};
use gotong_shared::enqueue::Enqueued;
use poem_openapi::types::{ParseFromJSON, ToJSON};

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

/// What a request makes, how it is answered for it, and the jobs that come with it.
pub struct Made<T> {
    resource: T,
    status: u16,
    location: Option<String>,
    enqueued: Enqueued,
}

impl<T> Made<T> {
    /// A resource whose request is answered with that status.
    pub fn new(status: u16, resource: T) -> Self {
        Self { resource, status, location: None, enqueued: Enqueued::default() }
    }

    /// It is found there.
    pub fn at(self, location: impl Into<String>) -> Self {
        Self { location: Some(location.into()), ..self }
    }

    /// Its jobs are pushed once it is committed.
    pub fn with(self, enqueued: Enqueued) -> Self {
        Self { enqueued, ..self }
    }
}

/// What was made: by this request, or by an earlier one under the same key.
pub struct Done<T> {
    /// What was answered.
    pub resource: T,
    /// The status it was answered with.
    pub status: u16,
    /// `true` if an earlier request was answered so: the header `Idempotency-Replayed`.
    pub replayed: Option<bool>,
}

impl<T> Done<T> {
    /// By this request.
    pub fn now(status: u16, resource: T) -> Self {
        Self { resource, status, replayed: None }
    }
}

impl<T: ParseFromJSON> Done<T> {
    /// As the earlier request was answered.
    fn before(stored: StoredAnswer) -> Result<Self, Problem> {
        Ok(Self { status: stored.status, resource: stored.read()?, replayed: Some(true) })
    }
}

/// Commits what `write` makes and the answer it gives, once for each key, and pushes its jobs.
///
/// # Errors
/// See [`Fault`]; [`Fault::Taken`] is none of them.
pub async fn once<T: ToJSON + ParseFromJSON>(
    state: &AppState,
    request: Option<&KeyedRequest>,
    write: impl AsyncFnOnce(&mut Session) -> Result<Made<T>, Fault>,
) -> Result<Done<T>, Fault> {
    if let Some(request) = request
        && let Some(stored) = idempotency::replay(state, request).await?
    {
        return Ok(Done::before(stored)?);
    }
    let clock = state.clock().await;
    let written = transact(state, async |session| {
        let made = write(session).await?;
        if let Some(request) = request {
            let body = made.resource.to_json().unwrap_or_default();
            let answer = StoredAnswer { status: made.status, location: made.location.clone(), body };
            idempotency::claim(session.ledger().0, request, &answer).await?;
        }
        Ok(made)
    });
    match (written.await, request) {
        (Ok(Made { resource, status, enqueued, .. }), _) => {
            state.push(clock, enqueued);
            Ok(Done::now(status, resource))
        }
        (Err(Fault::Taken), Some(request)) => Ok(Done::before(idempotency::replay_taken(state, request).await?)?),
        (Err(fault), _) => Err(fault),
    }
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
