//! What happened, on the wire.

use gotong_shared::statistics::{Histogram, Minute, Outcome};
use poem_openapi::Object;

/// How attempts ended, and jobs that never ran.
#[derive(Clone, Debug, Object)]
pub struct OutcomeCounts {
    /// The handler succeeded.
    completed: u64,
    /// It failed, and was tried again.
    retried: u64,
    /// It failed for good.
    dead: u64,
    /// It was called off.
    cancelled: u64,
    /// Its handler put it off.
    snoozed: u64,
    /// Its worker died or stalled, and it was tried again.
    crashed: u64,
    /// Its worker died or stalled once too often.
    quarantined: u64,
    /// It still waited at its `expires_at`.
    expired: u64,
    /// A run that reported after it had lost its lease; it changed nothing.
    stale: u64,
}

/// A distribution of times, in milliseconds, interpolated from a histogram: at most half of itself off. Percentiles are
/// missing when nothing was counted.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct LatencySummary {
    /// How many were counted.
    count: u64,
    /// Half of them took no longer.
    p50: Option<f64>,
    /// 90 % of them took no longer.
    p90: Option<f64>,
    /// 95 % of them took no longer.
    p95: Option<f64>,
    /// 99 % of them took no longer.
    p99: Option<f64>,
}

/// What happened in some time.
#[derive(Clone, Debug, Object)]
pub struct WorkSummary {
    /// Counts by outcome.
    outcomes: OutcomeCounts,
    /// Jobs that reached a final state.
    ended: u64,
    /// Attempts that failed, whether or not they were tried again.
    failed: u64,
    /// Jobs that reached a final state a minute, on average.
    per_minute: f64,
    /// From being due to being fetched.
    waiting: LatencySummary,
    /// From being fetched to the handler's end.
    running: LatencySummary,
}

impl OutcomeCounts {
    /// Of what happened.
    #[must_use]
    pub fn of(work: &Minute) -> Self {
        let count = |outcome| work.count(outcome);
        Self {
            completed: count(Outcome::Completed),
            retried: count(Outcome::Retried),
            dead: count(Outcome::Dead),
            cancelled: count(Outcome::Cancelled),
            snoozed: count(Outcome::Snoozed),
            crashed: count(Outcome::Crashed),
            quarantined: count(Outcome::Quarantined),
            expired: count(Outcome::Expired),
            stale: count(Outcome::Stale),
        }
    }
}

impl WorkSummary {
    /// Of what happened in that many minutes.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn of(work: &Minute, minutes: u32) -> Self {
        let count = |outcome| work.count(outcome);
        let unsuccessful = count(Outcome::Dead) + count(Outcome::Quarantined) + count(Outcome::Expired);
        let ended = count(Outcome::Completed) + count(Outcome::Cancelled) + unsuccessful;
        Self {
            outcomes: OutcomeCounts::of(work),
            ended,
            failed: unsuccessful + count(Outcome::Retried) + count(Outcome::Crashed),
            per_minute: (ended as f64 / f64::from(minutes.max(1)) * 1_000.0).round() / 1_000.0,
            waiting: LatencySummary::of(&work.waiting),
            running: LatencySummary::of(&work.running),
        }
    }
}

impl LatencySummary {
    fn of(times: &Histogram) -> Self {
        let quantile = |q| times.quantile(q).map(|ms| (ms * 10.0).round() / 10.0);
        Self { count: times.total(), p50: quantile(0.5), p90: quantile(0.9), p95: quantile(0.95), p99: quantile(0.99) }
    }
}
