//! Epochs: under which name, and for which run of the server, ledger and Redis agree.

use crate::client::{Client, unbuilt};
use crate::error::Result;
use crate::name::QueueName;

/// The epoch of a queue as Redis has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochView {
    /// Its name; `None` if the key is missing.
    pub name: Option<String>,
    /// For which run of the server it is open; `None` while closed.
    pub open_for: Option<String>,
    /// The run of the server that answered.
    pub run_id: String,
}

impl EpochView {
    /// Whether workers may fetch.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.name.is_some() && self.open_for.as_ref() == Some(&self.run_id)
    }
}

impl Client {
    /// Reads the epoch.
    ///
    /// # Errors
    /// As any command.
    pub async fn epoch(&self, _queue: &QueueName) -> Result<EpochView> {
        unbuilt()
    }

    /// Sets the epoch if Redis still has `expected_current`; `false` if not. `open_for: None` closes it.
    ///
    /// # Errors
    /// As any command.
    pub async fn set_epoch(
        &self,
        _queue: &QueueName,
        _name: &str,
        _open_for: Option<&str>,
        _expected_current: Option<&str>,
    ) -> Result<bool> {
        unbuilt()
    }

    /// Opens the epoch for a run of the server if it still has this name; `false` if not.
    ///
    /// # Errors
    /// As any command.
    pub async fn open_epoch(&self, _queue: &QueueName, _name: &str, _run_id: &str) -> Result<bool> {
        unbuilt()
    }
}
