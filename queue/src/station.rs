//! What a worker says to Redis about its jobs: fetch, report, renew. Knows nothing of loops, slots or handlers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use uuid::Uuid;

use crate::ack::Ack;
use crate::backend::Subscription;
use crate::client::Client;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::link::{Call, Link, Live};
use crate::moment::Moment;
use crate::name::QueueName;
use crate::record::{self, Record};
use crate::reply::{self, Parts};
use crate::run::{Handle, Job};
use crate::script;

/// A worker's place at a queue.
pub(crate) struct Station {
    pub(crate) client: Client,
    pub(crate) queue: QueueName,
    pub(crate) worker: Uuid,
    keys: Arc<Keys>,
    /// The kinds that the worker knows, shared by the jobs instead of a copy in each.
    kinds: Vec<Arc<str>>,
}

/// What a fetch came to.
#[derive(Debug)]
pub(crate) enum Fetched {
    /// Jobs, those whose bytes mean nothing, and when the next delayed job is due, if fewer came than were asked for.
    Jobs(Vec<Job>, Vec<Arc<Handle>>, Option<Duration>),
    /// There may be more, but the script stopped at its bound.
    More,
    /// Nothing is ready; the next delayed job is due after this, if there is one.
    Nothing(Option<Duration>),
    /// The queue is paused.
    Paused,
    /// The epoch is not open for this run of the server.
    Closed,
    /// The recorder lags.
    Lagging,
    /// Redis came to it later than was asked for.
    Late,
}

/// What a fetch asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    /// At most so many jobs.
    pub(crate) most: usize,
    /// Begin at the lowest priority.
    pub(crate) upward: bool,
}

/// An answer to a fetch of which only the beginning has been read.
struct Answer {
    state: Vec<u8>,
    /// Redis's time in ms.
    now: u64,
    /// When the next delayed job is due, in ms; 0: never.
    next: u64,
    jobs: Parts,
}

/// What became of a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// The lease is prolonged.
    Held,
    /// The lease is prolonged, and the job has been asked to stop.
    Cancelled,
    /// Another owns the job, or nobody: this run's token is stale.
    Lost,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// It is the job's transition.
    Taken,
    /// The job had been asked to stop, so it ended as cancelled instead of waiting again.
    Cancelled,
    /// The run's token was stale; nothing changed.
    Stale,
}

impl Station {
    pub(crate) fn new(client: Client, subscription: &Subscription) -> Self {
        let queue = subscription.queue.clone();
        let keys = client.keys(&queue);
        let kinds = subscription.kinds.iter().map(|k| k.as_str().into()).collect();
        Self { client, queue, worker: subscription.worker.id, keys, kinds }
    }

