//! `cargo xtask bench`: measurements beside peers.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::checkout::Checkout;

/// Measures the queue engine beside the peers of a kit; see bench/README.md.
///
/// # Errors
///
/// If the script cannot be run.
pub fn queue(kit: &Path, configs: Option<&str>) -> Result<bool> {
    let checkout = Checkout::find()?;
    let script = checkout.root().join("bench/queue/beside-peers.sh");
    let mut command = Command::new("bash");
    command.arg(script).arg(kit).args(configs);
    Ok(command.status().context("bash cannot be run")?.success())
}
