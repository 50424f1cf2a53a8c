//! The layer around the handler: runs it in a task of its own, under its timeout, and classifies how it ended.

use std::any::Any;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use apalis_core::error::BoxDynError;
use apalis_core::task::Task;
use tokio::task::{JoinError, JoinHandle};
use tower::{Layer, Service};

use crate::ack::Ack;
use crate::engine::Engine;
use crate::outcome::{JobError, Outcome};
use crate::run::{Handle, Job};

/// Wraps the worker's service; made by [`crate::Backend`].
#[derive(Clone)]
pub struct AckLayer {
    engine: Arc<Engine>,
}

impl AckLayer {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }
}

impl<S> Layer<S> for AckLayer {
    type Service = AckService<S>;

    fn layer(&self, inner: S) -> AckService<S> {
        AckService { inner, engine: self.engine.clone() }
    }
}

/// The wrapped service. It never fails: every outcome goes to Redis.
#[derive(Clone)]
pub struct AckService<S> {
    inner: S,
    engine: Arc<Engine>,
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

    /// A layer that cannot take work for a while holds the worker; one that has broken must not end it.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx).map(|_| Ok(()))
    }

    fn call(&mut self, task: Task<Job>) -> Self::Future {
        let engine = self.engine.clone();
        let handle = task.args.handle.clone();
        if engine.stopping.is_cancelled() || engine.is_late(&handle) {
            engine.hand_back(&handle);
            return Box::pin(std::future::ready(Ok(())));
        }
        let timeout = task.args.timeout;
        let handler = self.inner.call(task);
        // a task of its own: it may use another thread, and its panic is an outcome
        let run = tokio::spawn(async move {
            match handler.await {
                Ok(outcome) => outcome.into(),
                Err(error) => {
                    let message = error.into().to_string();
                    Outcome::Retry { after: None, error: JobError::new(JobError::ERROR, message) }
                }
            }
        });
        let guard = Guard { engine, handle, run, reported: false };
        Box::pin(async move {
            guard.see_to_its_end(timeout).await;
            Ok(())
        })
    }
}

/// A run under way. If it is dropped before its end (the worker was), the handler is stopped and the job handed back.
struct Guard {
    engine: Arc<Engine>,
    handle: Arc<Handle>,
    run: JoinHandle<Outcome>,
    reported: bool,
}

impl Guard {
    async fn see_to_its_end(mut self, timeout: std::time::Duration) {
        let stop = self.handle.stop.clone();
        let outcome = tokio::select! {
            biased;
            ended = &mut self.run => Some(classify(ended)),
            () = self.engine.overdue.cancelled() => None,
            () = stop.cancelled() => self.grant_grace().await,
            () = tokio::time::sleep(timeout) => {
                let text = format!("it did not end within {} ms", timeout.as_millis());
                Some(Outcome::Retry { after: None, error: JobError::new(JobError::TIMEOUT, text) })
            }
        };
        self.end(outcome);
    }

    /// The handler has been told to stop; it may still end in its own way for a while.
    async fn grant_grace(&mut self) -> Option<Outcome> {
        let engine = self.engine.clone();
        tokio::select! {
            biased;
            ended = &mut self.run => Some(classify(ended)),
            () = engine.overdue.cancelled() => None,
            () = tokio::time::sleep(engine.station.config().cancel_grace) => {
                let reason = if self.handle.is_cancelled() { "cancelled, and not ended in time" } else { "lost its lease" };
                Some(Outcome::Cancel(reason.into()))
            }
        }
    }

    /// Reports, and stops what may still run: a handler that never awaits cannot be stopped, only disowned.
    fn end(&mut self, outcome: Option<Outcome>) {
        if std::mem::replace(&mut self.reported, true) {
            return;
        }
        self.run.abort();
        let ack = match outcome {
            Some(outcome) => Ack::of(self.handle.clone(), &self.engine.station, outcome),
            None => Ack::hand_back(self.handle.clone(), &self.engine.station),
        };
        self.engine.report(ack);
        if !self.run.is_finished() {
            self.handle.stop.cancel();
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.end(None);
    }
}

fn classify(ended: Result<Outcome, JoinError>) -> Outcome {
    match ended {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => {
            let message = words(error.into_panic().as_ref());
            Outcome::Retry { after: None, error: JobError::new(JobError::PANIC, message) }
        }
        Err(_) => {
            Outcome::Retry { after: None, error: JobError::new(JobError::ERROR, "the runtime stopped the handler") }
        }
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked without a word".into())
}
