//! E-mail: what an address is, what a recipient's outcome can be, the templates, and the server's health.
//!
//! Messages are sent by the worker. What is here is what the API must know too, so that it refuses what could not be
//! sent.

mod address;
pub mod delivery_status;
mod states;
mod status;
pub mod suppression;
pub mod template;
pub mod unsubscribe;

pub use address::{AddressError, RecipientAddress, check_header};
pub use states::{RecipientField, RecipientState, SuppressionReason};
pub use status::EnhancedStatus;

use crate::config::MailConfig;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use std::{path::PathBuf, time::Duration};

/// The most recipients of one e-mail: to, cc and bcc together.
pub const RECIPIENTS: usize = 50;
/// The longest subject, in characters.
pub const SUBJECT: usize = 255;
/// The longest text, and the longest HTML, in bytes.
pub const BODY: usize = 400_000;
/// The most files that go with one e-mail.
pub const ATTACHMENTS: usize = 10;
/// How large they may be together, in bytes.
pub const ATTACHED: u64 = 10_000_000;

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

/// What stands behind the address of the mail server, as far as its health is concerned. Cheap to clone.
#[derive(Clone)]
pub struct Mail {
    target: Target,
}

#[derive(Clone)]
enum Target {
    None,
    Server(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
}

impl Mail {
    /// A transport that connects when it is first used.
    ///
    /// # Errors
    /// [`MailError::Address`] when the address cannot be used.
    pub fn new(config: &MailConfig) -> Result<Self, MailError> {
        let target = match &config.url {
            None => Target::None,
            Some(url) if url.scheme() == "file" => {
                Target::Folder(url.to_file_path().map_err(|()| MailError::Address("it names no folder".into()))?)
            }
            Some(url) => {
                let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str());
                // The error may quote the address, which may hold a password.
                let builder =
                    builder.map_err(|_| MailError::Address("it is not of the form smtp://host:port".into()))?;
                Target::Server(builder.timeout(Some(Duration::from_secs(10))).build())
            }
        };
        Ok(Self { target })
    }

    /// Whether an address is configured.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !matches!(self.target, Target::None)
    }

    /// Connects, greets and says goodbye; or looks for the folder.
    ///
    /// # Errors
    /// [`MailError::Unavailable`] when the server does not answer, or the folder is not there.
    pub async fn ping(&self) -> Result<(), MailError> {
        match &self.target {
            Target::None => Ok(()),
            Target::Folder(folder) => match tokio::fs::metadata(folder).await {
                Ok(found) if found.is_dir() => Ok(()),
                _ => Err(MailError::Unavailable("its folder is not there".into())),
            },
            Target::Server(transport) => match transport.test_connection().await {
                Ok(true) => Ok(()),
                Ok(false) => Err(MailError::Unavailable("it did not answer NOOP".into())),
                Err(error) => Err(MailError::Unavailable(error.to_string())),
            },
        }
    }
}
