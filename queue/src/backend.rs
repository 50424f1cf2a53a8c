//! The apalis backend of one queue in one worker.

use std::task::{Context, Poll};
use std::time::Duration;

use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::{Backend as ApalisBackend, BackendConfig};
use apalis_core::task::Task;
use apalis_core::worker::context::WorkerContext;
use uuid::Uuid;

use crate::client::Client;
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
    /// How many jobs run at once.
    pub concurrency: usize,
    /// The kinds that the worker knows; empty for all. Others are left to workers that know them.
    pub kinds: Vec<String>,
    /// Who the worker is.
    pub worker: WorkerInfo,
    /// How long running jobs may go on after the worker was asked to stop; then they are handed back.
    pub drain: Duration,
}

/// The backend of one queue in one worker.
pub struct Backend {
    subscription: Subscription,
}

impl Backend {
    /// A backend; it connects when the worker starts.
    #[must_use]
    pub fn new(_client: Client, subscription: Subscription) -> Self {
        Self { subscription }
    }
}

impl ApalisBackend for Backend {
    type Task = Task<Job>;
    type Error = Error;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Option<Result<Task<Job>, Error>>> {
        Poll::Pending
    }

    fn poll_close(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for Backend {
    type Args = Job;
    type Id = Uuid;
    type Kind = Ephemeral;
    type Config = Subscription;
    type Layer = AckLayer;

    fn config(&self) -> &Subscription {
        &self.subscription
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> AckLayer {
        AckLayer {}
    }
}