    pub(crate) fn config(&self) -> &Config {
        self.client.config()
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Takes jobs now. `moment` becomes the one of this fetch.
    pub(crate) async fn fetch(&self, link: &Link, ask: Ask, moment: &mut Option<Moment>) -> Result<Fetched> {
        let live = link.live().await?;
        let asked = Instant::now();
        let until = moment.filter(|m| m.is_of(&live)).map(|m| m.there(asked + self.config().lease / 2));
        let token = Uuid::from_bytes(rand::random());
        let call = self.call_of_fetch(&live, token, ask, until);
        let answer = Answer::of(link.run_on(&live, &call).await?)?;
        // a time that seems too late may be Redis's clock having jumped
        *moment = (answer.state != b"late").then(|| Moment::new(&live, asked, answer.now));
        self.read(answer, token, asked)
    }

    /// Waits on the server, at most for so long, until there may be jobs, and takes them there and then: between the
    /// wake-up and the fetch there is neither a round trip nor a worker that could die. `moment` is of a fetch before.
    pub(crate) async fn fetch_when_woken(
        &self,
        link: &Link,
        ask: Ask,
        wait: Duration,
        moment: Moment,
    ) -> Result<Fetched> {
        let live = link.live().await?;
        if !moment.is_of(&live) {
            return Ok(Fetched::Late);
        }
        let sent = Instant::now();
        let until = moment.there(sent + wait + self.config().lease / 2);
        let token = Uuid::from_bytes(rand::random());
        let call = self.call_of_fetch(&live, token, ask, Some(until));
        let mut pop = redis::cmd("BLPOP");
        pop.arg(self.keys.wake()).arg(self.keys.nudge(self.worker)).arg(wait.as_secs_f64());
        let answer = Answer::of(link.run_after(&live, &pop, &call).await?)?;
        let asked = moment.here(answer.now).clamp(sent, Instant::now());
        self.read(answer, token, asked)
    }

    /// Ends this worker's wait for jobs.
    pub(crate) async fn nudge(&self) -> Result<()> {
        let key = self.keys.nudge(self.worker);
        let mut push = redis::pipe();
        push.atomic().rpush(&key, "1").ignore().expire(&key, 60).ignore();
        self.client.link().pipeline(&push).await
    }

    fn call_of_fetch(&self, live: &Live, token: Uuid, ask: Ask, until: Option<u64>) -> Call {
        let config = self.config();
        let mut call = Call::new(&script::FETCH, self.keys.all(), 8 + self.kinds.len(), 256);
        call.number(ask.most as u64).millis(config.lease);
        call.arg([*token.as_bytes(), *self.worker.as_bytes()].concat());
        call.arg(if config.ledger { live.server.run_id.as_str() } else { "" });
        call.arg(if ask.upward { "u" } else { "d" });
        call.number(if config.ledger { config.event_bound } else { 0 });
        call.millis(self.client.stay()).number(until.unwrap_or(0));
        for kind in &self.kinds {
            call.arg(kind.as_bytes());
        }
        call
    }

    fn read(&self, answer: Answer, token: Uuid, asked: Instant) -> Result<Fetched> {
        let Answer { state, now, next, jobs } = answer;
        let until = (next != 0).then(|| Duration::from_millis(next.saturating_sub(now).max(1)));
        match state.as_slice() {
            b"ok" if jobs.is_empty() => Ok(Fetched::Nothing(until)),
            b"ok" => {
                let (jobs, unreadable) = self.unpack(jobs, token, asked, now)?;
                Ok(Fetched::Jobs(jobs, unreadable, until))
            }
            b"more" => Ok(Fetched::More),
            b"closed" => Ok(Fetched::Closed),
            b"paused" => Ok(Fetched::Paused),
            b"lagging" => Ok(Fetched::Lagging),
            b"late" => Ok(Fetched::Late),
            _ => Err(Error::Corrupt("an unknown answer to a fetch")),
        }
    }

    fn unpack(&self, mut parts: Parts, token: Uuid, asked: Instant, now: u64) -> Result<(Vec<Job>, Vec<Arc<Handle>>)> {
        let lease = self.config().lease;
        let mut jobs = Vec::with_capacity(parts.len() / 2);
        let mut unreadable = Vec::new();
        while let Some(id) = parts.next_bytes()? {
            let id = Uuid::from_slice(&id).map_err(|_| Error::Corrupt("a job's id that is no id"))?;
            let value = Bytes::from(parts.bytes()?);
            let mut handle = Handle::new(id, token, asked, lease, now);
            handle.size = value.len();
            let generation = record::generation(&value).unwrap_or(1);
            if let Some(record) = record::unpack(value) {
                jobs.push(self.job(handle, record));
            } else {
                (handle.generation, handle.attempt) = (generation, 1);
                unreadable.push(Arc::new(handle));
            }
        }
        Ok((jobs, unreadable))
    }

    fn job(&self, mut handle: Handle, record: Record) -> Job {
        handle.generation = record.generation;
        handle.attempt = record.attempt + 1;
        handle.crashes = record.crashes;
        handle.max_attempts = record.max_attempts;
        handle.backoff = record.backoff;
        handle.size = record.size;
        handle.extras = record.extras;
        let known = self.kinds.iter().find(|kind| ***kind == *record.kind);
        Job {
            id: handle.id,
            generation: handle.generation,
            kind: known.cloned().unwrap_or_else(|| record.kind.into()),
            queue: self.queue.clone(),
            payload: record.payload,
            attempt: handle.attempt,
            crashes: handle.crashes,
            max_attempts: handle.max_attempts,
            timeout: record.timeout,
            trace: record.trace,
            handle: Arc::new(handle),
        }
    }

    /// Reports how runs ended, at most 500. Stale ones learn that they are.
    pub(crate) async fn report(&self, link: &Link, acks: &[Ack]) -> Result<Vec<Reported>> {
        let bytes = acks.iter().map(|ack| ack.size() + 64).sum();
        let mut call = Call::new(&script::ACK, self.keys.all(), 3 + 2 * acks.len(), bytes);
        self.client.terms_of_end(&mut call);
        call.number(acks.iter().map(Ack::released).sum::<u64>());
        for ack in acks {
            ack.add_to(&mut call);
        }
        let answers = reply::bytes(link.run(&call).await?)?;
        if answers.len() != acks.len() {
            return Err(Error::Corrupt("reports were answered for another number of runs"));
        }
        let reported = |(answer, ack): (u8, &Ack)| match answer {
            b'+' => Reported::Taken,
            b'K' => Reported::Cancelled,
            _ => {
                ack.handle.lose();
                Reported::Stale
            }
        };
        Ok(answers.into_iter().zip(acks).map(reported).collect())
    }

    /// Prolongs leases, at most 1,000, and sends what the runs have to tell.
    pub(crate) async fn renew(&self, link: &Link, runs: &[(Arc<Handle>, Option<Vec<u8>>)]) -> Result<Vec<Renewed>> {
        let lease = self.config().lease;
        let mut call = Call::new(&script::RENEW, self.keys.all(), 1 + 3 * runs.len(), 64 * runs.len());
        call.millis(lease);
        for (handle, changed) in runs {
            call.arg(handle.id.as_bytes()).arg(handle.token.as_bytes()).arg(changed.as_deref().unwrap_or_default());
        }
        let sent = Instant::now();
        let answers = reply::bytes(link.run(&call).await?)?;
        if answers.len() != runs.len() {
            return Err(Error::Corrupt("a renewal was answered for another number of runs"));
        }
        let renewed = |(answer, (handle, _)): (u8, &(Arc<Handle>, _))| {
            if answer == b'-' {
                handle.lose();
                return Renewed::Lost;
            }
            handle.renewed(sent, lease);
            if answer == b'K' {
                handle.cancel();
                return Renewed::Cancelled;
            }
            Renewed::Held
        };
        Ok(answers.into_iter().zip(runs).map(renewed).collect())
    }
}

impl Answer {
    fn of(value: redis::Value) -> Result<Self> {
        let mut parts = Parts::of(value)?;
        let (state, now) = (parts.bytes()?, parts.number()?);
        let (_version, next) = (parts.number()?, parts.number()?);
        Ok(Self { state, now, next, jobs: parts })
    }
}
