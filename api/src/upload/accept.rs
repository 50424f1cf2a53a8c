//! Commits what was received: the object becomes visible, then the row, its job and the idempotency key in one
//! transaction.
//!
//! The object comes first, so no row ever names an object that is not there. If the transaction is known to have
//! failed, the object goes again. If nobody can know, it stays: an object too many is harmless, one too few is not.

use super::{format::Category, receive::Received};
use crate::{
    AppState,
    attended::attended,
    auth::Actor,
    idempotency::{self, ClaimError, Fingerprint, IdempotencyKey, StoredAnswer},
    metrics,
    problem::{Code, Problem},
    routes::media::MediaResource,
    state::{Deadline, Session},
};
use diesel::SelectableHelper;
use diesel_async::{AnsiTransactionManager, RunQueryDsl, TransactionManager};
use gotong_queue::Micros;
use gotong_shared::{
    db::{
        DatabaseError,
        models::{Media, NewMedia},
        schema::media,
    },
    enqueue::{EnqueueError, Enqueued, NewJob, enqueue},
    jobs::ThumbnailGenerate,
    media::original_key,
    telemetry::TraceContext,
};
use poem_openapi::types::ToJSON;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

/// How long Redis is waited for. Whatever it does not take is left to the relay.
const DISPATCH_PATIENCE: Duration = Duration::from_secs(1);

/// A file that was received, and for whom.
pub struct Acceptance {
    /// The id it gets.
    pub media_id: Uuid,
    /// Who sent it.
    pub actor: Actor,
    /// What came.
    pub received: Received,
    /// The client's key for this request.
    pub key: Option<IdempotencyKey>,
    /// The request's trace, which the job continues.
    pub trace: TraceContext,
}

/// How the request is answered.
pub enum Accepted {
    /// It is done.
    Now(Box<MediaResource>),
    /// The same request was answered before.
    Before(StoredAnswer),
}

/// What a transaction ends in, if not in its commit.
enum Fault {
    /// Nothing was changed.
    Clean(Problem),
    /// The same key was committed by another request.
    Taken,
    /// The connection broke in the middle of the commit.
    Unknown(Problem),
}

impl<E: Into<Problem>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Clean(error.into())
    }
}

