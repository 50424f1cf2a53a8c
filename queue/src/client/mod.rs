//! The client: everything that a producer, an operator or a ledger asks of Redis.

pub mod cancel;
pub mod edit;
pub mod entries;
pub mod epoch;
pub mod events;
pub mod inspect;
pub mod push;
pub mod server;
pub mod upkeep;
pub mod workers;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use redis::Value;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::link::{Call, Link};
use crate::name::{Micros, QueueName};
use crate::reply;
use crate::script::Source;

/// How many items one script call takes at most.
pub(crate) const CHUNK: usize = 1_000;

/// How many queues have their keys remembered; more work too, at the cost of building the keys each time.
const REMEMBERED: usize = 1_024;

/// A handle on Redis. Cloning is cheap and shares the connection, which reconnects by itself.
///
/// A call takes at most [`Config::response_timeout`], and a second more if it has to connect first. No command is ever sent
/// twice.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    config: Config,
    redis: redis::Client,
    link: Link,
    keys: RwLock<HashMap<QueueName, Arc<Keys>>>,
    waiters: RwLock<HashMap<QueueName, Arc<Link>>>,
}

impl Client {
    /// Makes a client. Redis need not be up: the first command makes the connection.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a setting or an address that can never work.
    #[expect(clippy::unused_async, reason = "the signature leaves room for a first contact")]
    pub async fn connect(config: Config) -> Result<Self> {
        config.validate()?;
        // the parser's own words may quote the address, and with it a password
        let redis = redis::Client::open(config.url.as_str())
            .map_err(|_| Error::invalid("url", "it must be redis://[user:password@]host:port[/db]"))?;
        let link = Link::new(redis.clone(), config.response_timeout);
        let (keys, waiters) = (RwLock::default(), RwLock::default());
        Ok(Self { shared: Arc::new(Shared { config, redis, link, keys, waiters }) })
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// How long one `PING` takes.
    ///
    /// # Errors
    /// [`Error::Unavailable`] or [`Error::UnknownResult`] if Redis does not answer in time.
    pub async fn ping(&self) -> Result<Duration> {
        let start = Instant::now();
        self.link().command(&redis::cmd("PING")).await?;
        Ok(start.elapsed())
    }

    /// The server's clock.
    ///
    /// # Errors
    /// [`Error::Unavailable`] or [`Error::UnknownResult`] if Redis does not answer in time.
    pub async fn time(&self) -> Result<Micros> {
        let answer = self.link().command(&redis::cmd("TIME")).await?;
        let mut parts = reply::Parts::of(answer)?;
        Ok(Micros(parts.number()? * 1_000_000 + parts.number()?))
    }

    pub(crate) fn link(&self) -> &Link {
        &self.shared.link
    }

    /// A connection for one purpose alone, whose commands may block the server's side of it for so long.
    pub(crate) fn own_link(&self, blocking: Duration) -> Link {
        Link::new(self.shared.redis.clone(), self.config().response_timeout + blocking)
    }

    pub(crate) fn keys(&self, queue: &QueueName) -> Arc<Keys> {
        let read = self.shared.keys.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = read.get(queue) {
            return keys.clone();
        }
        drop(read);
        let keys = Arc::new(Keys::new(&self.config().prefix, queue));
        let mut write = self.shared.keys.write().unwrap_or_else(PoisonError::into_inner);
        if write.len() < REMEMBERED {
            write.insert(queue.clone(), keys.clone());
        }
        keys
    }

    /// A call of a script that gets all keys of a queue.
    pub(crate) fn call(&self, source: &'static Source, queue: &QueueName) -> Call {
        Call::new(source, self.keys(queue).all(), 16, 256)
    }

    pub(crate) async fn run(&self, call: &Call) -> Result<Value> {
        self.link().run(call).await
    }

    /// `1` and the stay of new tombstones: what the scripts that end jobs are told first.
    pub(crate) fn terms_of_end(&self, call: &mut Call) {
        let config = self.config();
        call.arg(if config.ledger { "1" } else { "0" }).millis(self.stay());
    }

    /// How long a tombstone stays once nothing needs it any more.
    pub(crate) fn stay(&self) -> Duration {
        let config = self.config();
        if config.ledger { config.tombstone_hold } else { config.tombstone_ttl }
    }

    fn waiter(&self, queue: &QueueName) -> Arc<Link> {
        let mut waiters = self.shared.waiters.write().unwrap_or_else(PoisonError::into_inner);
        if waiters.len() >= REMEMBERED {
            waiters.clear();
        }
        waiters.entry(queue.clone()).or_insert_with(|| Arc::new(self.own_link(events::LONGEST_BLOCK))).clone()
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("config", self.config()).finish_non_exhaustive()
    }
}
