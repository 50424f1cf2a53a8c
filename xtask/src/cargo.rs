//! Building with cargo, its progress passed through.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::interrupt;

/// The cargo that runs this program, else the one on `PATH`; without the variables that `cargo run` sets for its child,
/// which would make the inner cargo believe that things have changed.
pub fn command(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_BIN_NAME" {
            command.env_remove(&name);
        }
    }
    command
}

/// Builds packages and returns the executable of each binary by name.
pub fn build(root: &Path, packages: &[&str], release: bool) -> Result<BTreeMap<String, PathBuf>> {
    let mut cargo = command(root);
    cargo.args(["build", "--bins", "--message-format=json-render-diagnostics"]);
    cargo.args(packages.iter().flat_map(|package| ["--package", package]));
    if release {
        cargo.arg("--release");
    }
    let mut child = cargo.stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
    let output = child.stdout.take().context("cargo has an output")?;
    let mut executables = BTreeMap::new();
    for line in BufReader::new(output).lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(&line?) else { continue };
        let name = message.pointer("/target/name").and_then(serde_json::Value::as_str);
        let file = message.get("executable").and_then(serde_json::Value::as_str);
        if let Some((name, file)) = name.zip(file) {
            executables.insert(name.to_owned(), PathBuf::from(file));
        }
    }
    let status = child.wait()?;
    interrupt::check()?;
    if !status.success() {
        bail!("the build failed; the messages are above");
    }
    Ok(executables)
}
