//! Runs loops: one pass after the other, jittered, restarted after a panic, with health and metrics.

use gotong_queue::QueueName;
use gotong_shared::probe::Ready;
use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};
use rand::Rng;
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Why a pass was broken off.
#[derive(Debug, thiserror::Error)]
pub enum PassError {
    /// PostgreSQL.
    #[error(transparent)]
    Database(#[from] gotong_shared::db::DatabaseError),
    /// Redis.
    #[error(transparent)]
    Queue(#[from] gotong_queue::Error),
    /// A job of the loop's own could not be enqueued.
    #[error(transparent)]
    Enqueue(#[from] gotong_shared::enqueue::EnqueueError),
}

impl From<diesel::result::Error> for PassError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}

/// What a pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Things done, for the metric.
    pub done: usize,
    /// Whether its bound stopped it, so that the next follows at once.
    pub more: bool,
}

/// A loop: one file in [`crate::loops`].
pub trait Loop: Send + 'static {
    /// A noun.
    fn name(&self) -> &'static str;

    /// What tells two of the same name apart, such as a queue.
    fn of(&self) -> Option<&QueueName> {
        None
    }

    /// Between two passes.
    fn interval(&self) -> Duration;

    /// One bounded pass. It may be broken off at any await and must be safe beside the same pass of other processes.
    fn pass(&mut self) -> impl Future<Output = Result<Pass, PassError>> + Send;

    /// Waits for the time of the next pass, after a good one that left nothing over.
    fn rest(&mut self) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(jittered(self.interval()))
    }
}

static DONE: LazyLock<IntCounterVec> = LazyLock::new(|| {
    prometheus::register_int_counter_vec!("gotong_loop_done_total", "What loops did.", &["loop", "of"])
        .expect("the metric's name is unique and valid")
});
static FAILED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    prometheus::register_int_counter_vec!("gotong_loop_failures_total", "Passes that broke off.", &["loop", "of"])
        .expect("the metric's name is unique and valid")
});
static LAST_GOOD: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    let help = "When a loop's last good pass ended, in seconds since 1970.";
    prometheus::register_int_gauge_vec!("gotong_loop_last_good_seconds", help, &["loop", "of"])
        .expect("the metric's name is unique and valid")
});
static SECONDS: LazyLock<HistogramVec> = LazyLock::new(|| {
    prometheus::register_histogram_vec!("gotong_loop_pass_seconds", "How long a pass took.", &["loop"])
        .expect("the metric's name is unique and valid")
});

/// A loop without a good pass for this long, beyond its interval, is reported as not ready.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between a failed pass and the next: doubled by each further failure, from the loop's own interval where that is less.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The loops of a process.
pub struct Fleet {
    tasks: JoinSet<()>,
    health: Health,
    stop: CancellationToken,
}

impl Fleet {
    /// None yet; they run until `stop` fires.
    #[must_use]
    pub fn new(stop: CancellationToken) -> Self {
        Self { tasks: JoinSet::new(), health: Health::default(), stop }
    }

    /// Starts one.
    pub fn run<L: Loop>(&mut self, each: L) {
        self.tasks.spawn(keep_running(each, self.health.clone(), self.stop.clone()));
    }

    /// How they do.
    #[must_use]
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// Waits until all have stopped.
    pub async fn join(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn keep_running<L: Loop>(each: L, health: Health, stop: CancellationToken) {
    let (name, of) = (each.name(), each.of().map_or_else(String::new, ToString::to_string));
    health.good(name, &of, each.interval());
    let each = Arc::new(tokio::sync::Mutex::new(each));
    let mut failures = 0u32;
    while !stop.is_cancelled() {
        let interval = each.lock().await.interval();
        let started = Instant::now();
        let end = one_pass(Arc::clone(&each)).await;
        SECONDS.with_label_values(&[name]).observe(started.elapsed().as_secs_f64());
        // How long to wait; what the loop itself waits for, if nothing is said.
        let pause = match end {
            Ok(pass) => {
                if failures > 0 {
                    tracing::info!(name, of, "works again");
                }
                failures = 0;
                health.good(name, &of, interval);
                DONE.with_label_values(&[name, &of]).inc_by(pass.done as u64);
                LAST_GOOD.with_label_values(&[name, &of]).set(chrono::Utc::now().timestamp());
                pass.more.then_some(Duration::ZERO)
            }
            Err(why) => {
                FAILED.with_label_values(&[name, &of]).inc();
                if failures == 0 {
                    tracing::warn!(name, of, why, "a pass broke off; trying again");
                }
                failures = failures.saturating_add(1);
                let shortest = interval.min(SHORTEST_PAUSE);
                Some((shortest * 2u32.saturating_pow(failures.min(8))).min(LONGEST_PAUSE.max(interval)))
            }
        };
        tokio::select! {
            () = rest(&each, pause) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn rest<L: Loop>(each: &tokio::sync::Mutex<L>, pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(jittered(pause)).await,
        None => each.lock().await.rest().await,
    }
}

/// Runs a pass in a task of its own, so that a panic ends the pass and not the loop.
async fn one_pass<L: Loop>(each: Arc<tokio::sync::Mutex<L>>) -> Result<Pass, String> {
    let pass = tokio::spawn(async move { each.lock().await.pass().await });
    match pass.await {
        Ok(end) => end.map_err(|error| error.to_string()),
        Err(panic) => Err(panic.to_string()),
    }
}

/// 90 to 110 % of it, so that processes that start together do not stay together.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::rng().random_range(0.9..1.1))
}

/// When each loop was last well, and what else is amiss.
#[derive(Clone, Default)]
pub struct Health {
    loops: Arc<Mutex<BTreeMap<LoopName, LastGood>>>,
    trouble: Arc<Mutex<Option<String>>>,
}

/// A loop's name, and what it is of.
type LoopName = (&'static str, String);
/// The end of its last good pass, and its interval.
type LastGood = (Instant, Duration);

impl Health {
    fn good(&self, name: &'static str, of: &str, interval: Duration) {
        let mut last = self.loops.lock().unwrap_or_else(PoisonError::into_inner);
        last.insert((name, of.to_owned()), (Instant::now(), interval));
    }

    /// Says what is amiss though every loop is well, or that it no longer is.
    pub fn degrade(&self, why: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Whether every loop is well, and whether there is something else to say.
    #[must_use]
    pub fn check(&self) -> Ready {
        let last = self.loops.lock().unwrap_or_else(PoisonError::into_inner);
        let late = last.iter().filter(|(_, (good, interval))| good.elapsed() > *interval + PATIENCE);
        let late: Vec<_> = late.map(|((name, of), _)| format!("{name} {of}").trim().to_owned()).collect();
        if !late.is_empty() {
            return Ready::No(format!("without a good pass: {}", late.join(", ")));
        }
        match &*self.trouble.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(why) => Ready::Degraded(why.clone()),
            None => Ready::Yes,
        }
    }
}
