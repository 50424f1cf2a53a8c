//! `/schedules`: recurring work.

mod definition;
mod preview;
mod resource;
mod store;

pub use definition::{ScheduleDefinition, ScheduleTiming};
pub use resource::{ScheduleResource, ScheduleRun};

use super::{Altering, Asking, Listing, Patching, Reading, Removing, Tag};
use crate::{
    AppState,
    auth::{Reader, Writer},
    context::RequestContext,
    idempotency::IdempotencyKey,
    json::JsonBody,
    page::{self, Cursor, Page},
    problem::{Problem, Refused},
    transaction::{Done, Fault, Made, once},
};
use gotong_shared::db::models::ScheduleTick;
use poem::web::Data;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
    types::ToJSON,
};
use preview::SchedulePreview;
use resource::{ScheduleList, ScheduleRunList};
use uuid::Uuid;

/// How a new schedule is answered.
#[derive(ApiResponse)]
enum ScheduleCreated {
    /// It is kept.
    #[oai(status = 201)]
    Created(
        Json<ScheduleResource>,
        /// The schedule.
        #[oai(header = "Location")]
        String,
        /// Its tag.
        #[oai(header = "ETag")]
        String,
        /// `true` when this is the stored answer to an earlier request with the same Idempotency-Key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

/// A schedule with its tag.
#[derive(ApiResponse)]
enum ScheduleFound {
    /// The schedule.
    #[oai(status = 200)]
    Found(
        Json<ScheduleResource>,
        /// Its tag, which a change names in `If-Match`.
        #[oai(header = "ETag")]
        String,
    ),
}

/// How a deletion is answered.
#[derive(ApiResponse)]
enum ScheduleDeleted {
    /// It is deleted, with its history. Its jobs stay.
    #[oai(status = 204)]
    Gone,
}

/// How a run that is asked for is answered.
#[derive(ApiResponse)]
enum RunAccepted {
    /// Its job is accepted.
    #[oai(status = 202)]
    Accepted(
        Json<ScheduleRun>,
        /// The job.
        #[oai(header = "Location")]
        String,
        /// `true` when this is the stored answer to an earlier request with the same Idempotency-Key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

/// The operations on schedules.
pub struct SchedulesApi;

#[OpenApi(prefix_path = "/schedules", tag = "Tag::Schedules")]
impl SchedulesApi {
    /// Create a schedule.
    #[oai(path = "/", method = "post", operation_id = "create_schedule")]
    async fn create(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key and body within a
        /// day are answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        body: JsonBody<ScheduleDefinition>,
    ) -> Result<ScheduleCreated, Refused<Asking>> {
        let key = IdempotencyKey::read(caller.workspace_id, "create_schedule", idempotency_key.0)?;
        let request = key.map(|key| key.of(body.0.to_json_string()));
        let created = once(app, request.as_ref(), async |session| {
            let schedule = store::insert(session, &caller, &body.0).await?;
            let location = schedule.links.this.clone();
            Ok(Made::new(201, schedule).at(location))
        });
        let Done { resource: schedule, replayed, .. } = created.await.map_err(Fault::problem)?;
        let (location, tag) = (schedule.links.this.clone(), schedule.etag.clone());
        Ok(ScheduleCreated::Created(Json(schedule), location, tag, replayed))
    }

    /// List schedules.
    ///
    /// The latest made first. Administrators also see the platform's own, which begin with `built_in`.
    #[oai(path = "/", method = "get", operation_id = "list_schedules")]
    async fn list(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        /// Only schedules that fire, or only paused ones.
        enabled: Query<Option<bool>>,
        /// The most items on a page.
        #[oai(default = "page::usual", validator(minimum(value = "1"), maximum(value = "100")))]
        per_page: Query<u32>,
        /// Where the page starts, from the links of another page.
        cursor: Query<Option<String>>,
    ) -> Result<Json<ScheduleList>, Refused<Listing>> {
        let cursor = Cursor::read(cursor.as_deref())?;
        let per_page = per_page.min(page::LONGEST);
        let rows = store::list(app, &caller, enabled.0, per_page, cursor).await?;
        let filters: Vec<_> = enabled.0.map(|enabled| ("enabled", enabled.to_string())).into_iter().collect();
        let page = Page::of(rows, per_page, cursor, "/api/v1/schedules", &filters, |(schedule, _)| schedule.id);
        Ok(Json(ScheduleList::of(page)))
    }

    /// Preview a timing.
    ///
    /// The next 20 runs of a timing that is not saved, and when it fires in words.
    #[oai(path = "/preview", method = "post", operation_id = "preview_timing")]
    async fn preview_timing(
        &self,
        Data(app): Data<&AppState>,
        _caller: Reader,
        body: JsonBody<ScheduleTiming>,
    ) -> Result<Json<SchedulePreview>, Refused<Asking>> {
        Ok(Json(SchedulePreview::of_timing(&body.0, store::clock(app).await?)?))
    }

    /// Get a schedule.
    #[oai(path = "/:id", method = "get", operation_id = "get_schedule")]
    async fn get(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
    ) -> Result<ScheduleFound, Refused<Reading>> {
        Ok(found(app, &caller, id.0).await?)
    }

    /// Replace a schedule's definition.
    ///
    /// `If-Match` names the definition that the client has seen. The platform's own schedules keep their name and kind.
    #[oai(path = "/:id", method = "put", operation_id = "update_schedule")]
    async fn replace(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        id: Path<Uuid>,
        /// The `ETag` of the schedule, or `*`.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        body: JsonBody<ScheduleDefinition>,
    ) -> Result<ScheduleFound, Refused<Patching>> {
        let replaced = store::replace(app, &caller, id.0, if_match.as_deref(), &body.0).await;
        replaced.map_err(Fault::problem)?;
        Ok(found(app, &caller, id.0).await?)
    }

    /// Delete a schedule.
    ///
    /// Its history goes with it; its jobs stay. The platform's own schedules can be paused, and not deleted.
    #[oai(path = "/:id", method = "delete", operation_id = "delete_schedule")]
    async fn delete(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        id: Path<Uuid>,
        /// The `ETag` of the schedule, or `*`.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
    ) -> Result<ScheduleDeleted, Refused<Removing>> {
        store::delete(app, &caller, id.0, if_match.as_deref()).await.map_err(Fault::problem)?;
        Ok(ScheduleDeleted::Gone)
    }

    /// Preview a schedule.
    ///
    /// Its next 20 runs, whether it is paused or not, with the effects of clock changes.
    #[oai(path = "/:id/preview", method = "get", operation_id = "preview_schedule")]
    async fn preview(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
    ) -> Result<Json<SchedulePreview>, Refused<Reading>> {
        let (schedule, _) = store::find(app, &caller, id.0).await?;
        let plan = schedule.plan().map_err(Problem::internal)?;
        let zone = schedule.definition.tz().map_err(Problem::internal)?;
        Ok(Json(SchedulePreview::of(&plan, zone, store::clock(app).await?)))
    }

    /// Pause a schedule.
    ///
    /// It does not fire until it is resumed. One that is paused stays so.
    #[oai(path = "/:id/pause", method = "post", operation_id = "pause_schedule")]
    async fn pause(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        id: Path<Uuid>,
    ) -> Result<ScheduleFound, Refused<Altering>> {
        store::enable(app, &caller, id.0, false).await.map_err(Fault::problem)?;
        Ok(found(app, &caller, id.0).await?)
    }

    /// Resume a schedule.
    ///
    /// It begins with what lies ahead: what it would have done while it was paused is not missed.
    #[oai(path = "/:id/resume", method = "post", operation_id = "resume_schedule")]
    async fn resume(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        id: Path<Uuid>,
    ) -> Result<ScheduleFound, Refused<Altering>> {
        store::enable(app, &caller, id.0, true).await.map_err(Fault::problem)?;
        Ok(found(app, &caller, id.0).await?)
    }

    /// Run a schedule now.
    ///
    /// Makes a job of this moment, whether the schedule is paused or not and whatever its overlap policy says.
    #[oai(path = "/:id/run-now", method = "post", operation_id = "run_schedule")]
    async fn run_now(
        &self,
        Data(app): Data<&AppState>,
        caller: Writer,
        id: Path<Uuid>,
        /// The client's own name for this request, 1 to 255 visible ASCII characters. The same key within a day is
        /// answered alike without being done again.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        Data(context): Data<&RequestContext>,
    ) -> Result<RunAccepted, Refused<Altering>> {
        let key = IdempotencyKey::read(caller.workspace_id, "run_schedule", idempotency_key.0)?;
        let request = key.map(|key| key.of(id.0));
        let made = once(app, request.as_ref(), async |session| {
            let (run, enqueued) = store::run_now(session, &caller, id.0, context.trace.to_string()).await?;
            Ok(Made::new(202, run).with(enqueued))
        });
        let Done { resource: run, replayed, .. } = made.await.map_err(Fault::problem)?;
        let location = run.job_id.map(|id| format!("/api/v1/jobs/{id}")).unwrap_or_default();
        Ok(RunAccepted::Accepted(Json(run), location, replayed))
    }

    /// List what became of a schedule's ticks.
    ///
    /// The latest first.
    #[oai(path = "/:id/runs", method = "get", operation_id = "list_schedule_runs")]
    async fn runs(
        &self,
        Data(app): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
        /// The most items on a page.
        #[oai(default = "page::usual", validator(minimum(value = "1"), maximum(value = "100")))]
        per_page: Query<u32>,
        /// Where the page starts, from the links of another page.
        cursor: Query<Option<String>>,
    ) -> Result<Json<ScheduleRunList>, Refused<ReadingList>> {
        let cursor = Cursor::read(cursor.as_deref())?;
        let per_page = per_page.min(page::LONGEST);
        store::find(app, &caller, id.0).await?;
        let rows = store::runs(app, id.0, per_page, cursor).await?;
        let path = format!("/api/v1/schedules/{}/runs", id.0);
        let no_filters: [(&str, &str); 0] = [];
        let position = |(tick, _): &(ScheduleTick, _)| store::cursor_id(tick.tick);
        Ok(Json(ScheduleRunList::of(Page::of(rows, per_page, cursor, &path, &no_filters, position))))
    }
}

/// Problems of reading a list that belongs to one thing.
pub struct ReadingList;

impl crate::problem::Declares for ReadingList {
    const STATUSES: &'static [u16] = &[400, 401, 404, 422, 500, 503];
}

async fn found(app: &AppState, caller: &crate::auth::Actor, id: Uuid) -> Result<ScheduleFound, Problem> {
    let (schedule, failures) = store::find(app, caller, id).await?;
    let resource = ScheduleResource::of(&schedule, failures);
    let tag = resource.etag.clone();
    Ok(ScheduleFound::Found(Json(resource), tag))
}
