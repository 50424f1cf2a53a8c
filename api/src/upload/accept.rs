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
    idempotency::{self, IdempotencyKey, KeyedRequest, StoredAnswer},
    metrics,
    problem::Problem,
    routes::media::MediaResource,
    state::Session,
    transaction::{Fault, transact},
};
use diesel::SelectableHelper;
use diesel_async::RunQueryDsl;
use gotong_shared::{
    db::{
        models::{Media, NewMedia},
        schema::media,
    },
    enqueue::{Enqueued, NewJob, enqueue},
    jobs::ThumbnailGenerate,
    media::original_key,
    telemetry::TraceContext,
};
use poem_openapi::types::ToJSON;
use uuid::Uuid;

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

impl Acceptance {
    /// The request under its key: what was sent, whatever the multipart boundaries were.
    fn keyed(&self) -> Option<KeyedRequest> {
        let Received { sha256, filename, .. } = &self.received;
        Some(self.key.clone()?.of([sha256.as_slice(), filename.as_bytes()].concat()))
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
        let clock = state.clock().await;
        let written = transact(state, async |session| self.write(session, &object).await).await;
        match written {
            Ok((resource, enqueued)) => {
                state.push(clock, enqueued);
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

    async fn write(&self, session: &mut Session, object: &str) -> Result<(MediaResource, Enqueued), Fault> {
        let (connection, deadline) = session.ledger();
        let job = self.job()?;
        let row = self.row(object, job.as_ref().map(|job| job.id))?;
        let insert = diesel::insert_into(media::table).values(&row).returning(Media::as_returning());
        let row = deadline.bound(insert.get_result(connection)).await?;
        let enqueued = match job {
            Some(job) => deadline.within(enqueue(connection, &[job])).await??,
            None => Enqueued::default(),
        };
        let resource = MediaResource::of(row, Vec::new());
        if let Some(request) = self.keyed() {
            let answer = StoredAnswer {
                status: resource.accepted_status(),
                location: Some(resource.location()),
                body: resource.to_json().unwrap_or_default(),
            };
            idempotency::claim(connection, &request, &answer).await?;
        }
        Ok((resource, enqueued))
    }

    fn job(&self) -> Result<Option<NewJob>, Problem> {
        if self.received.format.category() != Category::Image {
            return Ok(None);
        }
        let payload = ThumbnailGenerate { media_id: self.media_id };
        let job = NewJob::of(self.actor.workspace_id, &payload)?;
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
        let Some(request) = self.keyed() else { return Err(Problem::internal("there is no key to replay")) };
        idempotency::replay_taken(state, &request).await.map(Accepted::Before)
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

/// Removes an object that no row names.
fn discard(state: &AppState, object: String) {
    let storage = state.storage.clone();
    state.tasks.spawn(async move {
        if let Err(error) = storage.delete(&[object]).await {
            tracing::warn!(%error, "an object without a row remains in the object store");
        }
    });
}
