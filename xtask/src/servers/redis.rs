use anyhow::Result;
use rustix::process::Signal;

use super::Server;
use crate::ports;
use crate::services::redis;
use crate::tools::Tools;

/// A Redis (or Valkey) of one's own, with the settings of the platform: append-only file synced every second, nothing
/// evicted.
#[derive(Debug)]
pub struct RedisServer {
    server: Server,
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
        Ok(Self { server, port: port.get() })
    }

    /// `redis://127.0.0.1:<port>/0`; it stays the same over restarts.
    #[must_use]
    pub fn url(&self) -> String {
        redis::url(self.port)
    }

    /// Its TCP port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it in order: what it knows is on disk.
    ///
    /// # Errors
    ///
    /// If it had to be killed.
    pub fn stop(&mut self) -> Result<()> {
        self.server.stop()
    }

    /// Kills it: writes of the last second may be lost.
    pub fn kill9(&mut self) {
        self.server.kill();
    }

    /// Starts it again on its port with its data, after stopping it in order if it still runs.
    ///
    /// # Errors
    ///
    /// If it does not stop or does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.server.stop()?;
        self.server.start()
    }

    /// Freezes the process: connections stay open and nothing is answered.
    ///
    /// # Errors
    ///
    /// If it does not run.
    pub fn pause(&self) -> Result<()> {
        self.server.signal(Signal::STOP)
    }

    /// Ends a [`pause`](Self::pause).
    ///
    /// # Errors
    ///
    /// If it does not run.
    pub fn resume(&self) -> Result<()> {
        self.server.signal(Signal::CONT)
    }
}
