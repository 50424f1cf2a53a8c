//! The loop that fetches: never more than there are free slots, at once when there is work, and without polling when there
//! is none.

use std::sync::Arc;
use std::time::Duration;

use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;
use rand::Rng;

use crate::engine::Engine;
use crate::error::Result;
use crate::link::Link;
use crate::moment::Moment;
use crate::run::Job;
use crate::station::{Ask, Fetched};

/// The longest that an idle worker lets Redis hold its connection at a time.
const LONGEST_BLOCK: Duration = Duration::from_secs(5);
/// How long a worker that could fetch a few jobs waits for slots to fetch more at once.
const GATHER: Duration = Duration::from_millis(1);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// From how many jobs on half of the slots make a fetch that is worth its call.
const WORTH_HALVING: usize = 32;
/// How long a stopping worker waits for the answer to its last fetch.
const LAST_FETCH: Duration = Duration::from_secs(1);
/// How often the lowest priority goes first: one fetch in so many.
const UPWARD: u64 = 8;

pub(crate) async fn run(engine: Arc<Engine>) {
    let mut fetcher = Fetcher::new(engine.clone());
    let mut failures = 0u32;
    let mut backlog = false;
    while !engine.stopping.is_cancelled() {
        let Some(free) = fetcher.slots(backlog).await else { continue };
        backlog = false;
        match fetcher.fetch(free).await {
            Ok(answer) => {
                failures = 0;
                backlog = fetcher.admit(answer, free);
            }
            Err(error) => {
                failures += 1;
                if failures == 1 {
                    tracing::warn!(queue = %engine.station.queue, %error, "cannot fetch; trying again");
                }
                pause(&engine, failures).await;
            }
        }
    }
}

/// Exponential, with jitter.
async fn pause(engine: &Engine, failures: u32) {
    let most = Duration::from_millis(20).saturating_mul(1 << failures.min(6)).min(LONGEST_PAUSE);
    let pause = most.mul_f64(rand::rng().random_range(0.5..=1.0));
    tokio::select! {
        () = engine.stopping.cancelled() => {}
        () = tokio::time::sleep(pause) => {}
    }
}

struct Fetcher {
    engine: Arc<Engine>,
    link: Link,
    /// How many fetches there were.
    count: u64,
    /// When Redis said last what time it has.
    moment: Option<Moment>,
    /// There was nothing to fetch: how long the next fetch waits to be woken.
    wait: Option<Duration>,
}

impl Fetcher {
    fn new(engine: Arc<Engine>) -> Self {
        let link = engine.station.client.own_link(LONGEST_BLOCK);
        Self { engine, link, count: 0, moment: None, wait: None }
    }

    async fn fetch(&mut self, most: usize) -> Result<Fetched> {
        self.count += 1;
        let ask = Ask { most, upward: self.count.is_multiple_of(UPWARD) };
        match (self.wait.take(), self.moment.filter(Moment::is_fresh)) {
            (Some(wait), Some(moment)) => self.fetch_when_woken(ask, wait, moment).await,
            _ => self.engine.station.fetch(&self.link, ask, &mut self.moment).await,
        }
    }

    async fn fetch_when_woken(&self, ask: Ask, wait: Duration, moment: Moment) -> Result<Fetched> {
        let station = &self.engine.station;
        let mut fetch = std::pin::pin!(station.fetch_when_woken(&self.link, ask, wait, moment));
        tokio::select! {
            fetched = &mut fetch => return fetched,
            () = self.engine.stopping.cancelled() => {}
        }
        // what Redis has been asked for it may give at any time, so the wait is ended rather than left
        let end = async {
            station.nudge().await?;
            fetch.await
        };
        tokio::time::timeout(LAST_FETCH, end).await.unwrap_or(Ok(Fetched::More))
    }

    /// Waits for a free slot; with a backlog, a moment longer for half of them, so that fetches stay large. `None` when
    /// something else has to be looked at first.
    async fn slots(&self, backlog: bool) -> Option<usize> {
        let engine = &self.engine;
        let glance = Duration::from_millis(100);
        if engine.is_on_hold() {
            engine.hand_back_late();
            tokio::select! {
                () = engine.stopping.cancelled() => {}
                () = tokio::time::sleep(glance) => {}
            }
            return None;
        }
        let half = engine.subscription.concurrency.div_ceil(2);
        let mut free = engine.free();
        if free == 0 {
            free = tokio::select! {
                () = engine.stopping.cancelled() => return None,
                () = tokio::time::sleep(glance) => {
                    engine.hand_back_late();
                    return None;
                }
                free = engine.free_slots(1) => free,
            };
        }
        if backlog && free < half {
            free = tokio::time::timeout(GATHER, engine.free_slots(half)).await.unwrap_or_else(|_| engine.free());
        }
        // two halves under way in turn: Redis serves one while the handlers of the other run
        let most = if backlog && half >= WORTH_HALVING { half } else { free };
        (free > 0).then_some(free.min(most))
    }

    /// Passes on what came; whether there is probably more at once.
    fn admit(&mut self, fetched: Fetched, asked: usize) -> bool {
        match fetched {
            Fetched::Jobs(jobs, unreadable, next) => {
                let full = jobs.len() + unreadable.len() >= asked;
                if !full {
                    // nothing more was ready, and whatever is by now has left a token
                    self.wait = Some(next.unwrap_or(LONGEST_BLOCK).min(LONGEST_BLOCK));
                }
                let declined = self.engine.is_on_hold();
                self.engine.admit(jobs.into_iter().map(task).collect());
                if declined {
                    self.engine.hand_all_back();
                }
                for handle in unreadable {
                    tracing::error!(queue = %self.engine.station.queue, job = %handle.id, "a job's bytes cannot be read");
                    self.engine.bury(handle);
                }
                return full;
            }
            Fetched::More => {}
            Fetched::Late => self.moment = None,
            Fetched::Nothing(next) => self.wait = Some(next.unwrap_or(LONGEST_BLOCK).min(LONGEST_BLOCK)),
            Fetched::Paused => self.wait = Some(LONGEST_BLOCK),
            Fetched::Closed => self.wait = Some(Duration::from_millis(250)),
            Fetched::Lagging => self.wait = Some(Duration::from_millis(50)),
        }
        false
    }
}

fn task(job: Job) -> Task<Job> {
    let (id, attempt, most) = (job.id, job.attempt as usize, job.max_attempts as usize);
    TaskBuilder::new(job).task_id(TaskId::from_uuid(id)).attempt(attempt - 1).max_attempts(most).build()
}
