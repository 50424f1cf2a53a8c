//! `/events`: the platform, live.

use super::{Tag, workers::Watching};
use crate::{
    AppState,
    auth::Reader,
    feed::{self, HEARTBEAT, PlatformEvent, Snapshot},
    problem::Refused,
};
use futures::{StreamExt, stream::BoxStream};
use poem::web::Data;
use poem_openapi::{OpenApi, param::Header, payload::EventStream};
use std::sync::Arc;

/// The operations on the platform's live view.
pub struct EventsApi;

#[OpenApi(tag = "Tag::Platform")]
impl EventsApi {
    /// Follow the platform.
    ///
    /// Server-sent events named `platform`: counts, what ended of late, and alerts, whenever they have changed, at most one
    /// a second. Each is whole, so a client that comes back with `Last-Event-ID` is told the latest unless it has it. A
    /// client that takes nothing for 15 seconds is cut off. A stream ends after an hour at the latest.
    #[expect(clippy::unused_async, reason = "every operation is async")]
    #[oai(path = "/events", method = "get", operation_id = "stream_events")]
    async fn follow(
        &self,
        Data(state): Data<&AppState>,
        caller: Reader,
        /// The id of the last event that the client has.
        #[oai(name = "Last-Event-ID")]
        last: Header<Option<String>>,
    ) -> Result<EventStream<BoxStream<'static, PlatformEvent>>, Refused<Watching>> {
        let place = state.feeds.place()?;
        let workspace = caller.workspace_id;
        let read = move |news: &Option<Arc<Snapshot>>| news.as_ref().map(|snapshot| snapshot.of(workspace));
        let news = state.feeds.platform.subscribe();
        let events = feed::listen(news, read, last.0, state.stopping.clone(), place);
        Ok(EventStream::new(events.boxed()).keep_alive(HEARTBEAT).to_event(feed::told("platform")))
    }
}
