use anyhow::{Context as _, Result};
use rustix::process::Signal;

use super::Server;
use crate::ports;
use crate::remembered::random_hex;
use crate::services::s3;
use crate::tools::Tools;

/// An S3 server of one's own without any bucket; path-style addresses, region `us-east-1`.
#[derive(Debug)]
pub struct S3Server {
    server: Server,
    port: u16,
    secret: String,
}

impl S3Server {
    /// Starts an empty server.
    ///
    /// # Errors
    ///
    /// If the program cannot be fetched or does not start.
    pub fn start() -> Result<Self> {
        let program = Tools::default().seaweed()?;
        let secret = random_hex(20)?;
        let port = std::cell::Cell::new(0);
        let server = Server::launch("s3", |folder| {
            let chosen = s3::Ports::choose(|_| ports::find_free(&[]))?;
            port.set(chosen.s3);
            let spec = s3::spec(&program.path, folder, chosen, &secret).context("cannot prepare the S3 server")?;
            Ok((spec, Box::new(move || s3::is_ready(chosen.s3, chosen.master))))
        })?;
        Ok(Self { server, port: port.get(), secret })
    }

    /// `http://127.0.0.1:<port>`; it stays the same over restarts.
    #[must_use]
    pub fn endpoint(&self) -> String {
        s3::url(self.port)
    }

    /// The access key that may do everything.
    #[must_use]
    pub fn access_key(&self) -> &'static str {
        s3::ACCESS_KEY
    }

    /// The secret key that belongs to [`access_key`](Self::access_key).
    #[must_use]
    pub fn secret_key(&self) -> &str {
        &self.secret
    }

    /// Ends it in order.
    ///
    /// # Errors
    ///
    /// If it had to be killed.
    pub fn stop(&mut self) -> Result<()> {
        self.server.stop()
    }

    /// Kills it.
    pub fn kill9(&mut self) {
        self.server.kill();
    }

    /// Starts it again on its ports with its data, after stopping it in order if it still runs.
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
