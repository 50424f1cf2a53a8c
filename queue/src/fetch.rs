//! The loop that fetches: never more than there are free slots, at once when there is work, and without polling when there
//! is none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;
use bytes::Bytes;
use rand::Rng;
use uuid::Uuid;

use crate::ack::Ack;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::link::Link;
use crate::record::{self, Record};
use crate::reply::Parts;
use crate::run::{Handle, Job};
use crate::script;

/// The longest that an idle worker lets Redis hold its connection at a time.
const LONGEST_BLOCK: Duration = Duration::from_secs(2);
/// How long a worker that could fetch a few jobs waits for slots to fetch more at once.
const GATHER: Duration = Duration::from_millis(1);
/// How often the lowest priority goes first: one fetch in so many.
const UPWARD: u64 = 8;

/// What a fetch came to.
enum Fetched {
    /// So many jobs of so many that were asked for.
    Jobs(usize, usize),
    /// There is work, but the script stopped at its bound.
    More,
    /// Nothing is ready; the next delayed job is due after this.
    Nothing(Duration),
    /// Fetching is not allowed now: paused, closed, or the recorder lags.
    Held(Duration),
}

pub(crate) async fn run(engine: Arc<Engine>) {
    let fetcher = Fetcher::new(engine.clone());
    let mut failures = 0u32;
    let mut count = 0u64;
    let mut backlog = false;
    while !engine.stopping.is_cancelled() {
        let Some(free) = fetcher.slots(backlog).await else { continue };
        count += 1;
        backlog = false;
        match fetcher.fetch(free, count.is_multiple_of(UPWARD)).await {
            Ok(fetched) => {
                failures = 0;
                match fetched {
                    Fetched::Jobs(got, asked) => backlog = got == asked,
                    Fetched::More => {}
                    Fetched::Nothing(block) | Fetched::Held(block) => fetcher.wait(block).await,
                }
            }
            Err(error) => {
                failures += 1;
                if failures == 1 {
                    tracing::warn!(queue = %engine.subscription.queue, %error, "cannot fetch; trying again");
                }
                pause(&engine, failures).await;
            }
        }
    }
}

/// Exponential, with jitter, at most a second.
async fn pause(engine: &Engine, failures: u32) {
    let most = Duration::from_millis(20).saturating_mul(1 << failures.min(6)).min(Duration::from_secs(1));
    let pause = most.mul_f64(rand::rng().random_range(0.5..=1.0));
    tokio::select! {
        () = engine.stopping.cancelled() => {}
        () = tokio::time::sleep(pause) => {}
    }
}

struct Fetcher {
    engine: Arc<Engine>,
    link: Link,
    keys: Arc<Keys>,
    /// The kinds of the subscription, shared by the jobs instead of a copy in each.
    kinds: Vec<Arc<str>>,
}

impl Fetcher {
    fn new(engine: Arc<Engine>) -> Self {
        let link = engine.client.own_link(LONGEST_BLOCK);
        let keys = engine.client.keys(&engine.subscription.queue);
        let kinds = engine.subscription.kinds.iter().map(|k| k.as_str().into()).collect();
        Self { engine, link, keys, kinds }
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
        (free > 0).then_some(free)
    }

