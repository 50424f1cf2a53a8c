//! `/workers`: who does the work.

use super::{Tag, queues::time};
use crate::{
    AppState,
    auth::{Reader, Writer},
    problem::{Code, Declares, Problem, Refused},
};
use chrono::{DateTime, Utc};
use gotong_queue::WorkerView;
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Path, payload::Json};
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

/// Problems of looking at workers.
pub struct Watching;

impl Declares for Watching {
    const STATUSES: &'static [u16] = &[401, 500, 503];
}

/// Problems of draining a worker.
pub struct Draining;

impl Declares for Draining {
    const STATUSES: &'static [u16] = &[400, 401, 403, 404, 500, 503];
}

/// A worker process that has shown itself within the last 30 seconds.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Worker", skip_serializing_if_is_none)]
pub struct WorkerResource {
    /// Random, of this run of the process.
    pub id: Uuid,
    /// The machine's name.
    pub host: String,
    /// The process id there.
    pub pid: u32,
    /// The program's version.
    pub version: String,
    /// When it started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it last showed itself.
    pub seen_at: Option<DateTime<Utc>>,
    /// Resident memory; missing where it cannot be told.
    pub memory_bytes: Option<u64>,
    /// Whether it takes no more jobs.
    pub draining: bool,
    /// Jobs that it holds.
    pub running: u32,
    /// How many it may hold.
    pub concurrency: u32,
    /// The queues that it serves.
    pub queues: Vec<WorkerQueue>,
}

/// One queue that a worker serves.
#[derive(Clone, Debug, Object)]
pub struct WorkerQueue {
    /// Its name.
    pub queue: String,
    /// Jobs of it that the worker holds.
    pub running: u32,
    /// How many it may hold.
    pub concurrency: u32,
    /// The kinds that it knows; empty for all.
    pub kinds: Vec<String>,
}

/// The workers.
#[derive(Debug, Object)]
struct WorkerList {
    /// At most 1,000, in the order of their ids.
    data: Vec<WorkerResource>,
}

/// The operations on workers.
pub struct WorkersApi;

#[OpenApi(prefix_path = "/workers", tag = "Tag::Workers")]
impl WorkersApi {
    /// List workers.
    #[oai(path = "/", method = "get", operation_id = "list_workers")]
    async fn list(&self, Data(state): Data<&AppState>, _caller: Reader) -> Result<Json<WorkerList>, Refused<Watching>> {
        let workers = state.figures.workers(state).await;
        let workers = workers.as_ref().as_ref().ok_or_else(no_answer)?;
        Ok(Json(WorkerList { data: workers.iter().map(WorkerResource::of).collect() }))
    }

    /// Drain a worker.
    ///
    /// It finishes what it holds and takes no more, until it is started again.
    #[oai(path = "/:id/drain", method = "post", operation_id = "drain_worker")]
    async fn drain(
        &self,
        Data(state): Data<&AppState>,
        caller: Writer,
        id: Path<Uuid>,
    ) -> Result<Json<WorkerResource>, Refused<Draining>> {
        let drain = timeout(Duration::from_secs(2), state.dispatcher.client().drain(id.0, true)).await;
        if !drain.map_err(|_| no_answer())?.map_err(|_| no_answer())? {
            return Err(Problem::not_found("worker").into());
        }
        tracing::info!(worker = %id.0, by = %caller.id, "a worker is asked to drain");
        state.figures.forget_workers().await;
        let workers = state.figures.workers(state).await;
        let workers = workers.as_ref().as_ref().ok_or_else(no_answer)?;
        let worker = workers.iter().find(|worker| worker.id == id.0).ok_or_else(|| Problem::not_found("worker"))?;
        Ok(Json(WorkerResource::of(worker)))
    }
}

fn no_answer() -> Problem {
    Problem::new(Code::QueueUnavailable, "Redis does not answer; try again.")
}

impl WorkerResource {
    fn of(worker: &WorkerView) -> Self {
        let queue = |served: &gotong_queue::WorkerQueue| WorkerQueue {
            queue: served.queue.to_string(),
            running: served.running,
            concurrency: served.concurrency,
            kinds: served.kinds.clone(),
        };
        Self {
            id: worker.id,
            host: worker.host.clone(),
            pid: worker.pid,
            version: worker.version.clone(),
            started_at: time(worker.started_at),
            seen_at: time(worker.seen_at),
            memory_bytes: Some(worker.memory).filter(|bytes| *bytes > 0),
            draining: worker.draining,
            running: worker.queues.iter().map(|queue| queue.running).sum(),
            concurrency: worker.queues.iter().map(|queue| queue.concurrency).sum(),
            queues: worker.queues.iter().map(queue).collect(),
        }
    }
}
