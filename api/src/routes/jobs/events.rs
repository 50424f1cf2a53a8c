//! `/jobs/{id}/events`: one job, live.

use super::find;
use crate::{
    AppState,
    auth::Reader,
    feed::{self, HEARTBEAT, JobEvent, View},
    problem::Refused,
    routes::{Reading, Tag},
};
use futures::{StreamExt, stream::BoxStream};
use poem::web::Data;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Header, Path},
    payload::EventStream,
};
use std::sync::Arc;
use uuid::Uuid;

/// How a wish to follow a job is answered.
#[derive(ApiResponse)]
enum Followed {
    /// How the job stands, now and whenever that has changed, until it has ended.
    #[oai(status = 200)]
    Events(EventStream<BoxStream<'static, JobEvent>>),
    /// The job has ended, and the client knows: there is no reason to come back.
    #[oai(status = 204)]
    Over,
}

/// The operations on a job's live view.
pub struct JobEventsApi;

#[OpenApi(prefix_path = "/jobs", tag = "Tag::Jobs")]
impl JobEventsApi {
    /// Follow a job.
    ///
    /// Server-sent events named `job`: state, attempt, progress and error, whenever they have changed. Each is whole, so a
    /// client that comes back with `Last-Event-ID` is told the latest unless it has it. The stream ends with the job. A
    /// client that takes nothing for 15 seconds is cut off. A stream ends after an hour at the latest.
    #[oai(path = "/:id/events", method = "get", operation_id = "stream_job_events")]
    async fn follow(
        &self,
        Data(state): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
        /// The id of the last event that the client has.
        #[oai(name = "Last-Event-ID")]
        last: Header<Option<String>>,
    ) -> Result<Followed, Refused<Reading>> {
        let now = JobEvent::of(find(state, &caller, id.0).await?);
        if now.finished && last.0.as_ref() == Some(&now.id()) {
            return Ok(Followed::Over);
        }
        let place = state.feeds.place()?;
        let read = |news: &Option<Arc<JobEvent>>| news.as_deref().cloned();
        let news = state.feeds.jobs.subscribe(id.0);
        let events = feed::listen(news, read, last.0, state.stopping.clone(), place);
        let events = EventStream::new(events.boxed()).keep_alive(HEARTBEAT).to_event(feed::told("job"));
        Ok(Followed::Events(events))
    }
}
