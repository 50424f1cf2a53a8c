//! `cargo xtask model`: the protocol between ledger and queues, walked to its ends.

use anyhow::Result;

use crate::cargo;
use crate::checkout::Checkout;

/// Walks every scenario, then switches each rule off in turn; false if something broke that should hold, or held that
/// should break.
///
/// # Errors
///
/// If cargo cannot be run.
pub fn run() -> Result<bool> {
    let checkout = Checkout::find()?;
    for what in ["all", "rules"] {
        let walk = ["run", "--quiet", "--release", "--package", "gotong-model", "--", what];
        if !cargo::command(checkout.root()).args(walk).status()?.success() {
            return Ok(false);
        }
    }
    Ok(true)
}
