//! The loop that reports how runs ended: in batches, with their fencing tokens, again and again until Redis has taken them.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use tokio::sync::mpsc;

use crate::engine::Engine;
use crate::error::Result;
use crate::event::EventKind;
use crate::link::{Call, Link};
use crate::outcome::{JobError, Outcome, Until};
use crate::report::{self, Report};
use crate::run::Handle;
use crate::station::{Reported, Station};

/// How many reports one script call takes at most, and how many bytes of them, but for a single large one.
const BATCH: usize = 250;
const BATCH_BYTES: usize = 1 << 20;
/// The longest pause between two tries: a fraction of a lease, so that reports overtake the reaper after an outage.
const LONGEST_PAUSE: Duration = Duration::from_millis(300);
/// The longest pause that a handler may ask for: ten years.
const LONGEST: u64 = 10 * 365 * 86_400_000;

/// The report of one run.
#[derive(Debug)]
pub(crate) struct Ack {
    pub(crate) handle: Arc<Handle>,
    /// Whether the run ends the job.
    ends: bool,
    report: Vec<u8>,
}

impl Ack {
    /// The run was not started, or is broken off by its worker's stop: no attempt is spent.
    pub(crate) fn hand_back(handle: Arc<Handle>, station: &Station) -> Self {
        Self::put_off(handle, station, b'B', 0)
    }

    /// The job's bytes mean nothing.
    pub(crate) fn undecodable(handle: Arc<Handle>, station: &Station) -> Self {
        let error = JobError::new(JobError::UNDECODABLE, "the packed bytes of the job cannot be read");
        Self::ended(handle, station, b'U', EventKind::Dead, &error)
    }

    /// What the handler said, or what was made of its silence.
    pub(crate) fn of(handle: Arc<Handle>, station: &Station, outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done(result) => Self::done(handle, station, &result.unwrap_or_default()),
            Outcome::Retry { after, error } if handle.attempt < handle.max_attempts => {
                let pause = after.unwrap_or_else(|| handle.backoff.pause(handle.attempt));
                let report = pack(&handle, station, (b'R', millis(pause)), EventKind::Retried, &error, b"");
                Self { handle, ends: false, report }
            }
            Outcome::Retry { error, .. } | Outcome::Dead(error) => {
                Self::ended(handle, station, b'D', EventKind::Dead, &error)
            }
            Outcome::Cancel(reason) => {
                Self::ended(handle, station, b'K', EventKind::Cancelled, &JobError::new("", reason))
            }
            Outcome::Snooze(Until::After(pause)) => Self::put_off(handle, station, b'S', millis(pause)),
            Outcome::Snooze(Until::At(at)) => Self::put_off(handle, station, b'A', at.0.min((1 << 48) - 1)),
        }
    }

    fn done(handle: Arc<Handle>, station: &Station, result: &[u8]) -> Self {
        let config = station.config();
        if result.len() > config.result_limit {
            let text =
                format!("the result of {} bytes was not kept: the limit is {}", result.len(), config.result_limit);
            let note = JobError::new(JobError::RESULT_TOO_LARGE, text);
            return Self::ended(handle, station, b'C', EventKind::Completed, &note);
        }
        let note = JobError::new("", "");
        let report = if config.ledger || result.is_empty() {
            pack(&handle, station, (b'C', 0), EventKind::Completed, &note, result)
        } else {
            // without a ledger the tombstone keeps the result, which stands at the end
            let empty = pack(&handle, station, (b'C', 0), EventKind::Completed, &note, b"").len() as u64;
            let mut report = pack(&handle, station, (b'C', empty + 1), EventKind::Completed, &note, b"");
            report.extend_from_slice(result);
            report
        };
        Self { handle, ends: true, report }
    }

    fn ended(handle: Arc<Handle>, station: &Station, outcome: u8, kind: EventKind, error: &JobError) -> Self {
        let report = pack(&handle, station, (outcome, 0), kind, error, b"");
        Self { handle, ends: true, report }
    }

    fn put_off(handle: Arc<Handle>, station: &Station, outcome: u8, argument: u64) -> Self {
        let report = pack(&handle, station, (outcome, argument), EventKind::Snoozed, &JobError::new("", ""), b"");
        Self { handle, ends: false, report }
    }

    pub(crate) fn size(&self) -> usize {
        self.report.len()
    }

    /// The size of the record that goes with this report.
    pub(crate) fn released(&self) -> u64 {
        if self.ends { self.handle.size as u64 } else { 0 }
    }

    pub(crate) fn add_to(&self, call: &mut Call) {
        call.arg(self.handle.id.as_bytes()).arg(&self.report);
    }
}

