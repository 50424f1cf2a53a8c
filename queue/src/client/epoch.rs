//! Epochs: under which name, and for which run of the server, ledger and Redis agree.

use crate::client::Client;
use crate::error::{Error, Result};
use crate::name::QueueName;
use crate::{reply, script};

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
    pub async fn epoch(&self, queue: &QueueName) -> Result<EpochView> {
        let live = self.link().live().await?;
        let mut get = redis::cmd("HMGET");
        get.arg(self.keys(queue).meta()).arg("e").arg("o");
        let answer = self.link().command_on(&live, &get).await?;
        let (name, open_for) =
            redis::from_redis_value(answer).map_err(|_| Error::Corrupt("an epoch that is no text"))?;
        Ok(EpochView { name, open_for, run_id: live.server.run_id.clone() })
    }

    /// Sets the epoch if Redis still has `expected_current`; `false` if not. `open_for: None` closes it.
    ///
    /// # Errors
    /// As any command.
    pub async fn set_epoch(
        &self,
        queue: &QueueName,
        name: &str,
        open_for: Option<&str>,
        expected_current: Option<&str>,
    ) -> Result<bool> {
        if name.is_empty() || name.len() > 64 {
            return Err(Error::invalid("epoch", "its name must be 1 to 64 bytes"));
        }
        let mut call = self.call(&script::GATE, queue);
        call.arg("set").arg(expected_current.unwrap_or_default());
        call.arg(name).arg(open_for.unwrap_or_default());
        Ok(reply::number(&self.run(&call).await?)? == 1)
    }

    /// Opens the epoch for a run of the server if it still has this name; `false` if not.
    ///
    /// # Errors
    /// As any command.
    pub async fn open_epoch(&self, queue: &QueueName, name: &str, run_id: &str) -> Result<bool> {
        let mut call = self.call(&script::GATE, queue);
        call.arg("open").arg(name).arg(run_id);
        Ok(reply::number(&self.run(&call).await?)? == 1)
    }
}
