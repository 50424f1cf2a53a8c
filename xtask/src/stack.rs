//! Starting, watching and stopping everything together.

use std::fs::{self, File, TryLockError};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::checkout::Checkout;
use crate::environment::{self, Platform};
use crate::platform::{self, Programs, sample, screen};
use crate::process::{Process, log_end};
use crate::services::{self, Addresses, Choice, Context, postgres};
use crate::{interrupt, progress};

/// What to start.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub detach: bool,
    pub workers: Option<u16>,
    pub only_services: bool,
    pub release: bool,
}

pub fn up(options: &Options) -> Result<()> {
    let checkout = Checkout::find()?;
    let before: Vec<i32> = live(&checkout).iter().map(|process| process.pid).collect();
    if let Err(error) = start_all(&checkout, options) {
        let fresh: Vec<Process> =
            live(&checkout).into_iter().filter(|process| !before.contains(&process.pid)).collect();
        if !fresh.is_empty() {
            progress::note("Stopping what this run has started.");
            stop(&checkout, fresh)?;
        }
        return Err(error);
    }
    let started_some = live(&checkout).iter().any(|process| !before.contains(&process.pid));
    if options.detach || !started_some {
        return Ok(());
    }
    watch(&checkout)
}

fn start_all(checkout: &Checkout, options: &Options) -> Result<()> {
    checkout.create_folders()?;
    let _lock = lock(checkout)?;
    let context = Context::open(checkout.clone())?;
    progress::note("Services");
    let addresses: Addresses = services::ensure(&context, Choice::AsConfigured)?;
    if options.only_services {
        if Process::running(checkout, "api").is_none() {
            environment::write_env_file(&context, &addresses, &Platform::default())?;
        }
        screen::print(&context, &addresses, None);
        return Ok(());
    }
    progress::note("Build");
    let programs = Programs::build(checkout.root(), options.release)?;
    progress::note("Platform");
    let platform = platform::ensure(&context, &addresses, &programs, options.workers)?;
    environment::write_env_file(&context, &addresses, &platform)?;
    context.remembered.set_fact("url", &platform.url)?;
    sample::ensure(&context, &platform)?;
    screen::print(&context, &addresses, Some(&platform));
    Ok(())
}

/// Two commands that start and stop things at the same time would confuse each other.
pub fn lock(checkout: &Checkout) -> Result<File> {
    let path = checkout.state().join("lock");
    let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => progress::note("Waiting for another `cargo xtask` in this checkout …"),
        Err(TryLockError::Error(error)) => return Err(error).context("cannot lock the state folder"),
    }
    file.lock()?;
    Ok(file)
}

fn live(checkout: &Checkout) -> Vec<Process> {
    Process::all(checkout).into_iter().filter(Process::is_alive).collect()
}

pub fn down() -> Result<()> {
    let checkout = Checkout::find()?;
    if !checkout.state().is_dir() {
        progress::note("Nothing runs.");
        return Ok(());
    }
    let _lock = lock(&checkout)?;
    stop(&checkout, Process::all(&checkout))
}

/// Scheduler, workers, API, then the services.
pub fn stopping_order(name: &str) -> usize {
    match name {
        "scheduler" => 0,
        "api" => 2,
        name if name.starts_with("worker") => 1,
        name => 3 + services::NAMES.iter().position(|known| *known == name).unwrap_or_default(),
    }
}

pub fn stop(checkout: &Checkout, mut processes: Vec<Process>) -> Result<()> {
    processes.sort_by_key(|process| stopping_order(&process.name));
    if processes.iter().all(|process| !process.is_alive()) {
        progress::note("Nothing runs.");
    }
    for process in &processes {
        if !process.is_alive() {
            process.forget(checkout);
            continue;
        }
        let killed = process.stop(checkout)?;
        progress::step(&process.name, if killed { "killed, for it did not end by itself" } else { "stopped" });
    }
    // The system's first process collects what has ended in its own time; until then it is still listed.
    crate::process::wait_until(Duration::from_secs(3), || processes.iter().all(|process| !process.is_listed()));
    Ok(())
}

/// Reports every process that ends, until Ctrl-C; then stops all in order.
fn watch(checkout: &Checkout) -> Result<()> {
    progress::note("Running; Ctrl-C stops everything.");
    let mut reported: Vec<i32> = Vec::new();
    loop {
        let processes = Process::all(checkout);
        if processes.is_empty() {
            progress::note("Stopped by another command.");
            return Ok(());
        }
        for process in processes {
            // A process that was stopped on purpose is forgotten just after its end.
            if process.is_alive() || reported.contains(&process.pid) || !still_recorded(checkout, &process) {
                continue;
            }
            reported.push(process.pid);
            let log = checkout.log(&process.name);
            progress::warn(
                &process.name,
                format_args!("has ended. The end of {}:\n{}", log.display(), log_end(&log, 20)),
            );
            progress::note("`cargo xtask up` in another terminal starts it again.");
        }
        if crate::process::wait_until(Duration::from_secs(1), interrupt::requested) {
            break;
        }
    }
    interrupt::clear();
    progress::note("\nStopping");
    let _lock = lock(checkout)?;
    stop(checkout, Process::all(checkout))
}

fn still_recorded(checkout: &Checkout, process: &Process) -> bool {
    crate::process::wait_until(Duration::from_millis(200), interrupt::requested);
    Process::recorded(checkout, &process.name).is_some_and(|recorded| recorded.pid == process.pid)
}

/// Stops everything and deletes all that this checkout's servers have stored.
pub fn reset(without_asking: bool) -> Result<()> {
    let checkout = Checkout::find()?;
    let outside = postgres::outside_folder(&checkout.fingerprint());
    let folders: Vec<PathBuf> = [checkout.state(), outside].into_iter().filter(|folder| folder.exists()).collect();
    if folders.is_empty() {
        progress::note("There is nothing to delete.");
        return Ok(());
    }
    let names: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    if !without_asking && !confirm(&format!("Stop everything and delete {}?", names.join(" and ")))? {
        progress::note("Nothing was changed.");
        return Ok(());
    }
    let _lock = if checkout.state().is_dir() { Some(lock(&checkout)?) } else { None };
    stop(&checkout, Process::all(&checkout))?;
    for folder in folders {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot delete {}", folder.display()))?;
        progress::note(format_args!("Deleted {}.", folder.display()));
    }
    Ok(())
}

fn confirm(question: &str) -> Result<bool> {
    use std::io::{IsTerminal as _, Write as _};
    if !std::io::stdin().is_terminal() {
        bail!("{question} Nobody can be asked here; --yes says yes");
    }
    print!("{question} [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
