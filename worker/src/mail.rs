//! Sends e-mails: one transaction with the server per domain, an answer of its own for each recipient.
//!
//! - [`delivery`]: one message to a group of recipients, step by step.
//! - [`rows`]: the e-mail and its recipients in the ledger; the guard against sending twice.
//! - [`message`], [`dkim`]: the bytes of a message, the same for every attempt, and their signature.
//! - [`connection`], [`pool`]: connections to the server.
//! - [`transaction`], [`reply`]: what is said to the server, and what its answers mean.
//! - [`pace`]: domains whose servers asked us to slow down.

pub mod connection;
pub mod delivery;
pub mod dkim;
pub mod message;
pub mod pace;
pub mod pool;
pub mod reply;
pub mod rows;
pub mod transaction;

use connection::Server;
use dkim::Signer;
use gotong_shared::config::MailConfig;
use pool::Pool;
use std::{path::PathBuf, sync::Arc};
use tokio::sync::Semaphore;

/// Why mail cannot be handed over at all.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// The address of the server cannot be used.
    #[error("GOTONG_SMTP_URL: {0}")]
    Address(String),
    /// The key cannot be used. What it is, is not told.
    #[error("GOTONG_DKIM_KEY_FILE: {0}")]
    Key(String),
}

/// Where messages are handed over, and how they are signed. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    /// Where to.
    pub target: Target,
    /// Signs messages, if there is a key.
    pub signer: Option<Arc<Signer>>,
    /// Places for messages with attachments: each is held in memory several times over.
    pub heavy: Arc<Semaphore>,
}

/// How many messages with attachments one worker handles at once.
const HEAVY: usize = 4;

/// Where messages go.
#[derive(Clone)]
pub enum Target {
    /// Mail is not configured.
    Nowhere,
    /// Each message becomes a file, for development without a server.
    Folder(PathBuf),
    /// A mail server.
    Server(Pool),
}

impl Mailer {
    /// One that hands nothing over.
    #[must_use]
    pub fn nowhere() -> Self {
        Self { target: Target::Nowhere, signer: None, heavy: Arc::new(Semaphore::new(HEAVY)) }
    }

    /// Connects to nothing yet.
    ///
    /// # Errors
    /// When the address or the key can never work.
    pub fn new(config: &MailConfig) -> Result<Self, MailerError> {
        let target = match &config.url {
            None => Target::Nowhere,
            Some(url) if url.scheme() == "file" => {
                Target::Folder(url.to_file_path().map_err(|()| MailerError::Address("it names no folder".into()))?)
            }
            Some(url) => Target::Server(Pool::new(Server::of(url)?, config.connections)),
        };
        let signer = config.dkim.as_ref().map(Signer::new).transpose()?.map(Arc::new);
        Ok(Self { target, signer, heavy: Arc::new(Semaphore::new(HEAVY)) })
    }
}
