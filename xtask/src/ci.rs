//! `cargo xtask ci`: every check a change has to pass, cheap ones first.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::checkout::Checkout;
use crate::{cargo, interrupt, openapi, progress, test, tidy};

/// Stops at the first check that fails.
pub fn run() -> Result<bool> {
    let checkout = Checkout::find()?;
    let root = checkout.root();
    check("format", || cargo_check(root, &["fmt", "--all", "--check"], &[]))?;
    check("tidy", || if tidy::run()? { Ok(()) } else { bail!("the rules above are broken") })?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    check("clippy", || cargo_check(root, &clippy, &[]))?;
    let doc = ["doc", "--no-deps", "--workspace"];
    check("documentation", || cargo_check(root, &doc, &[("RUSTDOCFLAGS", "-D warnings")]))?;
    check("openapi", || openapi::run(true))?;
    progress::note("== tests");
    test::run(None, false)
}

fn check(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    progress::note(format_args!("== {name}"));
    let since = Instant::now();
    let result = work();
    interrupt::check()?;
    progress::note(format_args!("== {name}: {} s", since.elapsed().as_secs()));
    result.map_err(|error| error.context(format!("{name} failed")))
}

fn cargo_check(root: &Path, args: &[&str], env: &[(&str, &str)]) -> Result<()> {
    let status = cargo::command(root).args(args).envs(env.iter().copied()).status()?;
    if !status.success() {
        bail!("`cargo {}` found something", args.join(" "));
    }
    Ok(())
}
