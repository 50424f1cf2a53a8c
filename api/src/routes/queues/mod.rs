//! `/queues`: how full they are, what happened on them, pausing them.

mod figures;
mod minutes;
mod resource;

pub use figures::{OutcomeCounts, WorkSummary};
pub use minutes::{QueueMinute, QueueMinutes};
pub(in crate::routes) use minutes::{Series, read as read_minutes};
pub(in crate::routes) use resource::time;
pub use resource::{QueueDepth, QueueResource};

use super::{Tag, operating};
use crate::{
    AppState,
    auth::{Reader, Writer},
    json::JsonBody,
    problem::{Code, Declares, Problem, Refused},
};
use chrono::{DateTime, Utc};
use gotong_queue::QueueName;
use gotong_shared::{
    jobs,
    queue_settings::{self, QueueChange, QueueSettings},
    statistics::Totals,
};
use poem::web::Data;
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};
use serde::Deserialize;
use std::time::Duration;
use tokio::time::timeout;

/// Problems of looking at queues.
pub struct Looking;

impl Declares for Looking {
    const STATUSES: &'static [u16] = &[401, 404, 422, 500, 503];
}

/// Problems of changing a queue's settings.
pub struct Configuring;

impl Declares for Configuring {
    const STATUSES: &'static [u16] = &[400, 401, 403, 404, 412, 413, 415, 422, 428, 500, 503];
}

/// Every queue.
#[derive(Debug, Object)]
struct QueueList {
    /// In the order of their names.
    data: Vec<QueueResource>,
}

/// What is to change about a queue. What is left out stays as it is.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct QueuePatch {
    /// Stop workers from fetching, or let them fetch again. What runs, runs on.
    paused: Option<bool>,
    /// How long the oldest ready job may wait before that is an alert; 300 unless it is set.
    #[oai(validator(minimum(value = "1"), maximum(value = "604800")))]
    oldest_age_limit_seconds: Option<u32>,
}

#[derive(ApiResponse)]
enum Found {
    /// The queue.
    #[oai(status = 200)]
    Queue(
        Json<QueueResource>,
        /// Which state of its settings this is; a change names it.
        #[oai(header = "ETag")]
        String,
    ),
}

/// The operations on queues.
pub struct QueuesApi;

#[OpenApi(prefix_path = "/queues", tag = "Tag::Queues")]
impl QueuesApi {
    /// List queues.
    #[oai(path = "/", method = "get", operation_id = "list_queues")]
    async fn list(&self, Data(state): Data<&AppState>, _caller: Reader) -> Result<Json<QueueList>, Refused<Looking>> {
        Ok(Json(QueueList { data: all(state).await? }))
    }

    /// Get a queue.
    #[oai(path = "/:name", method = "get", operation_id = "get_queue")]
    async fn get(
        &self,
        Data(state): Data<&AppState>,
        _caller: Reader,
        name: Path<String>,
    ) -> Result<Found, Refused<Looking>> {
        let name = known(&name)?;
        let mut session = state.session().await?;
        let (connection, deadline) = session.ledger();
        let settings = deadline.bound(queue_settings::of(connection, name)).await?;
        Ok(found(state, name, &settings).await?)
    }

    /// Pause or resume a queue, or set its limit.
    ///
    /// `If-Match` names the `ETag` of the queue as it was read, or is `*`. What is decided here outlives a loss of Redis.
    #[oai(path = "/:name", method = "patch", operation_id = "update_queue")]
    async fn update(
        &self,
        Data(state): Data<&AppState>,
        caller: Writer,
        name: Path<String>,
        /// The `ETag` that the change starts from.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        body: JsonBody<QueuePatch>,
    ) -> Result<Found, Refused<Configuring>> {
        let name = known(&name)?;
        let seen = seen_version(if_match.as_deref())?;
        let change = change(&body.0)?;
        let mut session = state.session().await?;
        let (connection, deadline) = session.ledger();
        let settings = deadline.bound(queue_settings::change(connection, name, seen, change, caller.id)).await?;
        drop(session);
        let settings = settings.ok_or_else(|| {
            Problem::new(Code::PreconditionFailed, "The queue's settings have changed since.").about("/header/If-Match")
        })?;
        tell_redis(state, name, &settings).await;
        state.figures.forget_decisions().await;
        Ok(found(state, name, &settings).await?)
    }

