//! What an operator may ask of the program beside running the loops.

use crate::{
    Resources, Settings, StartError,
    doctor::{self, Mode, Report},
    queues,
    runner::PassError,
};

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It could not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// PostgreSQL or Redis did not answer.
    #[error("the doctor broke off: {0}")]
    Pass(#[from] PassError),
}

/// `gotong-scheduler doctor`: compares ledger and Redis once, whole.
///
/// # Errors
/// When a server does not answer.
pub async fn doctor(settings: &Settings, mode: Mode) -> Result<Report, CommandError> {
    let resources = Resources::open(settings).await?;
    let report = doctor::examine(&resources, &queues(), mode).await?;
    doctor::keep_repairs(&resources, &report).await?;
    Ok(report)
}
