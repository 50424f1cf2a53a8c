//! Redis or Valkey, with the settings that a queue needs: every write goes to the append-only file, and nothing is evicted.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::Context;
use crate::http;
use crate::process::Spec;

const NAME: &str = "redis";
const START_LIMIT: Duration = Duration::from_mins(1);

pub fn ensure(context: &Context) -> Result<String> {
    let known = context.remembered.known_port(NAME);
    if let Some(port) = known
        && super::already_running(context, NAME, START_LIMIT, || is_ready(port))?
    {
        return Ok(url(port));
    }
    let program = context.tools.redis()?;
    let port = context.port(NAME)?;
    // An older program, or Redis after Valkey, cannot read the files of the other; the ledger refills an empty one.
    let data = context.checkout.data(&program.format);
    std::fs::create_dir_all(&data)?;
    let spec = spec(&program.path, &data, port);
    super::start(context, NAME, &program.description, &spec, START_LIMIT, || is_ready(port))?;
    Ok(url(port))
}

pub fn url(port: u16) -> String {
    format!("redis://127.0.0.1:{port}/0")
}

pub fn spec(program: &Path, data: &Path, port: u16) -> Spec {
    Spec::new(program, data).args(["--bind", "127.0.0.1", "--port", &port.to_string()]).arg("--dir").arg(data).args([
        "--appendonly",
        "yes",
        "--appendfsync",
        "everysec",
        "--maxmemory-policy",
        "noeviction",
    ])
}

/// Whether it answers a PING; while it still loads its data it does not.
pub fn is_ready(port: u16) -> bool {
    let ping = || -> Result<bool> {
        let mut stream = http::connect(&format!("127.0.0.1:{port}"), Duration::from_secs(1))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(&answer == b"+PONG")
    };
    ping().unwrap_or(false)
}
