//! Backups of a local platform: a key pair of its own, made once, and where the programs that dump and restore are.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::Programs;
use crate::environment::Variables;
use crate::progress;
use crate::remembered::write_private;
use crate::services::Context;

/// The file with the key that reads the backups of this checkout.
pub fn identity_file(context: &Context) -> PathBuf {
    context.checkout.state().join("backup-identity.txt")
}

/// Adds what backups need, unless the settings say it.
pub fn configure(context: &Context, programs: &Programs, variables: &mut Variables) -> Result<()> {
    let mut add = |name: &str, value: String| {
        let entry = variables.entry(name.to_owned()).or_default();
        if entry.is_empty() {
            *entry = value;
        }
    };
    add("GOTONG_BACKUP_POSTGRES_BIN", context.tools.postgres()?.bin.display().to_string());
    if context.settings.get("GOTONG_BACKUP_RECIPIENTS").is_some() {
        return Ok(());
    }
    add("GOTONG_BACKUP_RECIPIENTS", recipient(context, programs)?);
    add("GOTONG_BACKUP_IDENTITY_FILE", identity_file(context).display().to_string());
    if context.settings.get("GOTONG_BACKUP_MEDIA_BUCKET").is_none() {
        add("GOTONG_BACKUP_MEDIA_PREFIX", "media-copy/".to_owned());
    }
    Ok(())
}

/// The public key; the pair is made at the first use.
fn recipient(context: &Context, programs: &Programs) -> Result<String> {
    let file = identity_file(context);
    if let Some(known) = context.remembered.fact("backup_recipient")
        && file.is_file()
    {
        return Ok(known);
    }
    if file.exists() {
        // Backups may have been made for it.
        bail!("{} is there, but not the public key that goes with it; move it away to get a new pair", file.display());
    }
    let output = Command::new(programs.get("gotong-worker")?).arg("create-backup-key").output();
    let output = output.context("cannot run gotong-worker")?;
    let pair: Value = serde_json::from_slice(&output.stdout).context("create-backup-key printed no JSON")?;
    let field = |name: &str| pair.get(name).and_then(Value::as_str).with_context(|| format!("there is no {name}"));
    let (identity, recipient) = (field("identity")?, field("recipient")?.to_owned());
    write_private(&file, format!("# public key: {recipient}\n{identity}\n").as_bytes())?;
    context.remembered.set_fact("backup_recipient", &recipient)?;
    progress::step("backups", format_args!("made a key pair; {} reads them", file.display()));
    Ok(recipient)
}