fn millis(pause: Duration) -> u64 {
    u64::try_from(pause.as_millis()).unwrap_or(LONGEST).min(LONGEST)
}

fn pack(
    handle: &Handle,
    station: &Station,
    (outcome, argument): (u8, u64),
    reported: EventKind,
    error: &JobError,
    result: &[u8],
) -> Vec<u8> {
    let spent = reported != EventKind::Snoozed;
    let report = Report {
        outcome,
        argument,
        size: handle.size,
        extras: handle.extras,
        token: handle.token,
        generation: handle.generation,
        attempt: handle.attempt,
        used: handle.attempt.saturating_sub(u32::from(!spent)),
        crashes: handle.crashes,
        started: handle.started,
        id: handle.id,
        reported,
        worker: station.worker,
        class: &error.class,
        message: &error.message,
        result,
    };
    let tail = if station.config().ledger { handle.notes().pack() } else { Vec::new() };
    report::pack(&report, &tail)
}

/// Runs until the engine is closed; then sends once more what is left.
pub(crate) async fn run(engine: Arc<Engine>, mut inbox: mpsc::UnboundedReceiver<Ack>) {
    let link = engine.station.client.own_link(Duration::ZERO);
    let mut batch = Vec::with_capacity(BATCH);
    let mut next = None;
    loop {
        tokio::select! {
            biased;
            received = receive(&mut inbox, &mut batch, &mut next) => if !received { return },
            () = engine.closed.cancelled() => {
                batch.extend(next.take());
                while let Ok(ack) = inbox.try_recv() {
                    batch.push(ack);
                }
                for part in batch.chunks(BATCH) {
                    let _ = send(&engine, &link, part).await;
                }
                return;
            }
        }
        deliver(&engine, &link, &batch).await;
        engine.settle(&batch);
        batch.clear();
    }
}

/// Fills the batch; `next` is what did not fit into the last one. `false` at the end.
async fn receive(inbox: &mut mpsc::UnboundedReceiver<Ack>, batch: &mut Vec<Ack>, next: &mut Option<Ack>) -> bool {
    if batch.is_empty() {
        let first = match next.take() {
            Some(ack) => Some(ack),
            None => inbox.recv().await,
        };
        let Some(first) = first else { return false };
        batch.push(first);
    }
    let mut bytes: usize = batch.iter().map(Ack::size).sum();
    while batch.len() < BATCH {
        let Ok(ack) = inbox.try_recv() else { break };
        bytes += ack.size();
        if bytes > BATCH_BYTES {
            *next = Some(ack);
            break;
        }
        batch.push(ack);
    }
    true
}

/// Sends a batch until Redis takes it. Sending again is harmless: where the first sending arrived, the tokens are stale by
/// then and change nothing.
async fn deliver(engine: &Engine, link: &Link, batch: &[Ack]) {
    let mut failures = 0u32;
    while let Err(error) = send(engine, link, batch).await {
        failures += 1;
        if failures == 1 {
            let queue = &engine.station.queue;
            tracing::warn!(%queue, %error, reports = batch.len(), "cannot report; trying again");
        }
        let most = Duration::from_millis(20).saturating_mul(1 << failures.min(6)).min(LONGEST_PAUSE);
        let pause = most.mul_f64(rand::rng().random_range(0.5..=1.0));
        tokio::select! {
            () = engine.closed.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn send(engine: &Engine, link: &Link, batch: &[Ack]) -> Result<()> {
    let answers = engine.station.report(link, batch).await?;
    for (answer, ack) in answers.iter().zip(batch) {
        if *answer == Reported::Stale {
            let (queue, handle) = (&engine.station.queue, &ack.handle);
            tracing::warn!(%queue, job = %handle.id, attempt = handle.attempt, "the report of a stale run changed nothing");
        }
    }
    Ok(())
}
