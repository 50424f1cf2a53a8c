//! `cargo xtask bench`: measurements, the queue's beside peers.

pub mod backup;
pub mod dashboard;
pub mod scheduler;

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::checkout::Checkout;
use crate::platform::Programs;
use crate::services::{self, Choice, Context};
use crate::test::platform::TestPlatform;
use crate::{cargo, stack};

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

/// Measures the API, or another part that needs a platform of its own: a database, a key, an API and a scheduler, all
/// built with optimisations, on the local services.
///
/// # Errors
///
/// If something of it cannot be built or started.
pub fn platform(arguments: &[&str]) -> Result<bool> {
    let checkout = Checkout::find()?;
    checkout.create_folders()?;
    let context = Context::open(checkout.clone())?;
    let addresses = {
        let _lock = stack::lock(&checkout)?;
        services::ensure(&context, Choice::LocalOnly)?
    };
    let programs = Programs::build(checkout.root(), true)?;
    let bench = cargo::build(checkout.root(), &["gotong-bench"], true)?;
    let bench = bench.get("gotong-bench").context("the build made no gotong-bench")?;
    let postgres = context.tools.postgres()?;
    let platform = TestPlatform::start_with(&context, &addresses, &programs, &["gotong-scheduler"])?;
    let mut command = Command::new(bench);
    command.args(arguments).envs(postgres.env()).envs(&platform.environment);
    command.env("GOTONG_BENCH_PGBENCH", postgres.bin.join("pgbench"));
    command.env("GOTONG_BENCH_KEY", &platform.variables["GOTONG_API_KEY"]);
    command.env("GOTONG_BENCH_API", platform.variables["GOTONG_URL"].trim_start_matches("http://"));
    Ok(command.status().context("gotong-bench cannot be run")?.success())
}
