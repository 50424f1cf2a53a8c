//! `/search-indexes`: the index as a whole: built anew, gone back to, compared with the ledger.

use super::{Altering, Reading, Tag, jobs::JobResource};
use crate::{
    AppState,
    auth::{Reader, Writer},
    context::RequestContext,
    idempotency::IdempotencyKey,
    problem::{Code, Problem, Refused},
    state::Session,
    transaction::{Done, Fault, Made, once},
};
use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use gotong_shared::{
    db::schema::{jobs, search_indexes},
    enqueue::{Enqueued, NewJob, enqueue},
    jobs::{SearchAudit, SearchReindex},
    search::{PORTFOLIO, indexes},
};
use poem::web::Data;
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Header, Path},
    payload::Json,
    types::Any,
};
use serde_json::Value;
use uuid::Uuid;

/// How the index stands.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
struct SearchIndexResource {
    /// Its name.
    name: String,
    /// The index of Elasticsearch that is searched; missing before the first document.
    active: Option<String>,
    /// The one that is being built.
    building: Option<String>,
    /// How many documents that one was filled with.
    filled: i64,
    /// The job that reindexes, or that did so last.
    reindex_job_id: Option<Uuid>,
    /// When the alias was last led to another index.
    reindexed_at: Option<DateTime<Utc>>,
    /// When it was last compared with the ledger.
    audited_at: Option<DateTime<Utc>>,
    /// What differed then, and was mended.
    drift: Option<Any<Value>>,
}

