//! The apalis backend of one queue in one worker.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::{Backend as ApalisBackend, BackendConfig};
use apalis_core::task::Task;
use apalis_core::worker::context::WorkerContext;
use uuid::Uuid;

use crate::client::Client;
use crate::engine::Engine;
use crate::error::Error;
use crate::execute::AckLayer;
use crate::name::QueueName;
use crate::run::Job;

/// Who a worker is. All backends of one process share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerInfo {
    /// Random, so that two workers of one host never mix.
    pub id: Uuid,
    /// The machine's name.
    pub host: String,
    /// The program's version.
    pub version: String,
}

impl WorkerInfo {
    /// This process, under a fresh id.
    #[must_use]
    pub fn new(version: impl Into<String>) -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self { id: Uuid::new_v4(), host: host.trim().to_owned(), version: version.into() }
    }
}

/// What a backend takes from which queue.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// The queue.
    pub queue: QueueName,
    /// How many jobs run at once, 1 to 1,000.
    pub concurrency: usize,
    /// The kinds that the worker knows; empty for all. Others are left to workers that know them.
    pub kinds: Vec<String>,
    /// Who the worker is.
    pub worker: WorkerInfo,
    /// How long running jobs may go on after the worker was asked to stop; then they are handed back.
    pub drain: Duration,
}

impl Subscription {
    /// All kinds of a queue, with a drain time of 20 s.
    #[must_use]
    pub fn new(queue: QueueName, concurrency: usize, worker: WorkerInfo) -> Self {
        Self { queue, concurrency, kinds: Vec::new(), worker, drain: Duration::from_secs(20) }
    }
}

/// The backend of one queue in one worker.
///
/// It rules the concurrency itself: it fetches no more than [`Subscription::concurrency`] jobs, counted until their
/// handlers end, so apalis' `concurrency` layer is not needed. No failure of Redis ends the worker: it waits and
/// comes back.
pub struct Backend {
    engine: Arc<Engine>,
    closing: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Backend {
    /// A backend; it connects when the worker starts.
    #[must_use]
    pub fn new(client: Client, mut subscription: Subscription) -> Self {
        subscription.concurrency = subscription.concurrency.clamp(1, 1_000);
        Self { engine: Arc::new(Engine::new(client, subscription)), closing: None }
    }
}

impl ApalisBackend for Backend {
    type Task = Task<Job>;
    type Error = Error;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>, _: &WorkerContext) -> Poll<Option<Result<Task<Job>, Error>>> {
        self.engine.poll_task(cx).map(|task| Some(Ok(task)))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Error>> {
        let engine = &self.engine;
        let closing = self.closing.get_or_insert_with(|| Box::pin(engine.clone().close()));
        closing.as_mut().poll(cx).map(Ok)
    }
}

impl BackendConfig for Backend {
    type Args = Job;
    type Id = Uuid;
    type Kind = Ephemeral;
    type Config = Subscription;
    type Layer = AckLayer;

    fn config(&self) -> &Subscription {
        &self.engine.subscription
    }

    /// Starts the engine: apalis asks for the layer once, when the worker starts, inside its runtime.
    fn middleware(&mut self, worker: &mut WorkerContext) -> AckLayer {
        self.engine.start(worker);
        AckLayer::new(self.engine.clone())
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.engine.abandon();
    }
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backend").field("subscription", &self.engine.subscription).finish_non_exhaustive()
    }
}
