//! A job in the hands of a worker.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::event::Progress;
use crate::job::Backoff;
use crate::name::QueueName;
use crate::report;

/// What the apalis task carries as its arguments: the job, and a handle on this very attempt. Clones share the handle.
#[derive(Clone, Debug)]
pub struct Job {
    /// Who it is.
    pub id: Uuid,
    /// Its generation.
    pub generation: u32,
    /// Its kind.
    pub kind: Arc<str>,
    /// The queue that it came from.
    pub queue: QueueName,
    /// What was pushed.
    pub payload: Bytes,
    /// The number of this attempt; the first is 1.
    pub attempt: u32,
    /// Leases lost before.
    pub crashes: u32,
    /// The number of the last attempt.
    pub max_attempts: u32,
    /// How long this attempt may take.
    pub timeout: Duration,
    /// The W3C `traceparent` that was pushed.
    pub trace: Option<String>,
    pub(crate) handle: Arc<Handle>,
}

impl Job {
    /// Fires when the attempt should stop: it was cancelled, ran out of time, lost its lease, or its worker's drain time
    /// is over. A handler that computes without awaiting asks it now and then.
    #[must_use]
    pub fn cancelled(&self) -> CancellationToken {
        self.handle.stop.clone()
    }

    /// Whether this attempt still holds the job: its lease has not been refused, nor run out unrenewed. An effect that
    /// cannot be made idempotent checks it last.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.handle.is_current()
    }

    /// The fencing token of this attempt; effects may carry it.
    #[must_use]
    pub fn token(&self) -> Uuid {
        self.handle.token
    }

    /// Reports how far it is, 0 to 1, with a word to people. The last report is sent once a second.
    pub fn progress(&self, fraction: f32, message: &str) {
        let fraction = if fraction.is_nan() { 0.0 } else { fraction.clamp(0.0, 1.0) };
        let message = report::cut(message, report::PROGRESS).to_owned();
        let mut notes = self.handle.notes();
        notes.progress = Some(Progress { fraction, message });
        notes.changed = true;
    }

    /// Keeps a log line of this attempt: the last 100 lines, 1 KiB each.
    pub fn log(&self, line: impl AsRef<str>) {
        let mut notes = self.handle.notes();
        if notes.lines.len() == report::LINES {
            notes.lines.pop_front();
        }
        notes.lines.push_back(report::cut(line.as_ref(), report::LINE).to_owned());
        notes.changed = true;
    }
}

/// One attempt as its worker knows it.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) id: Uuid,
    pub(crate) token: Uuid,
    pub(crate) generation: u32,
    pub(crate) attempt: u32,
    pub(crate) crashes: u32,
    pub(crate) max_attempts: u32,
    pub(crate) backoff: Backoff,
    /// Redis's time of the fetch, in ms.
    pub(crate) started: u64,
    /// Length of the record, and whether its end must let go of more than the entry.
    pub(crate) size: usize,
    pub(crate) extras: bool,
    /// When the fetch was asked for: before Redis can have begun the lease.
    pub(crate) asked: Instant,
    pub(crate) stop: CancellationToken,
    cancelled: AtomicBool,
    lost: AtomicBool,
    /// Until when the lease surely holds, in ms after `asked`.
    held_until: AtomicU64,
    notes: Mutex<Notes>,
}

/// What the handler has said so far.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    progress: Option<Progress>,
    lines: VecDeque<String>,
    changed: bool,
}

impl Notes {
    pub(crate) fn is_empty(&self) -> bool {
        self.progress.is_none() && self.lines.is_empty()
    }

    pub(crate) fn pack(&self) -> Vec<u8> {
        if self.is_empty() {
            return Vec::new();
        }
        report::pack_tail(self.progress.as_ref(), self.lines.iter().map(String::as_str))
    }
}

impl Handle {
    pub(crate) fn new(id: Uuid, token: Uuid, asked: Instant, lease: Duration, started: u64) -> Self {
        Self {
            id,
            token,
            generation: 0,
            attempt: 0,
            crashes: 0,
            max_attempts: 1,
            backoff: Backoff::default(),
            started,
            size: 0,
            extras: false,
            asked,
            stop: CancellationToken::new(),
            cancelled: AtomicBool::new(false),
            lost: AtomicBool::new(false),
            held_until: AtomicU64::new(millis(lease)),
            notes: Mutex::default(),
        }
    }

    /// What tells this run from all others.
    pub(crate) fn key(&self) -> (Uuid, Uuid) {
        (self.id, self.token)
    }

    /// The lease was prolonged by a command that was sent at this time.
    pub(crate) fn renewed(&self, sent: Instant, lease: Duration) {
        let until = millis(sent.saturating_duration_since(self.asked) + lease);
        self.held_until.fetch_max(until, Ordering::Relaxed);
    }

    /// Someone asked for the job to stop.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        self.stop.cancel();
    }

    /// Another owns the job now.
    pub(crate) fn lose(&self) {
        self.lost.store(true, Ordering::Release);
        self.stop.cancel();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    fn is_current(&self) -> bool {
        !self.lost.load(Ordering::Acquire) && millis(self.asked.elapsed()) < self.held_until.load(Ordering::Relaxed)
    }

    pub(crate) fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The packed notes, if they have changed since the last call.
    pub(crate) fn take_changed(&self) -> Option<Vec<u8>> {
        let mut notes = self.notes();
        std::mem::take(&mut notes.changed).then(|| notes.pack())
    }

    /// The notes have not arrived: send them again.
    pub(crate) fn mark_changed(&self) {
        self.notes().changed = true;
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle(lease: Duration) -> Handle {
        Handle::new(Uuid::nil(), Uuid::nil(), Instant::now(), lease, 0)
    }

    #[test]
    fn an_attempt_is_current_while_its_lease_holds() {
        let held = handle(Duration::from_mins(1));
        assert!(held.is_current());
        held.lose();
        assert!(!held.is_current() && held.stop.is_cancelled());

        let run_out = handle(Duration::ZERO);
        assert!(!run_out.is_current());
        run_out.renewed(Instant::now(), Duration::from_mins(1));
        assert!(run_out.is_current());
    }

    #[test]
    fn notes_are_bounded_and_taken_once() {
        let handle = Arc::new(handle(Duration::from_mins(1)));
        let job = Job {
            id: Uuid::nil(),
            generation: 1,
            kind: "k".into(),
            queue: "q".parse().unwrap(),
            payload: Bytes::new(),
            attempt: 1,
            crashes: 0,
            max_attempts: 1,
            timeout: Duration::from_secs(1),
            trace: None,
            handle: handle.clone(),
        };
        assert!(handle.take_changed().is_none());
        job.progress(f32::NAN, &"x".repeat(1_000));
        for n in 0..500 {
            job.log(format!("{n} {}", "y".repeat(2_000)));
        }
        let packed = handle.take_changed().unwrap();
        assert!(handle.take_changed().is_none());
        let (progress, lines) = report::unpack_tail(&mut packed.into()).unwrap();
        assert_eq!(progress.unwrap().message.len(), report::PROGRESS);
        assert_eq!(lines.len(), report::LINES);
        assert!(lines[0].starts_with("400 ") && lines[0].len() == report::LINE);
    }
}
