//! Moves the jobs of an existing apalis-redis queue into Gotong: the way in for programs that used apalis before.
//!
//! A task is accepted in the ledger before apalis-redis hears that it is done, and its id is kept as an idempotency
//! key, so an import that is broken off, or whose tasks apalis-redis delivers twice, makes no job twice.

use crate::runner::Resources;
use apalis::prelude::{TaskId, WorkerBuilder};
use apalis_core::backend::ext::BackendExt;
use apalis_redis::{Config, RedisStorage};
use chrono::{TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use gotong_shared::{
    db::{DatabaseError, schema::idempotency_keys},
    enqueue::{Dispatcher, EnqueueError, Enqueued, NewJob, enqueue},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use uuid::Uuid;

/// What is imported, and as what.
#[derive(Clone, Debug)]
pub struct Import {
    /// `redis://…` of the server that apalis-redis used.
    pub from: String,
    /// apalis-redis's name of the queue.
    pub queue: String,
    /// The kind that its tasks become; each task's JSON must be a payload of that kind.
    pub kind: String,
    /// The workspace that the jobs belong to.
    pub workspace: Uuid,
    /// The import ends when no task has come for so long.
    pub idle: Duration,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Tasks that became jobs.
    pub accepted: u64,
    /// Tasks that an earlier delivery had made jobs of.
    pub known: u64,
    /// Tasks that could not become jobs; they stay in apalis-redis as failed.
    pub refused: u64,
}

/// Why an import could not run.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The old server does not answer.
    #[error("the apalis-redis server cannot be reached: {0}")]
    Connect(String),
    /// There is no such kind.
    #[error("there is no kind {0}")]
    Kind(String),
    /// apalis-redis ended its worker.
    #[error("apalis-redis ended the import: {0}")]
    Worker(String),
}

/// Why one task was refused.
#[derive(Debug, thiserror::Error)]
enum TaskError {
    #[error(transparent)]
    Enqueue(#[from] EnqueueError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<diesel::result::Error> for TaskError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}

#[derive(Default)]
struct Progress {
    accepted: AtomicU64,
    known: AtomicU64,
    refused: AtomicU64,
}

impl Progress {
    fn seen(&self) -> Imported {
        let count = |number: &AtomicU64| number.load(Relaxed);
        Imported { accepted: count(&self.accepted), known: count(&self.known), refused: count(&self.refused) }
    }
}

/// Imports until no task has come for [`Import::idle`].
///
/// # Errors
/// When the old queue cannot be read; what was accepted until then stays accepted.
pub async fn run(import: Import, resources: Resources, dispatcher: Dispatcher) -> Result<Imported, ImportError> {
    if gotong_shared::jobs::kind(&import.kind).is_none() {
        return Err(ImportError::Kind(import.kind));
    }
    let connection = apalis_redis::connect(import.from.as_str()).await;
    let connection = connection.map_err(|error| ImportError::Connect(error.to_string()))?;
    let config = Config::default().queue(&import.queue).batch_size(100);
    let source = RedisStorage::<Value>::new(connection).with_config(config);
    let progress = Arc::new(Progress::default());
    let (counted, idle) = (Arc::clone(&progress), import.idle);
    let handler = move |payload: Value, id: TaskId| {
        let (import, resources) = (import.clone(), resources.clone());
        let (dispatcher, counted) = (dispatcher.clone(), Arc::clone(&counted));
        async move {
            let end = accept(&import, &id.to_string(), payload, &resources, &dispatcher).await;
            match &end {
                Ok(true) => counted.accepted.fetch_add(1, Relaxed),
                Ok(false) => counted.known.fetch_add(1, Relaxed),
                Err(error) => {
                    tracing::warn!(task = %id, %error, "not imported");
                    counted.refused.fetch_add(1, Relaxed)
                }
            };
            end.map(|_| ())
        }
    };
    let worker = WorkerBuilder::new(format!("gotong-import-{}", Uuid::new_v4()))
        .backend(source.poll_with_interval(Duration::from_millis(50)))
        .build(handler);
    let until_idle = Arc::clone(&progress);
    let ended = worker.run_with_ctx(move |context| {
        let progress = Arc::clone(&until_idle);
        async move {
            wait_until_idle(&progress, idle).await;
            context.stop()
        }
    });
    ended.await.map_err(|error| ImportError::Worker(error.to_string()))?;
    Ok(progress.seen())
}

async fn wait_until_idle(progress: &Progress, idle: Duration) {
    let mut before = progress.seen();
    loop {
        tokio::time::sleep(idle).await;
        let now = progress.seen();
        if now == before {
            return;
        }
        before = now;
    }
}

/// Accepts one task; `false` when it was accepted before.
async fn accept(
    import: &Import,
    task: &str,
    payload: Value,
    resources: &Resources,
    dispatcher: &Dispatcher,
) -> Result<bool, TaskError> {
    let fingerprint = Sha256::digest(payload.to_string()).to_vec();
    let job = NewJob::of_kind(import.workspace, &import.kind, payload)?;
    let scope = format!("import:{}", import.queue);
    let clock = dispatcher.clock().await;
    let mut connection = resources.database.connection().await?;
    let enqueued: Option<Enqueued> = connection
        .transaction(async |connection| {
            let key = (
                idempotency_keys::scope.eq(&scope),
                idempotency_keys::key.eq(task),
                idempotency_keys::fingerprint.eq(&fingerprint),
                idempotency_keys::status.eq(202),
                idempotency_keys::body.eq(json!({ "job_id": job.id })),
                idempotency_keys::expires_at.eq(Utc::now() + TimeDelta::days(30)),
            );
            let insert = diesel::insert_into(idempotency_keys::table).values(key).on_conflict_do_nothing();
            if insert.execute(connection).await? == 0 {
                return Ok(None);
            }
            Ok::<_, TaskError>(Some(enqueue(connection, std::slice::from_ref(&job)).await?))
        })
        .await?;
    drop(connection);
    match enqueued {
        Some(enqueued) => {
            dispatcher.push(clock, enqueued).await;
            Ok(true)
        }
        None => Ok(false),
    }
}
