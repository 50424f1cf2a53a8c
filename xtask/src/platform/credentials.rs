//! The administrator and the API key of a local platform: made once, remembered, made again for an emptied database.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{Programs, run_api};
use crate::environment::Variables;
use crate::http::{self, Sending};
use crate::progress;
use crate::services::Context;

pub const ADMIN_EMAIL: &str = "admin@gotong.localhost";

/// Returns a key that the API accepts.
pub fn ensure(context: &Context, programs: &Programs, variables: &Variables, url: &str) -> Result<String> {
    if let Some(key) = context.remembered.known_secret("api_key")
        && is_accepted(url, &key)?
    {
        return Ok(key);
    }
    match create(context, programs, variables, &["create-admin", "--email", ADMIN_EMAIL], "password") {
        Ok(password) => context.remembered.set_secret("admin_password", &password)?,
        // A database that is not ours may know the administrator already; the key is what matters.
        Err(error) => progress::warn("administrator", format_args!("not created: {error:#}")),
    }
    let key = create(context, programs, variables, &["create-key", "--name", "local", "--role", "admin"], "key")?;
    context.remembered.set_secret("api_key", &key)?;
    progress::step("credentials", "created an administrator and an API key");
    Ok(key)
}

fn is_accepted(url: &str, key: &str) -> Result<bool> {
    let bearer = format!("Bearer {key}");
    let sending = Sending { headers: &[("Authorization", &bearer)], body: &[] };
    let answer = http::request("GET", &format!("{url}/api/v1/media?per_page=1"), &sending, Duration::from_secs(10))?;
    Ok(answer.status != 401)
}

/// Runs a command that prints one line of JSON and returns one field of it.
fn create(context: &Context, programs: &Programs, variables: &Variables, args: &[&str], field: &str) -> Result<String> {
    let line = run_api(context, programs, variables, args)?;
    let value: Value = serde_json::from_str(&line).with_context(|| format!("{} printed no JSON", args[0]))?;
    let text = value.get(field).and_then(Value::as_str);
    Ok(text.with_context(|| format!("{} printed no {field}", args[0]))?.to_owned())
}
