//! Builders for what the tests need, and bounded waiting.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use apalis_core::error::WorkerError;
use apalis_core::worker::builder::WorkerBuilder;
use gotong_queue::{
    Backend, Backoff, Client, Config, Event, EventKind, Job, NewJob, Outcome, PushTerms, Pushed, QueueName,
    Subscription, WorkerInfo,
};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::server::Server;

/// A queue on a server, under a prefix of its own.
pub struct Fixture {
    pub server: Option<Server>,
    pub client: Client,
    pub queue: QueueName,
}

/// Longer than anything takes that works.
pub const SOON: Duration = Duration::from_secs(30);

impl Fixture {
    /// Without a ledger.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With a ledger, its epoch `e1` open.
    pub async fn ledger() -> Self {
        let fixture = Self::with(|config| config.ledger = true).await;
        fixture.open("e1").await;
        fixture
    }

    /// On the server that the environment names, else on one of its own.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        match std::env::var("GOTONG_TEST_REDIS_URL") {
            Ok(url) => Self::at(url, None, change).await,
            Err(_) => Self::on(Server::start(), change).await,
        }
    }

    /// On this server, which the test may harm.
    pub async fn on(server: Server, change: impl FnOnce(&mut Config)) -> Self {
        let url = server.url();
        Self::at(url, Some(server), change).await
    }

    async fn at(url: String, server: Option<Server>, change: impl FnOnce(&mut Config)) -> Self {
        let prefix = format!("t-{}", Uuid::new_v4().simple());
        let mut config = Config { url, prefix, ..Config::default() };
        change(&mut config);
        let client = Client::connect(config).await.unwrap();
        Self { server, client, queue: "work".parse().unwrap() }
    }

    pub fn server(&mut self) -> &mut Server {
        self.server.as_mut().expect("the test has a server of its own")
    }

    /// A client of its own with the same or other settings.
    pub async fn another(&self, change: impl FnOnce(&mut Config)) -> Client {
        let mut config = self.client.config().clone();
        change(&mut config);
        Client::connect(config).await.unwrap()
    }

    pub async fn open(&self, name: &str) {
        let view = self.client.epoch(&self.queue).await.unwrap();
        let set = self.client.set_epoch(&self.queue, name, Some(&view.run_id), view.name.as_deref()).await.unwrap();
        assert!(set);
    }

    pub async fn terms(&self, epoch: &str) -> PushTerms {
        let deadline = self.client.time().await.unwrap().after(Duration::from_secs(2));
        PushTerms { epoch: epoch.into(), deadline }
    }

    pub async fn push(&self, jobs: &[NewJob]) -> Vec<Pushed> {
        let terms = self.terms("e1").await;
        self.client.push(&self.queue, jobs, Some(&terms).filter(|_| self.client.config().ledger)).await.unwrap()
    }

    /// Pushes so many jobs `0..n`, which must all be accepted.
    pub async fn push_many(&self, n: u32) -> Vec<NewJob> {
        let jobs: Vec<NewJob> = (0..n).map(job).collect();
        assert!(self.push(&jobs).await.iter().all(|p| *p == Pushed::Accepted));
        jobs
    }

    pub fn subscription(&self, concurrency: usize) -> Subscription {
        Subscription::new(self.queue.clone(), concurrency, WorkerInfo::new("test"))
    }

    pub fn work<F, R>(&self, concurrency: usize, handler: F) -> Running
    where
        F: Fn(Job) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Outcome> + Send + 'static,
    {
        work(self.client.clone(), self.subscription(concurrency), handler)
    }

    /// All events so far, in order, without forgetting any.
    pub async fn events(&self) -> Vec<Event> {
        self.client.read_events(&self.queue, 1_000).await.unwrap().events
    }

    /// Waits until the events of these kinds are all there, and nothing is alive.
    pub async fn ended(&self, count: usize) -> Vec<Event> {
        until("the jobs to end", async || self.events().await.iter().filter(|e| e.kind.is_final()).count() >= count)
            .await;
        let events: Vec<Event> = self.events().await.into_iter().filter(|e| e.kind.is_final()).collect();
        assert_eq!(events.len(), count, "each job ends once");
        events
    }

    /// Waits until nothing is alive.
    pub async fn drained(&self) {
        until("the queue to drain", async || self.client.counts(&self.queue).await.is_ok_and(|c| c.alive == 0)).await;
    }
}

/// A job with number `n` in its payload and a backoff that does not slow the tests down.
pub fn job(n: u32) -> NewJob {
    let mut job = NewJob::new(Uuid::now_v7(), "test.count", n.to_string());
    job.backoff = Backoff { base: Duration::from_millis(1), cap: Duration::from_millis(5) };
    job
}

/// The number in a job's payload.
pub fn number(job: &Job) -> u32 {
    std::str::from_utf8(&job.payload).unwrap().parse().unwrap()
}

/// A worker under way.
pub struct Running {
    stop: Option<oneshot::Sender<()>>,
    pub worker: JoinHandle<Result<(), WorkerError>>,
}

impl Running {
    /// Asks the worker to stop, and waits until it has.
    pub async fn stop(mut self) {
        let _ = self.stop.take().unwrap().send(());
        tokio::time::timeout(SOON, &mut self.worker).await.expect("the worker stops").unwrap().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

pub fn work<F, R>(client: Client, subscription: Subscription, handler: F) -> Running
where
    F: Fn(Job) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Outcome> + Send + 'static,
{
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = WorkerBuilder::new("test").backend(Backend::new(client, subscription)).build(move |job: Job| {
        let run = handler(job);
        async move { Ok::<Outcome, std::io::Error>(run.await) }
    });
    let signal = async move {
        let _ = stopped.await;
        Ok::<(), std::io::Error>(())
    };
    let worker = tokio::spawn(async move { worker.run_until(signal).await });
    Running { stop: Some(stop), worker }
}

/// How often each job ran.
#[derive(Clone, Default)]
pub struct Runs(Arc<Mutex<HashMap<u32, u32>>>);

impl Runs {
    pub fn count(&self, n: u32) -> u32 {
        let mut runs = self.0.lock().unwrap();
        let count = runs.entry(n).or_default();
        *count += 1;
        *count
    }

    pub fn of(&self, n: u32) -> u32 {
        self.0.lock().unwrap().get(&n).copied().unwrap_or(0)
    }

    pub fn distinct(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub fn total(&self) -> u32 {
        self.0.lock().unwrap().values().sum()
    }
}

/// Waits for a condition, at most [`SOON`].
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + SOON;
    while !condition().await {
        assert!(Instant::now() < end, "waited too long for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await; // between two looks
    }
}

pub fn kinds(events: &[Event]) -> Vec<EventKind> {
    events.iter().map(|e| e.kind).collect()
}
