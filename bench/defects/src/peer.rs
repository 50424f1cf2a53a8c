//! What a scenario asks of a queue, whichever it is.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use apalis_core::error::WorkerError;
use futures::future::BoxFuture;
use tokio::task::JoinHandle;

/// What differs between scenarios.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long a handler may take.
    pub timeout: Duration,
    /// How often a job is tried.
    pub attempts: u32,
    /// A worker counts as dead after two seconds of silence.
    pub quick: bool,
    /// Whether results are kept.
    pub results: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), attempts: 5, quick: false, results: true }
    }
}

/// A job to be pushed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Push {
    /// Its number, by which the handler knows it.
    pub n: u64,
    /// At most one job with this key.
    pub unique: Option<&'static str>,
    /// 0 to 4, the last most urgent.
    pub priority: Option<u8>,
}

/// Jobs by where they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Not begun.
    pub waiting: u64,
    /// In a worker's hands, as the queue believes.
    pub running: u64,
    /// Given up.
    pub dead: u64,
}

/// What runs a job, by its number.
pub type Handler = Arc<dyn Fn(u64) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// A worker under way.
pub type Work = JoinHandle<Result<(), WorkerError>>;

/// A queue under test.
pub trait Peer: Sized {
    /// Its name in the table.
    const NAME: &'static str;

    /// Opens a queue on an empty server.
    fn open(url: &str, settings: Settings) -> impl Future<Output = Result<Self>>;

    /// Pushes jobs; returns of how many the pusher was told that they were not taken.
    fn push(&self, jobs: &[Push]) -> impl Future<Output = Result<usize>>;

    /// Starts a worker of that name.
    fn work(&self, name: &str, concurrency: Option<usize>, handler: Handler) -> impl Future<Output = Result<Work>>;

    /// Puts a job among the others whose bytes mean nothing.
    fn spoil(&self) -> impl Future<Output = Result<()>>;

    /// What the queue offers to clean itself.
    fn maintain(&self) -> impl Future<Output = Result<()>>;

    /// Every way to look at the queue, with the error of each that does not work.
    fn inspect(&self) -> impl Future<Output = Vec<(&'static str, Result<(), String>)>>;

    /// Where its jobs are.
    fn left(&self) -> impl Future<Output = Result<Left>>;
}

/// Which jobs were begun, in order.
#[derive(Clone, Default)]
pub struct Runs(Arc<Mutex<Vec<u64>>>);

impl Runs {
    /// Notes a run; returns how many there were of this job before.
    pub fn note(&self, n: u64) -> usize {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = runs.iter().filter(|run| **run == n).count();
        runs.push(n);
        before
    }

    pub fn order(&self) -> Vec<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn total(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How often each ran.
    pub fn counts(&self) -> BTreeMap<u64, usize> {
        let mut counts = BTreeMap::new();
        for n in self.order() {
            *counts.entry(n).or_default() += 1;
        }
        counts
    }
}

/// A handler that notes its run and says what `then` says.
pub fn handler<F>(runs: &Runs, then: impl Fn(u64, usize) -> F + Send + Sync + 'static) -> Handler
where
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    let runs = runs.clone();
    Arc::new(move |n| Box::pin(then(n, runs.note(n))))
}

/// Waits for a condition, at most so long; whether it came.
pub async fn wait(most: Duration, mut condition: impl AsyncFnMut() -> bool) -> bool {
    let end = Instant::now() + most;
    while !condition().await {
        if Instant::now() >= end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    true
}
