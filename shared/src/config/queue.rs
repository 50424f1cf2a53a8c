//! Redis, the dispatcher.

use super::Reader;

/// Where the queues are.
#[derive(Clone)]
pub struct QueueConfig {
    /// `GOTONG_REDIS_URL`: `redis://[user:password@]host:port/database`. Required.
    pub url: String,
    /// `GOTONG_QUEUE_PREFIX`: what every key begins with, letters and digits, default `gq`.
    pub prefix: String,
}

impl QueueConfig {
    /// Reads its variables.
    pub fn read(reader: &mut Reader) -> Self {
        let url: String = reader.required("GOTONG_REDIS_URL", "a redis:// address");
        if !url.is_empty() && !url.starts_with("redis://") && !url.starts_with("rediss://") {
            reader.mistake("GOTONG_REDIS_URL", "is not a redis:// address");
        }
        let prefix: String = reader.optional("GOTONG_QUEUE_PREFIX", "letters and digits", "gq".into());
        if !prefix.chars().all(|c| c.is_ascii_alphanumeric()) {
            reader.mistake("GOTONG_QUEUE_PREFIX", "may hold letters and digits only");
        }
        Self { url, prefix }
    }

    /// The engine's settings: the ledger decides what exists, so queues work under epochs.
    #[must_use]
    pub fn engine(&self) -> gotong_queue::Config {
        gotong_queue::Config {
            url: self.url.clone(),
            prefix: self.prefix.clone(),
            ledger: true,
            ..gotong_queue::Config::default()
        }
    }
}
