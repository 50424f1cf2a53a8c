//! What is pushed: a job, its limits and its backoff.

use std::time::Duration;

use bytes::Bytes;
use rand::Rng;
use uuid::Uuid;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::name::{Priority, Timestamp};

/// A job to be pushed (and what a parked edit puts back).
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    /// Who the job is; a push of a known id and generation changes nothing.
    pub id: Uuid,
    /// Starts at 1; a greater one replaces a lower one.
    pub generation: u32,
    /// The version of the last transition that the pusher knows of; 0 for a new job.
    pub version: u64,
    /// The kind, 1 to 64 bytes; workers fetch only kinds that they know.
    pub kind: String,
    /// What the handler gets.
    pub payload: Bytes,
    /// Which of the ready lists it waits in.
    pub priority: Priority,
    /// Not before; `None` is at once.
    pub run_at: Option<Timestamp>,
    /// Not after: a job that is still waiting then ends as expired.
    pub expires_at: Option<Timestamp>,
    /// Attempts already spent.
    pub attempt: u32,
    /// Leases already lost.
    pub crashes: u32,
    /// After how many attempts a failure is final; 1 to 65,535.
    pub max_attempts: u32,
    /// How long one attempt may take; at most 49 days.
    pub timeout: Duration,
    /// The pause between attempts.
    pub backoff: Backoff,
    /// A W3C `traceparent`, handed to the handler; at most 255 bytes.
    pub trace: Option<String>,
    /// Without a ledger: at most one live job with the key.
    pub unique: Option<Unique>,
}

impl NewJob {
    /// A job with the defaults: generation 1, normal priority, at once, 25 attempts of at most 60 s each.
    #[must_use]
    pub fn new(id: Uuid, kind: impl Into<String>, payload: impl Into<Bytes>) -> Self {
        Self {
            id,
            generation: 1,
            version: 0,
            kind: kind.into(),
            payload: payload.into(),
            priority: Priority::NORMAL,
            run_at: None,
            expires_at: None,
            attempt: 0,
            crashes: 0,
            max_attempts: 25,
            timeout: Duration::from_mins(1),
            backoff: Backoff::default(),
            trace: None,
            unique: None,
        }
    }

    /// Checks every limit, so that what is sent can always be packed.
    pub(crate) fn validate(&self, config: &Config) -> Result<()> {
        let bad = |what, reason: &str| Err(Error::invalid(what, reason));
        let millis = |d: Duration| d.as_millis() <= u128::from(u32::MAX);
        if self.generation == 0 {
            return bad("generation", "it starts at 1");
        }
        if self.version > crate::record::MAX_VERSION {
            return bad("version", "it must be below 2^53");
        }
        if self.kind.is_empty() || self.kind.len() > 64 {
            return bad("kind", "it must be 1 to 64 bytes");
        }
        if self.payload.len() > config.payload_limit {
            return Err(Error::invalid("payload", format!("it must be at most {} bytes", config.payload_limit)));
        }
        if !(1..=65_535).contains(&self.max_attempts) || self.attempt > 65_535 || self.crashes > 255 {
            return bad("attempts", "attempts are 1 to 65,535, crashes at most 255");
        }
        if self.timeout.is_zero() || !millis(self.timeout) || !millis(self.backoff.base) || !millis(self.backoff.cap) {
            return bad("timeout or backoff", "each must fit 49 days, and the timeout be positive");
        }
        if self.trace.as_ref().is_some_and(|t| t.len() > 255) {
            return bad("trace", "it must be at most 255 bytes");
        }
        if let Some(unique) = &self.unique {
            if config.ledger {
                return bad("unique", "with a ledger, the ledger owns unique keys");
            }
            if unique.key.is_empty() || unique.key.len() > 255 {
                return bad("unique", "the key must be 1 to 255 bytes");
            }
        }
        let far = |t: Option<Timestamp>| t.is_some_and(|t| t.0 >= 1 << 48);
        if far(self.run_at) || far(self.expires_at) {
            return bad("run_at or expires_at", "it must be below 2^48 ms");
        }
        Ok(())
    }
}

/// Exponential backoff with full jitter: a uniformly random pause between 0 and `min(cap, base * 2^(attempt - 1))`.
///
/// Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The greatest pause after the first attempt.
    pub base: Duration,
    /// The greatest pause at all.
    pub cap: Duration,
}

impl Default for Backoff {
    /// One second, up to ten minutes.
    fn default() -> Self {
        Self { base: Duration::from_secs(1), cap: Duration::from_mins(10) }
    }
}

impl Backoff {
    /// The greatest pause after this attempt (the first is 1).
    #[must_use]
    pub fn ceiling(&self, attempt: u32) -> Duration {
        let doubled = self.base.saturating_mul(1 << attempt.saturating_sub(1).min(30));
        doubled.min(self.cap)
    }

    /// A random pause after this attempt.
    #[must_use]
    pub fn pause(&self, attempt: u32) -> Duration {
        let ceiling = u64::try_from(self.ceiling(attempt).as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(rand::rng().random_range(0..=ceiling))
    }
}

/// At most one live job of a queue holds a unique key; it is let go when the job ends, or found to be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unique {
    /// 1 to 255 bytes.
    pub key: String,
    /// What a second push with the key is told.
    pub on_conflict: OnConflict,
}

/// What happens to a push whose unique key is held by another live job. Neither replaces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// The push is refused: [`crate::Pushed::Rejected`].
    Reject,
    /// The caller takes the job that holds the key for its own: [`crate::Pushed::Kept`].
    KeepExisting,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_up_to_the_cap() {
        let backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(10) };
        let seconds: Vec<u64> = (1..7).map(|n| backoff.ceiling(n).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 10, 10]);
        assert_eq!(backoff.ceiling(u32::MAX), backoff.cap);
        assert!((0..200).all(|_| backoff.pause(3) <= Duration::from_secs(4)));
    }

    #[test]
    fn limits_are_checked_before_anything_is_sent() {
        let config = Config::default();
        let good = NewJob::new(Uuid::nil(), "k", "{}");
        assert!(good.validate(&config).is_ok());
        let breaks: [fn(&mut NewJob); 8] = [
            |j| j.generation = 0,
            |j| j.kind = "k".repeat(65),
            |j| j.payload = vec![0; 65_537].into(),
            |j| j.max_attempts = 0,
            |j| j.timeout = Duration::ZERO,
            |j| j.trace = Some("t".repeat(256)),
            |j| j.version = u64::MAX,
            |j| j.run_at = Some(Timestamp(u64::MAX)),
        ];
        for (n, spoil) in breaks.iter().enumerate() {
            let mut job = good.clone();
            spoil(&mut job);
            assert!(job.validate(&config).is_err(), "rule {n}");
        }
    }
}
