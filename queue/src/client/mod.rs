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

use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::name::Micros;

/// A handle on Redis. Cloning is cheap and shares the connection, which reconnects by itself.
///
/// No call hangs longer than [`Config::response_timeout`], and no command is ever sent twice.
#[derive(Clone)]
pub struct Client {
    pub(crate) config: Arc<Config>,
}

pub(crate) fn unbuilt<T>() -> Result<T> {
    Err(Error::Unavailable("not built yet".into()))
}

impl Client {
    /// Makes a client. Redis need not be up: the connection is made by the first command.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a setting or an address that can never work.
    #[expect(clippy::unused_async, reason = "it may connect one day")]
    pub async fn connect(config: Config) -> Result<Self> {
        config.validate()?;
        Ok(Self {
            config: Arc::new(config),
        })
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// How long one `PING` takes.
    ///
    /// # Errors
    /// [`Error::Unavailable`] or [`Error::UnknownResult`] if Redis does not answer in time.
    pub async fn ping(&self) -> Result<Duration> {
        unbuilt()
    }

    /// The server's clock.
    ///
    /// # Errors
    /// [`Error::Unavailable`] or [`Error::UnknownResult`] if Redis does not answer in time.
    pub async fn time(&self) -> Result<Micros> {
        unbuilt()
    }
}
