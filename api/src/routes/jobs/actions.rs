//! What can be asked of jobs that are there: get, retry, edit, delete; one by one and up to 1,000 at once.

use super::{
    JobAccepted, JobAnswer,
    accept::discard,
    batch::{BatchResult, ItemProblem, JobIds, as_value, check_length},
    edit::{self, JobPatch},
    find::{self, Wish},
    resource::JobResource,
};
use crate::{
    AppState,
    auth::{Actor, Reader, Writer},
    idempotency::IdempotencyKey,
    json::JsonBody,
    problem::{Code, Problem, Refused},
    routes::{Altering, Batching, Patching, Reading, Tag},
    transaction::{Done, Fault, Made, once},
};
use gotong_shared::{
    enqueue::Claim,
    ledger::{self, Deletion, Retry},
};
use poem::web::Data;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Header, Path},
    payload::Json,
};
use std::collections::HashMap;
use uuid::Uuid;

/// The operations on jobs that are there.
pub struct JobActionsApi;

/// How a batch is answered.
#[derive(ApiResponse)]
pub enum BatchAnswer {
    /// An outcome for each item.
    #[oai(status = 207)]
    Each(
        Json<BatchResult>,
        /// `true` when this is the stored answer to an earlier request with the same Idempotency-Key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

/// How a deletion is answered.
#[derive(ApiResponse)]
enum JobDeleted {
    /// It is deleted, with everything that was kept of it.
    #[oai(status = 204)]
    Gone,
}

/// How an edit is answered.
#[derive(ApiResponse)]
enum JobEdited {
    /// The job as it is now.
    #[oai(status = 200)]
    Changed(
        Json<JobResource>,
        /// Which state of the job this is.
        #[oai(header = "ETag")]
        String,
    ),
}

#[OpenApi(prefix_path = "/jobs", tag = "Tag::Jobs")]
impl JobActionsApi {
    /// Get a job.
    ///
    /// With `Prefer: wait=N` the answer is held back until the job has ended, for N seconds at most (30 is the limit).
    #[oai(path = "/:id", method = "get", operation_id = "get_job")]
    async fn get(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
        /// `wait=N`: hold the answer back until the job has ended, at most N seconds (RFC 7240).
        #[oai(name = "Prefer")]
        prefer: Header<Option<String>>,
    ) -> Result<JobAnswer, Refused<Reading>> {
        let job = find::wait_for(app, &caller, id.0, Wish::read(prefer.as_deref())).await?;
        let tag = job.tag.clone();
        Ok(JobAnswer::Found(Json(job), tag))
    }

    /// Cancel a job.
    ///
    /// A waiting job is cancelled within a second; a running one is told, and what it returns after its grace time does
    /// not count. A run that has finished by then stands.
    #[oai(path = "/:id/cancel", method = "post", operation_id = "cancel_job")]
    async fn cancel(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        id: Path<Uuid>,
        /// The client's own name for this request, 1 to 255 visible ASCII characters.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
    ) -> Result<JobAccepted, Refused<Altering>> {
        let key = IdempotencyKey::read(caller.workspace_id, "cancel_job", idempotency_key.0)?;
        let request = key.map(|key| key.of(id.0));
        let done = once(app, request.as_ref(), async |session| {
            let (connection, deadline) = session.ledger();
            let found = deadline.bound(ledger::request_cancels(connection, caller.workspace_id, &[id.0])).await?;
            refuse_one(found.get(&id.0).map(|open| if *open { Ok(()) } else { Err(ended()) }))?;
            Ok(accepted(id.0))
        });
        answer(app, &caller, done.await.map_err(Fault::problem)?).await
    }

    /// Retry a job that has ended.
    ///
    /// It begins again with all its attempts, as its next generation; what it came to before stays among its attempts.
    #[oai(path = "/:id/retry", method = "post", operation_id = "retry_job")]
    async fn retry(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        id: Path<Uuid>,
        /// The client's own name for this request, 1 to 255 visible ASCII characters.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
    ) -> Result<JobAccepted, Refused<Altering>> {
        let key = IdempotencyKey::read(caller.workspace_id, "retry_job", idempotency_key.0)?;
        let request = key.map(|key| key.of(id.0));
        let done = once(app, request.as_ref(), async |session| {
            let (connection, deadline) = session.ledger();
            let retried = deadline.bound(ledger::retry_jobs(connection, caller.workspace_id, &[id.0])).await?;
            let (outcomes, enqueued) = retried;
            refuse_one(outcomes.get(&id.0).map(|outcome| retry_outcome(*outcome)))?;
            Ok(accepted(id.0).with(enqueued))
        });
        answer(app, &caller, done.await.map_err(Fault::problem)?).await
    }

    /// Edit a waiting job.
    ///
    /// Changes priority, time or payload. `If-Match` names the state that the client has seen. A job that runs or has
    /// ended is a conflict; while Redis does not answer, nobody knows, and nothing is changed.
    #[oai(path = "/:id", method = "patch", operation_id = "update_job")]
    async fn update(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        id: Path<Uuid>,
        /// The `ETag` of the job, or `*`.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        body: JsonBody<JobPatch, { super::LARGEST_BODY }>,
    ) -> Result<JobEdited, Refused<Patching>> {
        let job = Box::pin(edit::edit(app, &caller, id.0, if_match.0, body.0)).await?;
        let row = find::row(app, &caller, id.0).await?;
        Ok(JobEdited::Changed(Json(job), edit::tag_of(&row)))
    }

    /// Delete a job that has ended.
    #[oai(path = "/:id", method = "delete", operation_id = "delete_job")]
    async fn delete(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        id: Path<Uuid>,
    ) -> Result<JobDeleted, Refused<Altering>> {
        let found = delete(app, &caller, &[id.0]).await?;
        refuse_one(found.get(&id.0).map(|deleted| if *deleted { Ok(()) } else { Err(open()) }))?;
        Ok(JobDeleted::Gone)
    }

    /// Cancel up to 1,000 jobs.
    #[oai(path = "/batch/cancel", method = "post", operation_id = "cancel_jobs")]
    async fn cancel_all(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        /// The client's own name for this request, 1 to 255 visible ASCII characters.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        body: JsonBody<JobIds>,
    ) -> Result<BatchAnswer, Refused<Batching>> {
        let ids = body.0.ids;
        check_length("/ids", ids.len())?;
        let key = IdempotencyKey::read(caller.workspace_id, "cancel_jobs", idempotency_key.0)?;
        let request = key.map(|key| key.of(as_value(&ids).to_string()));
        let done = once(app, request.as_ref(), async |session| {
            let (connection, deadline) = session.ledger();
            let found = deadline.bound(ledger::request_cancels(connection, caller.workspace_id, &ids)).await?;
            let outcome = |id: Uuid| found.get(&id).map(|open| if *open { Ok(()) } else { Err(ended()) });
            Ok(Made::new(207, each(&ids, 202, outcome)))
        });
        Ok(batch_answer(done.await.map_err(Fault::problem)?))
    }

    /// Retry up to 1,000 jobs that have ended.
    #[oai(path = "/batch/retry", method = "post", operation_id = "retry_jobs")]
    async fn retry_all(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        /// The client's own name for this request, 1 to 255 visible ASCII characters.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        body: JsonBody<JobIds>,
    ) -> Result<BatchAnswer, Refused<Batching>> {
        let ids = body.0.ids;
        check_length("/ids", ids.len())?;
        let key = IdempotencyKey::read(caller.workspace_id, "retry_jobs", idempotency_key.0)?;
        let request = key.map(|key| key.of(as_value(&ids).to_string()));
        let done = once(app, request.as_ref(), async |session| {
            let (connection, deadline) = session.ledger();
            let retried = deadline.bound(ledger::retry_jobs(connection, caller.workspace_id, &ids)).await?;
            let (outcomes, enqueued) = retried;
            let result = each(&ids, 202, |id| outcomes.get(&id).map(|outcome| retry_outcome(*outcome)));
            Ok(Made::new(207, result).with(enqueued))
        });
        Ok(batch_answer(done.await.map_err(Fault::problem)?))
    }

    /// Delete up to 1,000 jobs that have ended.
    #[oai(path = "/batch/delete", method = "post", operation_id = "delete_jobs")]
    async fn delete_all(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        body: JsonBody<JobIds>,
    ) -> Result<BatchAnswer, Refused<Batching>> {
        let ids = body.0.ids;
        check_length("/ids", ids.len())?;
        let found = delete(app, &caller, &ids).await?;
        let outcome = |id: Uuid| found.get(&id).map(|deleted| if *deleted { Ok(()) } else { Err(open()) });
        Ok(BatchAnswer::Each(Json(each(&ids, 204, outcome)), None))
    }
}

/// Deletes jobs, and what they claim in the object store; answers for each that exists whether it is gone.
async fn delete(state: &AppState, actor: &Actor, ids: &[Uuid]) -> Result<HashMap<Uuid, bool>, Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let found = deadline.bound(ledger::delete_jobs(connection, actor.workspace_id, ids)).await?;
    let gone = found.iter().filter(|row| row.deleted);
    discard(state, gone.filter_map(|row| Claim::of(&row.payload)).map(|claim| claim.key).collect());
    Ok(found.into_iter().map(|Deletion { id, deleted, .. }| (id, deleted)).collect())
}

fn retry_outcome(outcome: Retry) -> Result<(), Problem> {
    match outcome {
        Retry::Begun => Ok(()),
        Retry::Open => Err(open()),
        Retry::KeyTaken(owner) => {
            Err(Problem::new(Code::Duplicate, format!("The live job {owner} has this job's unique key by now.")))
        }
    }
}

fn refuse_one(outcome: Option<Result<(), Problem>>) -> Result<(), Problem> {
    outcome.unwrap_or_else(|| Err(Problem::not_found("job")))
}

fn ended() -> Problem {
    Problem::new(Code::JobEnded, "The job has ended.")
}

fn open() -> Problem {
    Problem::new(Code::JobOpen, "The job has not ended; cancel it first.")
}

/// The answer to one job's request holds no state of the job, so it can be given again.
fn accepted(id: Uuid) -> Made<Uuid> {
    Made::new(202, id).at(format!("/api/v1/jobs/{id}"))
}

async fn answer(state: &AppState, actor: &Actor, done: Done<Uuid>) -> Result<JobAccepted, Refused<Altering>> {
    let job = find::find(state, actor, done.resource).await?;
    let location = job.links.this.clone();
    Ok(JobAccepted::Accepted(Json(job), location, done.replayed))
}

/// A batch's outcomes; what is missing does not exist.
fn each(ids: &[Uuid], status: u16, outcome: impl Fn(Uuid) -> Option<Result<(), Problem>>) -> BatchResult {
    BatchResult::of(ids.iter().map(|id| match refuse_one(outcome(*id)) {
        Ok(()) => (status, Some(*id), None),
        Err(problem) => (problem.code().status().as_u16(), Some(*id), Some(ItemProblem::of(&problem))),
    }))
}

/// The answer to a batch, now or again.
pub fn batch_answer(done: Done<BatchResult>) -> BatchAnswer {
    BatchAnswer::Each(Json(done.resource), done.replayed)
}
