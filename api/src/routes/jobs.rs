//! `/jobs`: work that is asked for, and how it stands.

mod accept;
mod actions;
mod batch;
mod edit;
mod events;
mod filter;
mod find;
mod group;
mod request;
mod resource;

pub use actions::JobActionsApi;
pub use events::JobEventsApi;
pub use find::{among, find};
pub use group::Group;
pub use resource::{JobFailure, JobProgress, JobResource};

use super::{Asking, Batching, Listing, Reading, Tag};
use crate::{
    AppState,
    auth::{Reader, Writer},
    context::RequestContext,
    idempotency::IdempotencyKey,
    json::JsonBody,
    page::{self, Cursor, Page},
    problem::{Problem, Refused},
    state::Session,
    transaction::{Done, Fault, Made},
};
use accept::{Outcome, accept, single};
use actions::{BatchAnswer, batch_answer};
use batch::{BatchResult, ItemProblem, JobBatch, check_length};
use chrono::{DateTime, Utc};
use filter::Asked;
use find::Wish;
use gotong_shared::{enqueue::Claim, ledger::State};
use group::accept_one;
use poem::web::Data;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
    types::Any,
};
use request::{JobRequest, Wanted};
use resource::{JobAttemptList, JobList};
use serde_json::Value;
use uuid::Uuid;

/// The longest body with one job, in bytes: the largest payload, and room for what is around it.
const LARGEST_BODY: usize = 6 * 1024 * 1024;
/// The longest body of a batch, in bytes.
const LARGEST_BATCH: usize = 16 * 1024 * 1024;

