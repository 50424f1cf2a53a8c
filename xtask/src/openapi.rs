//! `openapi.yaml`, printed by the API's program and committed.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::cargo;
use crate::checkout::Checkout;

/// Writes the document, or with `check` fails if the committed one differs.
pub fn run(check: bool) -> Result<()> {
    let checkout = Checkout::find()?;
    let programs = cargo::build(checkout.root(), &["gotong-api"], false)?;
    let program = programs.get("gotong-api").context("the build made no gotong-api")?;
    let output = Command::new(program).arg("openapi").current_dir(checkout.root()).output()?;
    if !output.status.success() {
        bail!("`gotong-api openapi` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let path = checkout.root().join("openapi.yaml");
    let fresh = String::from_utf8(output.stdout).context("the document is not UTF-8")?;
    let committed = fs::read_to_string(&path).unwrap_or_default();
    if committed == fresh {
        println!("openapi.yaml is up to date");
        return Ok(());
    }
    if !check {
        fs::write(&path, fresh)?;
        println!("openapi.yaml is written");
        return Ok(());
    }
    let same = committed.lines().zip(fresh.lines()).take_while(|(old, new)| old == new).count();
    let (old, new) = (committed.lines().nth(same).unwrap_or(""), fresh.lines().nth(same).unwrap_or(""));
    bail!(
        "openapi.yaml:{}: is not what the API prints; run `cargo xtask openapi` and commit it\n  committed: {old}\n  \
         printed:   {new}",
        same + 1
    )
}
