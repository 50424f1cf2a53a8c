//! `cargo xtask bench dashboard`: what the dashboard costs its reader while the platform works.
//!
//! On a platform of its own, built with optimisations: fills the ledger, keeps up a load of webhooks, and measures in a
//! real browser how long the first rows of each list take, and whether the memory of live tabs stays flat.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::checkout::Checkout;
use crate::platform::Programs;
use crate::services::{self, Choice, Context};
use crate::test::{browser, platform::TestPlatform};
use crate::{dashboard, progress, psql, stack};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Jobs in the ledger.
    pub rows: u64,
    /// Jobs a second.
    pub rate: u32,
    /// How long the tabs are watched.
    pub minutes: f64,
    /// How often each list is opened.
    pub rounds: u32,
}

/// Measures, prints a table, and tells whether every goal is met.
///
/// # Errors
///
/// If something of it cannot be built or started.
pub fn run(size: Size) -> Result<bool> {
    let checkout = Checkout::find()?;
    checkout.create_folders()?;
    let context = Context::open(checkout.clone())?;
    let addresses = {
        let _lock = stack::lock(&checkout)?;
        services::ensure(&context, Choice::LocalOnly)?
    };
    let Some(browser) = browser::installed()? else { bail!("this needs chromium: {}", browser::INSTALL) };
    let programs = Programs::build(checkout.root(), true)?;
    let others = ["gotong-worker", "gotong-scheduler"];
    let platform = TestPlatform::start_with(&context, &addresses, &programs, &others)?;
    let folder = checkout.root().join("dashboard");
    let fill = fs::read_to_string(folder.join("e2e/bench/fill.sql"))?.replace(":rows", &size.rows.to_string());
    progress::note(format_args!("Filling the ledger with {} jobs", size.rows));
    psql::ask(&context.tools.postgres()?, &platform.environment["GOTONG_DATABASE_URL"], &fill)?;
    dashboard::install_packages(&folder)?;
    progress::note(format_args!("Measuring under {} jobs a second", size.rate));
    let mut node = Command::new("node");
    node.arg("e2e/bench/run.js").args([size.rate.to_string(), size.minutes.to_string(), size.rounds.to_string()]);
    node.current_dir(folder).envs(&platform.variables).env("GOTONG_TEST_BROWSER", browser);
    Ok(node.status().context("node cannot be run")?.success())
}
