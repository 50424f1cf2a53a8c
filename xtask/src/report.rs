//! What runs and what it said: `status` and `logs`.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::checkout::Checkout;
use crate::process::{Process, log_end};
use crate::services::Context;
use crate::{interrupt, platform, stack};

/// Prints a line per process; true if there are some and all are well.
pub fn status() -> Result<bool> {
    let checkout = Checkout::find()?;
    let mut processes = Process::all(&checkout);
    if processes.is_empty() {
        println!("Nothing runs; `cargo xtask up` starts it.");
        return Ok(false);
    }
    let context = Context::open(checkout)?;
    processes.sort_by_key(|process| std::cmp::Reverse(stack::stopping_order(&process.name)));
    let mut all_well = true;
    for process in &processes {
        let alive = process.is_alive();
        let ready = if alive { platform::readiness(&context, &process.name) } else { None };
        let state = match (alive, ready) {
            (false, _) => "has ended",
            (true, Some(false)) => "runs, but is not ready",
            (true, _) => "runs",
        };
        all_well &= alive && ready != Some(false);
        println!("{:<14} {:<8} {state}", process.name, process.pid);
    }
    if let Some(url) = context.remembered.fact("url").filter(|_| Process::running(&context.checkout, "api").is_some()) {
        println!("\n{url}, more in {}", context.checkout.env_file().display());
    }
    Ok(all_well)
}

const LINES: usize = 60;

/// Prints the end of a log, or of all; with `follow` whatever is added, until Ctrl-C.
pub fn logs(name: Option<&str>, follow: bool) -> Result<()> {
    let checkout = Checkout::find()?;
    let mut known: Vec<String> = fs::read_dir(checkout.state().join("logs"))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".log")?.to_owned()))
        .collect();
    known.sort();
    let chosen: Vec<&String> = known
        .iter()
        .filter(|log| name.is_none_or(|name| log.as_str() == name || log.starts_with(&format!("{name}-"))))
        .collect();
    if chosen.is_empty() {
        match name {
            Some(name) if !known.is_empty() => bail!("there is no log of {name}; there are: {}", known.join(", ")),
            _ => bail!("there are no logs yet; `cargo xtask up` starts what writes them"),
        }
    }
    let lines = if chosen.len() == 1 { LINES } else { LINES / 6 };
    let mut sources = Vec::new();
    for log in chosen {
        let path = checkout.log(log);
        let mut file = File::open(&path)?;
        if known.len() > 1 {
            println!("== {log} ({})", path.display());
        }
        println!("{}", log_end(&path, lines));
        file.seek(SeekFrom::End(0))?;
        sources.push((log, file));
    }
    while follow && !interrupt::requested() {
        for (log, file) in &mut sources {
            print_new(log, file)?;
        }
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

fn print_new(log: &str, file: &mut File) -> Result<()> {
    // A log that was moved away or cut begins anew.
    if file.metadata()?.len() < file.stream_position()? {
        file.rewind()?;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let mut out = std::io::stdout().lock();
    for line in String::from_utf8_lossy(&bytes).lines() {
        writeln!(out, "{log:<14} {line}")?;
    }
    Ok(())
}
