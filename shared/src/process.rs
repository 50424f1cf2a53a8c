//! What every program of ours begins and ends with.

use crate::{
    config::ProcessConfig,
    telemetry::{self, FilterError},
};
use std::io;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Chooses between the two TLS providers that are linked; rustls panics where nobody does.
pub fn choose_tls() {
    // A second call, as tests in one process make it, keeps the first choice.
    _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Starts the log and chooses the TLS provider. To be called once, first of all.
///
/// # Errors
/// When the log filter cannot be read.
pub fn begin(config: &ProcessConfig) -> Result<(), FilterError> {
    telemetry::init(config)?;
    choose_tls();
    Ok(())
}

/// Cancelled by the first SIGTERM or SIGINT.
///
/// # Errors
/// When a signal cannot be watched.
pub fn stop_on_signal() -> io::Result<CancellationToken> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    let signalled = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        signalled.cancel();
    });
    Ok(stop)
}
