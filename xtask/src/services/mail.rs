//! Maildev: an SMTP server that keeps every mail, with a web inbox.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};

use super::Context;
use crate::process::Spec;
use crate::tools::{Tools, find_on_path};
use crate::{fetch, http};

const NAME: &str = "mail";
const START_LIMIT: Duration = Duration::from_mins(1);
const PACKAGE: &str = include_str!("../../maildev/package.json");
/// Names every package with its version and its sha512, which npm checks.
const LOCK: &str = include_str!("../../maildev/package-lock.json");

#[derive(Clone, Debug)]
pub struct Address {
    pub smtp_url: String,
    pub inbox_url: Option<String>,
}

pub fn ensure(context: &Context) -> Result<Address> {
    let known = context.remembered.known_port("mail").zip(context.remembered.known_port("mail-inbox"));
    if let Some((smtp, web)) = known
        && super::already_running(context, NAME, START_LIMIT, || is_ready(smtp, web))?
    {
        return Ok(address(smtp, web));
    }
    let home = install(&context.tools)?;
    let (smtp, web) = (context.port("mail")?, context.port("mail-inbox")?);
    let data = context.checkout.data(NAME);
    fs::create_dir_all(&data)?;
    let spec = Spec::new(node()?, &data)
        .arg(home.join("node_modules/maildev/bin/maildev"))
        .args(["--ip", "127.0.0.1", "--web-ip", "127.0.0.1", "--smtp", &smtp.to_string(), "--web", &web.to_string()])
        .arg("--mail-directory")
        .arg(&data)
        .arg("--silent");
    super::start(context, NAME, "maildev 2.2.1", &spec, START_LIMIT, || is_ready(smtp, web))?;
    Ok(address(smtp, web))
}

fn node() -> Result<PathBuf> {
    match find_on_path("node") {
        Some(node) => Ok(node),
        None => {
            bail!("node is missing: the local mail server runs on it. Install Node 20 or newer, or set GOTONG_SMTP_URL")
        }
    }
}

fn install(tools: &Tools) -> Result<PathBuf> {
    node()?;
    fetch::npm(tools.cache(), NAME, "maildev", PACKAGE, LOCK)
}

fn address(smtp: u16, web: u16) -> Address {
    Address { smtp_url: format!("smtp://127.0.0.1:{smtp}"), inbox_url: Some(format!("http://127.0.0.1:{web}")) }
}

fn is_ready(smtp: u16, web: u16) -> bool {
    let second = Duration::from_secs(1);
    http::connect(&format!("127.0.0.1:{smtp}"), second).is_ok()
        && http::get(&format!("http://127.0.0.1:{web}/healthz"), second).is_ok_and(|answer| answer.status == 200)
}
