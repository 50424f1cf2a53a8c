use anyhow::{Context as _, Result};

use super::{Private, Server};
use crate::ports;
use crate::remembered::random_hex;
use crate::services::s3;
use crate::tools::Tools;

/// An S3 server of one's own without any bucket; path-style addresses, region `us-east-1`.
pub type S3Server = Private<S3>;

/// What a private S3 server knows of itself.
pub struct S3 {
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
        Ok(Self { server, details: S3 { port: port.get(), secret } })
    }

    /// `http://127.0.0.1:<port>`; it stays the same over restarts.
    #[must_use]
    pub fn endpoint(&self) -> String {
        s3::url(self.details.port)
    }

    /// The access key that may do everything.
    #[must_use]
    pub fn access_key(&self) -> &'static str {
        s3::ACCESS_KEY
    }

    /// The secret key that belongs to [`access_key`](Self::access_key).
    #[must_use]
    pub fn secret_key(&self) -> &str {
        &self.details.secret
    }
}