/// How work on an index is answered.
#[derive(ApiResponse)]
enum WorkAccepted {
    /// The job that does it.
    #[oai(status = 202)]
    Accepted(
        Json<JobResource>,
        /// The job.
        #[oai(header = "Location")]
        String,
        /// `true` when this is the stored answer to an earlier request with the same Idempotency-Key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

/// What is to be done with the index.
#[derive(Clone, Copy)]
enum Work {
    Reindex,
    GoBack,
    Audit,
}

/// The operations on the index.
pub struct SearchIndexesApi;

#[OpenApi(tag = "Tag::Search")]
impl SearchIndexesApi {
    /// Get an index.
    #[oai(path = "/search-indexes/:name", method = "get", operation_id = "get_search_index")]
    async fn get(
        &self,
        Data(app): Data<&AppState>,
        _caller: Reader,
        /// `portfolio_index`.
        name: Path<String>,
    ) -> Result<Json<SearchIndexResource>, Refused<Reading>> {
        known(&name.0)?;
        let mut session = app.session().await?;
        let (connection, deadline) = session.ledger();
        let state = deadline.bound(indexes::state(connection, PORTFOLIO)).await?;
        Ok(Json(SearchIndexResource {
            name: state.name,
            active: state.active,
            building: state.building,
            filled: state.filled,
            reindex_job_id: state.reindex_job_id,
            reindexed_at: state.reindexed_at,
            audited_at: state.audited_at,
            drift: state.drift.map(Any),
        }))
    }

    /// Build an index anew.
    ///
    /// A new index is filled from the ledger while the old one serves, and then takes its place in one moment. One job
    /// does so at a time. The old index is kept for a day.
    #[oai(path = "/search-indexes/:name/reindex", method = "post", operation_id = "reindex_search_index")]
    async fn reindex(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        /// `portfolio_index`.
        name: Path<String>,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key within a day is
        /// answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
    ) -> Result<WorkAccepted, Refused<Altering>> {
        known(&name.0)?;
        Ok(begin(app, &caller, Work::Reindex, idempotency_key.0, context).await?)
    }

    /// Go back to the index before.
    ///
    /// The index that was served before, if it is still kept, is brought up to date from the ledger and takes its place
    /// again.
    #[oai(path = "/search-indexes/:name/rollback", method = "post", operation_id = "roll_back_search_index")]
    async fn roll_back(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        /// `portfolio_index`.
        name: Path<String>,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key within a day is
        /// answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
    ) -> Result<WorkAccepted, Refused<Altering>> {
        known(&name.0)?;
        Ok(begin(app, &caller, Work::GoBack, idempotency_key.0, context).await?)
    }

    /// Compare an index with the ledger.
    ///
    /// What differs is mended. A schedule of the platform does so every night.
    #[oai(path = "/search-indexes/:name/audit", method = "post", operation_id = "audit_search_index")]
    async fn audit(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        /// `portfolio_index`.
        name: Path<String>,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key within a day is
        /// answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
    ) -> Result<WorkAccepted, Refused<Altering>> {
        known(&name.0)?;
        Ok(begin(app, &caller, Work::Audit, idempotency_key.0, context).await?)
    }

    /// Build the index of projects and profiles anew.
    ///
    /// The same as `POST /search-indexes/portfolio_index/reindex`.
    #[oai(path = "/admin/reindex-projects", method = "post", operation_id = "reindex_projects")]
    async fn reindex_projects(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key within a day is
        /// answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
    ) -> Result<WorkAccepted, Refused<Altering>> {
        Ok(begin(app, &caller, Work::Reindex, idempotency_key.0, context).await?)
    }
}

fn known(name: &str) -> Result<(), Problem> {
    if name == PORTFOLIO { Ok(()) } else { Err(Problem::not_found("search index")) }
}

impl Work {
    fn operation(self) -> &'static str {
        match self {
            Self::Reindex => "reindex_search_index",
            Self::GoBack => "roll_back_search_index",
            Self::Audit => "audit_search_index",
        }
    }

    fn job(self, workspace_id: Uuid) -> Result<NewJob, Problem> {
        let index = PORTFOLIO.to_owned();
        Ok(match self {
            Self::Reindex => NewJob::of(workspace_id, &SearchReindex { index, back: false })?,
            Self::GoBack => NewJob::of(workspace_id, &SearchReindex { index, back: true })?,
            Self::Audit => NewJob::of(workspace_id, &SearchAudit { index, settle_s: 10 })?,
        })
    }
}

async fn begin(
    app: &AppState,
    caller: &crate::auth::Actor,
    work: Work,
    key: Option<String>,
    context: &RequestContext,
) -> Result<WorkAccepted, Problem> {
    let request = IdempotencyKey::read(caller.workspace_id, work.operation(), key)?.map(|key| key.of(work.operation()));
    let job = work.job(caller.workspace_id)?.created_by(caller.id).trace(Some(context.trace.to_string()));
    let done = once(app, request.as_ref(), async |session| {
        let (job, enqueued) = accept(session, work, job).await?;
        let location = job.links.this.clone();
        Ok(Made::new(202, job).at(location).with(enqueued))
    });
    let Done { resource: job, replayed, .. } = done.await.map_err(Fault::problem)?;
    let location = job.links.this.clone();
    Ok(WorkAccepted::Accepted(Json(job), location, replayed))
}

/// Accepts the job, unless another one reindexes.
async fn accept(session: &mut Session, work: Work, job: NewJob) -> Result<(JobResource, Enqueued), Problem> {
    let (connection, deadline) = session.ledger();
    if !matches!(work, Work::Audit) {
        let state = deadline.bound(indexes::locked(connection, PORTFOLIO)).await?;
        let under_way = jobs::table
            .filter(jobs::id.eq(state.reindex_job_id.unwrap_or_default()))
            .filter(jobs::finished_at.is_null())
            .select(jobs::id);
        let under_way: Option<Uuid> = deadline.bound(async { under_way.first(connection).await.optional() }).await?;
        if let Some(id) = under_way {
            let detail = format!("The job {id} reindexes already.");
            return Err(Problem::new(Code::Duplicate, detail).about("/path/name"));
        }
        let note = diesel::update(search_indexes::table.find(PORTFOLIO)).set(search_indexes::reindex_job_id.eq(job.id));
        deadline.bound(note.execute(connection)).await?;
    }
    let enqueued = deadline.within(enqueue(connection, &[job])).await??;
    let row = enqueued.rows.as_slice().first().cloned().ok_or_else(|| Problem::internal("the job has no row"))?;
    Ok((JobResource::of(row), enqueued))
}
