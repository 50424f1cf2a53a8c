//! `cargo xtask screenshots`: pictures of every screen of the dashboard, on a platform of their own.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::checkout::Checkout;
use crate::platform::Programs;
use crate::services::{self, Choice, Context};
use crate::test::{browser, platform::TestPlatform};
use crate::{dashboard, progress, psql, stack};

/// Takes them into `docs/dashboard/`, in place of those that are there.
///
/// # Errors
///
/// If a part does not start, or a screen does not show what it should.
pub fn run() -> Result<bool> {
    let checkout = Checkout::find()?;
    checkout.create_folders()?;
    let context = Context::open(checkout.clone())?;
    let addresses = {
        let _lock = stack::lock(&checkout)?;
        services::ensure(&context, Choice::LocalOnly)?
    };
    let Some(browser) = browser::installed()? else { bail!("the pictures need chromium: {}", browser::INSTALL) };
    let programs = Programs::build(checkout.root(), false)?;
    let platform = TestPlatform::start(&context, &addresses, &programs)?;
    let history = fs::read_to_string(checkout.root().join("dashboard/e2e/history.sql"))?;
    psql::ask(&context.tools.postgres()?, &platform.environment["GOTONG_DATABASE_URL"], &history)?;
    let folder = checkout.root().join("dashboard");
    dashboard::install_packages(&folder)?;
    progress::note("Pictures");
    let mut npm = Command::new("npm");
    npm.args(["run", "--silent", "screenshots", "--"]).arg(checkout.root().join("docs/dashboard"));
    npm.current_dir(folder).envs(&platform.variables).env("GOTONG_TEST_BROWSER", browser);
    Ok(npm.status().context("cannot run npm")?.success())
}
