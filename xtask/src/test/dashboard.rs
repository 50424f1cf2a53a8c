//! The tests that `dashboard/package.json` declares: `test`, and `test:browser` against a running platform.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::tally::Tally;
use crate::environment::Variables;
use crate::{dashboard, progress};

/// Runs `test`.
pub fn run(root: &Path, variables: &Variables, tally: &mut Tally) -> Result<()> {
    script(root, "test", variables, tally)
}

/// Runs `test:browser`; `variables` name the platform and the browser.
pub fn run_in_browser(root: &Path, variables: &Variables, tally: &mut Tally) -> Result<()> {
    script(root, "test:browser", variables, tally)
}

fn script(root: &Path, script: &str, variables: &Variables, tally: &mut Tally) -> Result<()> {
    if !dashboard::has_script(root, script) {
        return Ok(());
    }
    let folder = root.join("dashboard");
    dashboard::install_packages(&folder)?;
    progress::note(format_args!("Dashboard: npm run {script}"));
    let mut npm = Command::new("npm");
    npm.args(["run", "--silent", script]).current_dir(&folder).envs(variables).env("NO_COLOR", "1");
    tally.run(&format!("dashboard {script}"), &mut npm)
}