    /// Tell what happened on a queue, per minute.
    ///
    /// Minutes in which nothing happened are left out. They are kept for 30 days; one answer spans a day at most.
    #[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
    #[oai(path = "/:name/minutes", method = "get", operation_id = "list_queue_minutes")]
    async fn minutes(
        &self,
        Data(state): Data<&AppState>,
        _caller: Reader,
        name: Path<String>,
        /// From this minute on; an hour before `to` unless it is said.
        from: Query<Option<DateTime<Utc>>>,
        /// Before this minute; now unless it is said.
        to: Query<Option<DateTime<Utc>>>,
        /// Only jobs of this kind.
        kind: Query<Option<String>>,
        /// How many minutes stand together, 1 to 60; 1 unless it is said.
        step_minutes: Query<Option<u32>>,
    ) -> Result<Json<QueueMinutes>, Refused<Looking>> {
        let (queue, kind) = (Some(known(&name)?), kind.0.as_deref());
        let asked = Series { queue, kind, from: from.0, to: to.0, step_minutes: step_minutes.0 };
        Ok(Json(read_minutes(state, asked).await?))
    }
}

fn known(name: &str) -> Result<&'static str, Problem> {
    operating::names().find(|known| *known == name).ok_or_else(|| Problem::not_found("queue"))
}

/// Every queue as it stands.
async fn all(state: &AppState) -> Result<Vec<QueueResource>, Problem> {
    let settings = state.figures.settings(state).await?;
    let mut queues = Vec::new();
    for (name, _) in jobs::queues() {
        queues.push(describe(state, name, &settings.get(name).cloned().unwrap_or_default()).await?);
    }
    Ok(queues)
}

async fn describe(state: &AppState, name: &str, settings: &QueueSettings) -> Result<QueueResource, Problem> {
    let counts = state.figures.counts(state).await;
    let workers = state.figures.workers(state).await;
    let mut total = Totals::default();
    for ((queue, _), kind) in &*state.figures.totals(state).await? {
        if queue == name {
            total.merge(kind);
        }
    }
    let counts = counts.get(name).and_then(Option::as_ref);
    Ok(QueueResource::of(name, settings, counts, workers.as_deref(), &total))
}

async fn found(state: &AppState, name: &str, settings: &QueueSettings) -> Result<Found, Problem> {
    let tag = format!("\"{}\"", settings.version);
    Ok(Found::Queue(Json(describe(state, name, settings).await?), tag))
}

/// The version that `If-Match` names; `None` for any.
fn seen_version(if_match: Option<&str>) -> Result<Option<i32>, Problem> {
    let tag = if_match.ok_or_else(|| {
        Problem::new(Code::PreconditionRequired, "Send If-Match with the queue's ETag.").about("/header/If-Match")
    })?;
    if tag.trim() == "*" {
        return Ok(None);
    }
    // A tag that is none of ours matches nothing.
    let version = tag.trim().strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).and_then(|tag| tag.parse().ok());
    Ok(Some(version.unwrap_or(-1)))
}

fn change(patch: &QueuePatch) -> Result<QueueChange, Problem> {
    let limit = patch.oldest_age_limit_seconds;
    if limit.is_some_and(|limit| !(1..=604_800).contains(&limit)) {
        let problem = Problem::new(Code::Invalid, "The body does not fit.");
        return Err(problem.at("/oldest_age_limit_seconds", "is from 1 to 604800"));
    }
    if patch.paused.is_none() && limit.is_none() {
        let problem = Problem::new(Code::Invalid, "The body changes nothing.");
        return Err(problem.at("", "has paused or oldest_age_limit_seconds"));
    }
    let oldest_age_limit = limit.map(|seconds| Duration::from_secs(seconds.into()));
    Ok(QueueChange { paused: patch.paused, oldest_age_limit })
}

/// Without Redis the observer tells it as soon as it is back.
async fn tell_redis(state: &AppState, name: &str, settings: &QueueSettings) {
    let Ok(queue) = name.parse::<QueueName>() else { return };
    let client = state.dispatcher.client();
    let tell = async { if settings.is_paused() { client.pause(&queue).await } else { client.resume(&queue).await } };
    match timeout(Duration::from_secs(1), tell).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%queue, %error, "Redis will be told of the decision later"),
        Err(_) => tracing::warn!(%queue, "Redis gave no answer in time; it will be told of the decision later"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_names_a_version_or_any() {
        for (header, version) in
            [("\"3\"", Some(3)), ("*", None), (" \"0\" ", Some(0)), ("3", Some(-1)), ("\"x\"", Some(-1))]
        {
            assert_eq!(seen_version(Some(header)).unwrap(), version, "{header}");
        }
        assert_eq!(seen_version(None).unwrap_err().code(), Code::PreconditionRequired);
    }
}