    async fn fetch(&self, most: usize, upward: bool) -> Result<Fetched> {
        let (engine, config) = (&self.engine, self.engine.client.config());
        let live = self.link.live().await?;
        let token = Uuid::from_bytes(rand::random());
        let mut call = engine.client.call(&script::FETCH, &engine.subscription.queue);
        call.number(most as u64).millis(config.lease);
        call.arg([*token.as_bytes(), *engine.subscription.worker.id.as_bytes()].concat());
        call.arg(if config.ledger { live.server.run_id.as_str() } else { "" });
        call.arg(if upward { "u" } else { "d" });
        call.number(if config.ledger { config.event_bound } else { 0 });
        call.millis(engine.client.stay());
        for kind in &self.kinds {
            call.arg(kind.as_bytes());
        }
        let asked = Instant::now();
        let mut parts = Parts::of(self.link.run_on(&live, &call).await?)?;
        let (state, now) = (parts.bytes()?, parts.number()?);
        let (_version, next) = (parts.number()?, parts.number()?);
        match state.as_slice() {
            b"ok" if parts.is_empty() && next == 0 => Ok(Fetched::Nothing(LONGEST_BLOCK)),
            b"ok" if parts.is_empty() => {
                let until = Duration::from_millis(next.saturating_sub(now).max(1));
                Ok(Fetched::Nothing(until.min(LONGEST_BLOCK)))
            }
            b"ok" => self.take(parts, token, asked, now).map(|got| Fetched::Jobs(got, most)),
            b"more" => Ok(Fetched::More),
            b"closed" => Ok(Fetched::Held(Duration::from_millis(250))),
            b"paused" => Ok(Fetched::Held(LONGEST_BLOCK)),
            b"lagging" => Ok(Fetched::Held(Duration::from_millis(50))),
            _ => Err(Error::Corrupt("an unknown answer to a fetch")),
        }
    }

    fn take(&self, mut parts: Parts, token: Uuid, asked: Instant, now: u64) -> Result<usize> {
        let lease = self.engine.client.config().lease;
        let mut handles = Vec::with_capacity(parts.len() / 2);
        let mut tasks = Vec::with_capacity(parts.len() / 2);
        let mut unreadable = Vec::new();
        while let Some(id) = parts.next_bytes()? {
            let id = Uuid::from_slice(&id).map_err(|_| Error::Corrupt("a job's id that is no id"))?;
            let value = Bytes::from(parts.bytes()?);
            let mut handle = Handle::new(id, token, asked, lease, now);
            handle.size = value.len();
            if let Some(record) = record::unpack(value) {
                let (handle, task) = self.task(handle, record);
                handles.push(handle);
                tasks.push(task);
            } else {
                (handle.generation, handle.attempt) = (1, 1);
                unreadable.push(handle);
            }
        }
        let got = handles.len() + unreadable.len();
        self.engine.admit(&handles, tasks);
        for handle in unreadable {
            let handle = Arc::new(handle);
            tracing::error!(queue = %self.engine.subscription.queue, job = %handle.id, "a job's bytes cannot be read; it is dead");
            self.engine.admit_unreadable(&handle);
            self.engine.report(Ack::undecodable(handle, &self.engine));
        }
        Ok(got)
    }

    fn task(&self, mut handle: Handle, record: Record) -> (Arc<Handle>, Task<Job>) {
        handle.generation = record.generation;
        handle.attempt = record.attempt + 1;
        handle.crashes = record.crashes;
        handle.max_attempts = record.max_attempts;
        handle.backoff = record.backoff;
        handle.size = record.size;
        handle.extras = record.extras;
        let handle = Arc::new(handle);
        let known = self.kinds.iter().find(|kind| ***kind == *record.kind);
        let job = Job {
            id: handle.id,
            generation: handle.generation,
            kind: known.cloned().unwrap_or_else(|| record.kind.into()),
            queue: self.engine.subscription.queue.clone(),
            payload: record.payload,
            attempt: handle.attempt,
            crashes: handle.crashes,
            max_attempts: handle.max_attempts,
            timeout: record.timeout,
            trace: record.trace,
            handle: handle.clone(),
        };
        let task = TaskBuilder::new(job)
            .task_id(TaskId::from_uuid(handle.id))
            .attempt(handle.attempt as usize - 1)
            .max_attempts(handle.max_attempts as usize)
            .build();
        (handle, task)
    }

    /// Waits for a push to leave a token, or for the time to pass.
    async fn wait(&self, block: Duration) {
        let mut pop = redis::cmd("BLPOP");
        pop.arg(self.keys.wake()).arg(block.as_secs_f64());
        tokio::select! {
            () = self.engine.stopping.cancelled() => {}
            // what went wrong shows at the next fetch
            _ = self.link.command(&pop) => {}
        }
    }
}
