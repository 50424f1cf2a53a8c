//! The dashboard's packages and its build, which the API embeds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest, Sha256};

use crate::fetch::{run_client, sha256};
use crate::progress;
use crate::tools::find_on_path;

const NODE: &str = "Node 20 or newer with npm";

/// Builds `dashboard/dist` if its sources have changed. Without Node the API is built without a dashboard.
pub fn build(root: &Path) -> Result<()> {
    if !has_script(root, "build") {
        return Ok(());
    }
    if find_on_path("npm").is_none() {
        progress::warn("dashboard", format_args!("left out: npm is missing. Install {NODE}"));
        return Ok(());
    }
    let folder = root.join("dashboard");
    let mark = folder.join("node_modules/.built-from");
    let wanted = sources(root)?;
    let is_built = folder.join("dist/index.html").is_file();
    if is_built && fs::read_to_string(&mark).is_ok_and(|built| built == wanted) {
        return Ok(());
    }
    install_packages(&folder)?;
    let mut npm = Command::new("npm");
    npm.args(["run", "--silent", "build"]).current_dir(&folder).env("NO_COLOR", "1");
    let output = progress::while_running("dashboard", "building", || npm.output()).context("cannot run npm")?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("the dashboard does not build:\n{}", String::from_utf8_lossy(&said).trim());
    }
    // The build may write types of its own among the sources.
    Ok(fs::write(mark, sources(root)?)?)
}

pub fn has_script(root: &Path, script: &str) -> bool {
    let Ok(bytes) = fs::read(root.join("dashboard/package.json")) else { return false };
    let package: Option<serde_json::Value> = serde_json::from_slice(&bytes).ok();
    package.is_some_and(|package| package["scripts"].get(script).is_some())
}

/// Names the content of everything that goes into the build.
fn sources(root: &Path) -> Result<String> {
    let mut files = vec![root.join("openapi.yaml")];
    collect(&root.join("dashboard"), &mut files)?;
    files.sort();
    let mut hash = Sha256::new();
    for file in files.iter().filter(|file| file.is_file()) {
        hash.update(file.as_os_str().as_encoded_bytes());
        hash.update(sha256(file)?);
    }
    Ok(hex::encode(hash.finalize()))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if ["node_modules", "dist", "e2e"].contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Installs what a `package-lock.json` names, when that has changed since the last time.
pub fn install_packages(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    let wanted = sha256(&lock)?;
    let mark = folder.join("node_modules/.installed-from");
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder);
    let what = format!("installing the packages of {}", folder.display());
    progress::while_running("npm", &what, || run_client(&mut npm, "npm", NODE))?;
    fs::create_dir_all(folder.join("node_modules"))?;
    Ok(fs::write(mark, wanted)?)
}