/// How a job that is asked for is answered.
#[derive(ApiResponse)]
pub enum JobAccepted {
    /// The job has ended within the time that the client wished to wait, or it was there before.
    #[oai(status = 200)]
    There(
        Json<JobResource>,
        /// The job.
        #[oai(header = "Location")]
        String,
        /// `true` when this is the answer to an earlier request with the same Idempotency-Key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
    /// It is accepted: it will run, whatever fails.
    #[oai(status = 202)]
    Accepted(
        Json<JobResource>,
        /// The job.
        #[oai(header = "Location")]
        String,
        /// `true` when this is the answer to an earlier request with the same Idempotency-Key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

/// How a job is told.
#[derive(ApiResponse)]
enum JobAnswer {
    /// The job as it stands.
    #[oai(status = 200)]
    Found(
        Json<JobResource>,
        /// Which state of the job this is; an edit names it.
        #[oai(header = "ETag")]
        String,
    ),
}

/// The operations on jobs.
pub struct JobsApi;

#[OpenApi(prefix_path = "/jobs", tag = "Tag::Jobs")]
impl JobsApi {
    /// Ask for a job.
    ///
    /// With `Prefer: wait=N` the answer is held back until the job has ended, for N seconds at most (30 is the limit),
    /// and is then 200.
    #[oai(path = "/", method = "post", operation_id = "create_job")]
    async fn create(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key and body within a
        /// day are answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        /// `wait=N`: hold the answer back until the job has ended, at most N seconds (RFC 7240).
        #[oai(name = "Prefer")]
        prefer: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
        body: JsonBody<JobRequest, LARGEST_BODY>,
    ) -> Result<JobAccepted, Refused<Asking>> {
        let key = IdempotencyKey::read(caller.workspace_id, "create_job", idempotency_key.0)?;
        let request = key.map(|key| key.of(Value::Object(body.0.0.clone()).to_string()));
        let wanted = body.0.read(&caller, context.trace)?;
        let id = wanted.job.id;
        let done = match &request {
            None => match accept_one(app, wanted).await {
                Ok(Outcome::Accepted(row)) => Ok(Done::now(202, JobResource::of(*row))),
                Ok(Outcome::Existing(owner)) => Ok(Done::now(200, find(app, &caller, owner).await?)),
                Ok(Outcome::Refused(problem)) => Err(Fault::Clean(problem)),
                Err(fault) => Err(fault),
            },
            Some(request) => accept(app, vec![wanted], Some(request), single).await,
        };
        let Done { resource: job, status, replayed } = match done {
            // Nobody knows whether it was committed: the row tells.
            Err(Fault::Unknown(problem)) => Done::now(202, find(app, &caller, id).await.map_err(|_| problem)?),
            done => done.map_err(Fault::problem)?,
        };
        let location = job.links.this.clone();
        if status == 200 {
            return Ok(JobAccepted::There(Json(job), location, replayed));
        }
        let wish = Wish::read(prefer.as_deref());
        if wish.is_none() {
            return Ok(JobAccepted::Accepted(Json(job), location, replayed));
        }
        let job = find::wait_for(app, &caller, job.id, wish).await?;
        Ok(if job.finished {
            JobAccepted::There(Json(job), location, replayed)
        } else {
            JobAccepted::Accepted(Json(job), location, replayed)
        })
    }

    /// Ask for up to 1,000 jobs.
    ///
    /// Each is accepted or refused for itself; those that are accepted are accepted together.
    #[oai(path = "/batch", method = "post", operation_id = "create_jobs")]
    async fn create_batch(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key and body within a
        /// day are answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
        body: JsonBody<JobBatch, LARGEST_BATCH>,
    ) -> Result<BatchAnswer, Refused<Batching>> {
        let key = IdempotencyKey::read(caller.workspace_id, "create_jobs", idempotency_key.0)?;
        let requests = body.0.jobs;
        check_length("/jobs", requests.len())?;
        let asked = || requests.iter().map(|job| Value::Object(job.0.clone())).collect::<Value>().to_string();
        let request = key.map(|key| key.of(asked()));
        let mut wanted = Vec::new();
        let read: Vec<Option<Problem>> = requests
            .into_iter()
            .map(|request| request.read(&caller, context.trace).map(|job: Wanted| wanted.push(job)).err())
            .collect();
        let answer = async |_: &mut Session, outcomes: Vec<Outcome>| {
            let mut outcomes = outcomes.into_iter();
            let items = read.into_iter().map(|refused| match refused {
                Some(problem) => (problem.code().status().as_u16(), None, Some(ItemProblem::of(&problem))),
                None => outcomes.next().map_or((500, None, None), |outcome| outcome.told()),
            });
            Ok(Made::new(207, BatchResult::of(items)))
        };
        let done = accept(app, wanted, request.as_ref(), answer).await;
        Ok(batch_answer(done.map_err(Fault::problem)?))
    }

    /// List jobs.
    ///
    /// Newest first. A page can hold fewer jobs than asked for, when some moved on to another state just then; follow
    /// `links.next` until there is none.
    #[allow(clippy::too_many_arguments, reason = "each is a parameter of the operation")]
    #[oai(path = "/", method = "get", operation_id = "list_jobs")]
    async fn list(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        /// Only jobs in one of these states.
        #[oai(default)]
        state: Query<Vec<State>>,
        /// Only jobs of one of these kinds.
        #[oai(default)]
        kind: Query<Vec<String>>,
        /// Only jobs of this queue.
        queue: Query<Option<String>>,
        /// Only jobs that this schedule made.
        schedule_id: Query<Option<Uuid>>,
        /// Only jobs whose last error has this fingerprint.
        error_fingerprint: Query<Option<String>>,
        /// `path:value`: only jobs whose payload has that value there, in all of the given fields. A kind declares
        /// which of its fields are searchable.
        #[oai(default)]
        payload: Query<Vec<String>>,
        /// Only jobs that were accepted at that time or later.
        created_from: Query<Option<DateTime<Utc>>>,
        /// Only jobs that were accepted before that time.
        created_before: Query<Option<DateTime<Utc>>>,
        /// The most items on a page.
        #[oai(default = "page::usual", validator(minimum(value = "1"), maximum(value = "100")))]
        per_page: Query<u32>,
        /// Where the page starts, from the links of another page.
        cursor: Query<Option<String>>,
    ) -> Result<Json<JobList>, Refused<Listing>> {
        let asked = Asked {
            states: state.0,
            kinds: kind.0,
            queue: queue.0,
            schedule_id: schedule_id.0,
            error_fingerprint: error_fingerprint.0,
            payload: payload.0,
            created_from: created_from.0,
            created_before: created_before.0,
        };
        let filter = asked.filter(caller.workspace_id)?;
        let cursor = Cursor::read(cursor.as_deref())?;
        let per_page = per_page.min(page::LONGEST);
        let rows = find::list(app, &filter, cursor, per_page).await?;
        let page = Page::of(rows, per_page, cursor, "/api/v1/jobs", &asked.parameters(), |row| row.id);
        Ok(Json(JobList::of(page)))
    }

    /// List a job's attempts.
    ///
    /// The latest first. A first attempt that succeeded is told by the job itself.
    #[oai(path = "/:id/attempts", method = "get", operation_id = "list_job_attempts")]
    async fn attempts(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
        /// The most items on a page.
        #[oai(default = "page::usual", validator(minimum(value = "1"), maximum(value = "100")))]
        per_page: Query<u32>,
        /// Where the page starts, from the links of another page.
        cursor: Query<Option<String>>,
    ) -> Result<Json<JobAttemptList>, Refused<Reading>> {
        find::row(app, &caller, id.0).await?;
        let cursor = Cursor::read(cursor.as_deref())?;
        let per_page = per_page.min(page::LONGEST);
        let rows = find::attempts(app, id.0, cursor, i64::from(per_page) + 1).await?;
        let path = format!("/api/v1/jobs/{}/attempts", id.0);
        let none: &[(&str, &str)] = &[];
        Ok(Json(JobAttemptList::of(Page::of(rows, per_page, cursor, &path, none, find::place_of))))
    }

    /// Get a job's payload, however large.
    #[oai(path = "/:id/payload", method = "get", operation_id = "get_job_payload")]
    async fn payload(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
    ) -> Result<Json<Any<Value>>, Refused<Reading>> {
        let row = find::row(app, &caller, id.0).await?;
        let payload = match Claim::of(&row.payload) {
            None => row.payload,
            Some(claim) => {
                let bytes = claim.redeem(&app.storage).await?;
                serde_json::from_slice(&bytes).map_err(Problem::internal)?
            }
        };
        Ok(Json(Any(payload)))
    }
}
