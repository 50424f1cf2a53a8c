//! SMTP.

use crate::config::MailConfig;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use std::time::Duration;

/// Why mail cannot be handed over.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The transport could not be built.
    #[error("the SMTP address cannot be used: {0}")]
    Address(String),
    /// The server is down, or refuses us.
    #[error("the SMTP server is unavailable: {0}")]
    Unavailable(String),
}

/// The SMTP server, if one is configured. Cheap to clone.
#[derive(Clone)]
pub struct Mail {
    transport: Option<AsyncSmtpTransport<Tokio1Executor>>,
}

impl Mail {
    /// A transport that connects when it is first used.
    ///
    /// # Errors
    /// [`MailError::Address`] when the address cannot be used.
    pub fn new(config: &MailConfig) -> Result<Self, MailError> {
        let transport = config.url.as_ref().map(|url| {
            let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str());
            // The error may quote the address, which may hold a password.
            let builder = builder.map_err(|_| MailError::Address("it is not of the form smtp://host:port".into()))?;
            Ok(builder.timeout(Some(Duration::from_secs(10))).build())
        });
        Ok(Self { transport: transport.transpose()? })
    }

    /// Whether an address is configured.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.transport.is_some()
    }

    /// Connects, greets and says goodbye.
    ///
    /// # Errors
    /// [`MailError::Unavailable`] when the server does not answer.
    pub async fn ping(&self) -> Result<(), MailError> {
        let Some(transport) = &self.transport else { return Ok(()) };
        match transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(MailError::Unavailable("it did not answer NOOP".into())),
            Err(error) => Err(MailError::Unavailable(error.to_string())),
        }
    }
}
