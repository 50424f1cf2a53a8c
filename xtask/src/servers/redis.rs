use anyhow::Result;

use super::{Private, Server};
use crate::ports;
use crate::services::redis;
use crate::tools::Tools;

/// A Redis (or Valkey) of one's own, with the settings of the platform: append-only file synced every second, nothing
/// evicted.
pub type RedisServer = Private<Redis>;

/// What a private Redis knows of itself.
pub struct Redis {
    port: u16,
}

impl RedisServer {
    /// Starts an empty server.
    ///
    /// # Errors
    ///
    /// If no program is found or it does not start.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// Starts an empty server with more options, as in `["--maxmemory-policy", "allkeys-lru"]`; a later option wins.
    ///
    /// # Errors
    ///
    /// If no program is found or it does not start.
    pub fn start_with(options: &[&str]) -> Result<Self> {
        let program = Tools::default().redis()?;
        let port = std::cell::Cell::new(0);
        let server = Server::launch("redis", |folder| {
            let chosen = ports::find_free(&[])?;
            port.set(chosen);
            let spec = redis::spec(&program.path, folder, chosen).args(options.iter().copied());
            Ok((spec, Box::new(move || redis::is_ready(chosen))))
        })?;
        Ok(Self { server, details: Redis { port: port.get() } })
    }

    /// `redis://127.0.0.1:<port>/0`; it stays the same over restarts.
    #[must_use]
    pub fn url(&self) -> String {
        redis::url(self.details.port)
    }

    /// Its TCP port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.details.port
    }
}