impl Acceptance {
    /// The fingerprint of the request: what was sent, whatever the multipart boundaries were.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let hash = Sha256::new().chain_update(self.received.sha256).chain_update(self.received.filename.as_bytes());
        hash.finalize().into()
    }

    /// Makes the object visible and commits its row and job.
    ///
    /// # Errors
    /// When the store or the database does not answer, or the key was used for another request.
    pub async fn accept(mut self, state: &AppState) -> Result<Accepted, Problem> {
        let object = original_key(self.media_id);
        let Some(upload) = self.received.upload.take() else {
            return self.replay(state).await;
        };
        if let Err(error) = attended(&state.storage, Box::pin(upload.finish())).await {
            discard(state, object);
            return Err(error.into());
        }
        let clock = timeout(DISPATCH_PATIENCE / 4, state.dispatcher.clock()).await.unwrap_or(None);
        match self.commit(state, &object).await {
            Ok((resource, enqueued)) => {
                push(state, clock, enqueued);
                metrics::uploaded(self.received.format.category().as_str(), self.received.size);
                Ok(Accepted::Now(Box::new(resource)))
            }
            Err(Fault::Clean(problem)) => {
                discard(state, object);
                Err(problem)
            }
            Err(Fault::Taken) => {
                discard(state, object);
                self.replay(state).await
            }
            Err(Fault::Unknown(problem)) => self.settle(state, problem).await,
        }
    }

    async fn commit(&self, state: &AppState, object: &str) -> Result<(MediaResource, Enqueued), Fault> {
        let mut session = state.session().await?;
        let (connection, deadline) = session.ledger();
        deadline.bound(AnsiTransactionManager::begin_transaction(connection)).await?;
        match self.write(&mut session, object).await {
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

    async fn write(&self, session: &mut Session, object: &str) -> Result<(MediaResource, Enqueued), Fault> {
        let (connection, deadline) = session.ledger();
        let job = self.job()?;
        let row = self.row(object, job.as_ref().map(|job| job.id))?;
        let insert = diesel::insert_into(media::table).values(&row).returning(Media::as_returning());
        let row = deadline.bound(insert.get_result(connection)).await?;
        let enqueued = match job {
            Some(job) => tokio::time::timeout_at(deadline.instant(), enqueue(connection, &[job]))
                .await
                .map_err(|_| DatabaseError::Unavailable("the ledger gave no answer in time".into()))?
                .map_err(refused)?,
            None => Enqueued::default(),
        };
        let resource = MediaResource::of(row, Vec::new());
        if let Some(key) = &self.key {
            let answer = StoredAnswer {
                status: resource.accepted_status(),
                location: Some(resource.location()),
                body: resource.to_json().unwrap_or_default(),
                fingerprint: self.fingerprint(),
            };
            match idempotency::claim(connection, key, &answer).await {
                Ok(()) => {}
                Err(ClaimError::Taken) => return Err(Fault::Taken),
                Err(ClaimError::Refused(problem)) => return Err(Fault::Clean(problem)),
            }
        }
        Ok((resource, enqueued))
    }

    fn job(&self) -> Result<Option<NewJob>, Problem> {
        if self.received.format.category() != Category::Image {
            return Ok(None);
        }
        let payload = ThumbnailGenerate { media_id: self.media_id };
        let job = NewJob::of(self.actor.workspace_id, &payload).map_err(refused)?;
        Ok(Some(job.created_by(self.actor.id).trace(Some(self.trace.to_string()))))
    }

    fn row<'a>(&'a self, object_key: &'a str, job_id: Option<Uuid>) -> Result<NewMedia<'a>, Problem> {
        let Received { format, filename, size, sha256, .. } = &self.received;
        Ok(NewMedia {
            id: self.media_id,
            workspace_id: self.actor.workspace_id,
            category: format.category().as_str(),
            state: if job_id.is_some() { "processing" } else { "ready" },
            filename,
            content_type: format.content_type(),
            byte_size: i64::try_from(*size).map_err(Problem::internal)?,
            sha256,
            object_key,
            job_id,
            created_by: Some(self.actor.id),
        })
    }

    /// Answers as the first request with the key was answered.
    async fn replay(&self, state: &AppState) -> Result<Accepted, Problem> {
        let Some(key) = &self.key else { return Err(Problem::internal("there is no key to replay")) };
        let Some(stored) = idempotency::stored(state, key).await? else {
            let detail = "The first request with this Idempotency-Key has just expired; send it again.";
            return Err(Problem::new(Code::IdempotencyConflict, detail).retry_after(1));
        };
        if stored.fingerprint == self.fingerprint() {
            return Ok(Accepted::Before(stored));
        }
        let detail = "This Idempotency-Key was used for another file or another file name.";
        Err(Problem::new(Code::IdempotencyMismatch, detail).about("/header/Idempotency-Key"))
    }

    /// Nobody said whether the transaction was committed: asks once, and leaves the object where it is.
    async fn settle(&self, state: &AppState, problem: Problem) -> Result<Accepted, Problem> {
        if let Ok(resource) = crate::routes::media::find(state, &self.actor, self.media_id).await {
            return Ok(Accepted::Now(Box::new(resource)));
        }
        tracing::warn!(media = %self.media_id, "it is not known whether an upload was committed; its object stays");
        Err(problem)
    }
}

fn refused(error: EnqueueError) -> Problem {
    match error {
        EnqueueError::Database(error) => error.into(),
        error => Problem::internal(error),
    }
}

fn push(state: &AppState, clock: Option<Micros>, enqueued: Enqueued) {
    let dispatcher = state.dispatcher.clone();
    state.tasks.spawn(async move { timeout(DISPATCH_PATIENCE, dispatcher.push(clock, enqueued)).await });
}

/// Removes an object that no row names.
fn discard(state: &AppState, object: String) {
    let storage = state.storage.clone();
    state.tasks.spawn(async move {
        if let Err(error) = storage.delete(&[object]).await {
            tracing::warn!(%error, "an object without a row remains in the object store");
        }
    });
}
