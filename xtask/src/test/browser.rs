//! The browser for the tests of pages: Debian's chromium, installed where that is allowed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::tally::Tally;
use crate::progress;
use crate::tools::find_on_path;

/// How it is installed.
pub const INSTALL: &str = "apt-get install -y --no-install-recommends chromium";

/// The browser, if this checkout has tests that need one. As root it is installed when missing; otherwise those tests
/// are skipped visibly, except in CI, which skips nothing.
pub fn find(root: &Path, tally: &mut Tally) -> Result<Option<PathBuf>> {
    if !crate::dashboard::has_script(root, "test:browser") {
        return Ok(None);
    }
    match installed()? {
        Some(browser) => Ok(Some(browser)),
        None if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
            bail!("the browser tests need chromium: {INSTALL}")
        }
        None => {
            tally.skip(format!("the browser tests; they need chromium: sudo {INSTALL}"));
            Ok(None)
        }
    }
}

/// The browser; as root it is installed when it is missing.
pub fn installed() -> Result<Option<PathBuf>> {
    let look = || ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(find_on_path);
    let browser = look();
    if browser.is_some() || !rustix::process::geteuid().is_root() || find_on_path("apt-get").is_none() {
        return Ok(browser);
    }
    progress::while_running("browser", INSTALL, || {
        let mut apt = Command::new("apt-get");
        apt.args(["install", "-y", "--no-install-recommends", "chromium"]).env("DEBIAN_FRONTEND", "noninteractive");
        crate::fetch::run_client(&mut apt, "apt-get", "apt")
    })?;
    Ok(look())
}
