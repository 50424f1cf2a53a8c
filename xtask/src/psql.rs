//! Statements for a local PostgreSQL.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::tools::PostgresTools;

/// Runs statements on the database of that address; the last line of what is answered.
pub fn ask(tools: &PostgresTools, database: &str, statements: &str) -> Result<String> {
    let mut psql = Command::new(tools.bin.join("psql"));
    psql.envs(tools.env()).args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database]);
    let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    child.stdin.take().context("psql reads")?.write_all(statements.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().last().unwrap_or_default().trim().to_owned())
}
