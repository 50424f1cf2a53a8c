//! The settings of a [`crate::Client`] and of the backends made from it.

use std::time::Duration;

use crate::error::{Error, Result};

/// All settings, with defaults that suit a worker fleet on one Redis.
#[derive(Clone)]
pub struct Config {
    /// `redis://[user:password@]host:port[/db]`. It is never logged.
    pub url: String,
    /// The first part of every key. Default `gq`.
    pub prefix: String,
    /// Whether a ledger records every transition: events are kept until forgotten, pushes and cancels are bound to an
    /// epoch, and nothing is fetched unless the epoch is open for this run of the server. Default false.
    pub ledger: bool,
    /// How long a fetched job belongs to its worker without renewal. Default 6 s.
    pub lease: Duration,
    /// How often leases are renewed; at most a third of the lease. Default 2 s.
    pub renew_every: Duration,
    /// After how many lost leases a job is quarantined. Default 3, at most 255.
    pub max_crashes: u32,
    /// Without a ledger: how long a finished job refuses to be pushed again, and its result can be read. Default 1 h.
    pub tombstone_ttl: Duration,
    /// With a ledger: how long a tombstone outlives the recording of its end. Default 10 s; it must exceed the
    /// deadline of any push.
    pub tombstone_hold: Duration,
    /// How many events a queue may hold before its workers stop fetching. Default 200,000.
    pub event_bound: u64,
    /// How many live jobs a queue may hold. Default 10,000,000.
    pub queue_length: u64,
    /// How many bytes of live jobs a queue may hold. Default 4 GiB.
    pub queue_bytes: u64,
    /// The longest payload, in bytes. Default 64 KiB.
    pub payload_limit: usize,
    /// The longest result of a job, in bytes; a longer one is dropped and noted. Default 64 KiB.
    pub result_limit: usize,
    /// After how long without a reply a command's result counts as unknown and its connection is replaced. Default 3 s.
    pub response_timeout: Duration,
    /// How long a cancelled handler may go on before its result is discarded. Default 30 s.
    pub cancel_grace: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "redis://127.0.0.1:6379".into(),
            prefix: "gq".into(),
            ledger: false,
            lease: Duration::from_secs(6),
            renew_every: Duration::from_secs(2),
            max_crashes: 3,
            tombstone_ttl: Duration::from_hours(1),
            tombstone_hold: Duration::from_secs(10),
            event_bound: 200_000,
            queue_length: 10_000_000,
            queue_bytes: 4 << 30,
            payload_limit: 64 << 10,
            result_limit: 64 << 10,
            response_timeout: Duration::from_secs(3),
            cancel_grace: Duration::from_secs(30),
        }
    }
}

impl Config {
    /// Checks the settings against each other.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the first setting that breaks a rule.
    pub fn validate(&self) -> Result<()> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':' | b'.');
        if self.prefix.is_empty() || self.prefix.len() > 64 || !self.prefix.bytes().all(plain) {
            return Err(Error::invalid("prefix", "it must be 1 to 64 of [A-Za-z0-9_:.-]"));
        }
        if self.lease < Duration::from_millis(100) || self.lease > Duration::from_hours(1) {
            return Err(Error::invalid("lease", "it must be between 100 ms and 1 h"));
        }
        if self.renew_every.is_zero() || self.renew_every * 3 > self.lease {
            return Err(Error::invalid("renew_every", "it must be at most a third of the lease"));
        }
        if !(1..=255).contains(&self.max_crashes) {
            return Err(Error::invalid("max_crashes", "it must be 1 to 255"));
        }
        if self.response_timeout < Duration::from_millis(50) {
            return Err(Error::invalid("response_timeout", "it must be at least 50 ms"));
        }
        if self.payload_limit > 16 << 20 || self.result_limit > 16 << 20 {
            return Err(Error::invalid("payload_limit", "payloads and results are at most 16 MiB"));
        }
        Ok(())
    }
}

impl std::fmt::Debug for Config {
    /// Leaves out the address, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("prefix", &self.prefix)
            .field("ledger", &self.ledger)
            .field("lease", &self.lease)
            .field("renew_every", &self.renew_every)
            .finish_non_exhaustive()
    }
}
