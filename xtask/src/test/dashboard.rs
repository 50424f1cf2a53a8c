//! The tests that `dashboard/package.json` declares: `test`, and `test:browser` where there is a browser.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::tally::Tally;
use crate::environment::Variables;
use crate::progress;

pub fn has_script(root: &Path, script: &str) -> bool {
    let Ok(bytes) = fs::read(root.join("dashboard/package.json")) else { return false };
    let package: Option<serde_json::Value> = serde_json::from_slice(&bytes).ok();
    package.is_some_and(|package| package["scripts"].get(script).is_some())
}

pub fn run(root: &Path, variables: &Variables, tally: &mut Tally) -> Result<()> {
    let has_browser = variables.contains_key("GOTONG_TEST_BROWSER");
    for (script, allowed) in [("test", true), ("test:browser", has_browser)] {
        if !allowed || !has_script(root, script) {
            continue;
        }
        let folder = root.join("dashboard");
        super::install_packages(&folder)?;
        progress::note(format_args!("Dashboard: npm run {script}"));
        let mut npm = Command::new("npm");
        npm.args(["run", "--silent", script]).current_dir(&folder).envs(variables).env("NO_COLOR", "1");
        tally.run(&format!("dashboard {script}"), &mut npm)?;
    }
    Ok(())
}
