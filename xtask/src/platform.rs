//! Our own programs: built, given their configuration, started and asked whether they are well.

pub mod backups;
pub mod credentials;
pub mod sample;
pub mod screen;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::environment::{self, Variables};
use crate::process::{Process, Spec, wait_until};
use crate::services::{Addresses, Context, await_ready};
use crate::{cargo, dashboard, http, interrupt, ports, progress};

pub const PACKAGES: [&str; 3] = ["gotong-api", "gotong-worker", "gotong-scheduler"];
const READY_LIMIT: Duration = Duration::from_mins(1);

/// The executables by name.
#[derive(Debug)]
pub struct Programs(BTreeMap<String, PathBuf>);

impl Programs {
    pub fn build(root: &Path, release: bool) -> Result<Self> {
        dashboard::build(root)?;
        Ok(Self(cargo::build(root, &PACKAGES, release)?))
    }

    pub fn get(&self, name: &str) -> Result<&Path> {
        self.0.get(name).map(PathBuf::as_path).with_context(|| format!("the build made no program {name}"))
    }

    /// The folder they are in.
    pub fn folder(&self) -> Result<PathBuf> {
        let program = self.get("gotong-api")?;
        Ok(program.parent().context("a program lies in a folder")?.to_path_buf())
    }
}

/// Runs a command of the API's program to its end and returns what it prints; its log goes to `.gotong/logs`.
pub fn run_api(context: &Context, programs: &Programs, variables: &Variables, args: &[&str]) -> Result<String> {
    let mut command = Command::new(programs.get("gotong-api")?);
    command.args(args).envs(variables).current_dir(context.checkout.root());
    let output = command.output().context("cannot run gotong-api")?;
    let log = context.checkout.log(&format!("api-{}", args.first().unwrap_or(&"run")));
    fs::write(&log, &output.stderr)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        bail!("`gotong-api {}` failed: {said}", args.first().unwrap_or(&""));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The API's address: as configured, else on a remembered port.
fn api_listen(context: &Context) -> Result<String> {
    let Some(listen) = context.settings.get("GOTONG_API_LISTEN") else {
        let running = Process::running(&context.checkout, "api");
        let known = running.and_then(|_| context.remembered.known_port("api"));
        return Ok(format!("127.0.0.1:{}", known.map_or_else(|| context.port("api"), Ok)?));
    };
    let port = listen.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    let port = port.with_context(|| format!("GOTONG_API_LISTEN is {listen}, which is no host:port"))?;
    if Process::running(&context.checkout, "api").is_none() && !ports::is_free(port) {
        bail!("port {port} is in use by another program: stop that program, or change or remove GOTONG_API_LISTEN");
    }
    Ok(listen)
}

/// Applies migrations, starts or restarts what is not as it should be, and returns the API's address and key.
pub fn ensure(
    context: &Context,
    addresses: &Addresses,
    programs: &Programs,
    workers: Option<u16>,
) -> Result<environment::Platform> {
    let listen = api_listen(context)?;
    // A wildcard address is for listening, not for calling.
    let url = format!("http://{}", listen.replace("0.0.0.0", "127.0.0.1").replace("[::]", "127.0.0.1"));
    let mut variables = environment::for_programs(context, addresses, &listen, &url);
    backups::configure(context, programs, &mut variables)?;
    progress::while_running("migrations", "applying", || run_api(context, programs, &variables, &["migrate"]))?;
    let workers = workers.unwrap_or_else(|| workers_before(context));
    stop_surplus(context, workers)?;
    run(context, "api", &spec(context, programs, "gotong-api", "serve", &variables)?, &url)?;
    let names = (1..=workers).map(|number| (format!("worker-{number}"), "gotong-worker"));
    for (name, program) in names.chain([("scheduler".to_owned(), "gotong-scheduler")]) {
        let port = match Process::running(&context.checkout, &name).and(context.remembered.known_port(&name)) {
            Some(port) => port,
            None => context.port(&name)?,
        };
        let probe = format!("127.0.0.1:{port}");
        let spec = spec(context, programs, program, "run", &variables)?.env("GOTONG_PROBE_LISTEN", &probe);
        run(context, &name, &spec, &format!("http://{probe}"))?;
    }
    context.remembered.set_fact("workers", &workers.to_string())?;
    await_health(context, &url)?;
    let api_key = credentials::ensure(context, programs, &variables, &url)?;
    Ok(environment::Platform { url, api_key })
}

fn workers_before(context: &Context) -> u16 {
    context.remembered.fact("workers").and_then(|number| number.parse().ok()).unwrap_or(1)
}

/// Ends the workers above the wanted number.
fn stop_surplus(context: &Context, workers: u16) -> Result<()> {
    for process in Process::all(&context.checkout) {
        let number = process.name.strip_prefix("worker-").and_then(|number| number.parse::<u16>().ok());
        if number.is_some_and(|number| number > workers) {
            process.stop(&context.checkout)?;
            progress::step(&process.name, "stopped");
        }
    }
    Ok(())
}

fn spec(context: &Context, programs: &Programs, program: &str, command: &str, variables: &Variables) -> Result<Spec> {
    let mut spec = Spec::new(programs.get(program)?, context.checkout.root()).arg(command);
    spec.env.extend(variables.iter().map(|(name, value)| (name.clone(), value.into())));
    // Longer than the programs themselves give what they have under way.
    spec.grace = Duration::from_secs(45);
    Ok(spec)
}

/// Starts a program, or restarts it when it was built anew or its configuration has changed.
fn run(context: &Context, name: &str, spec: &Spec, url: &str) -> Result<()> {
    let ready = || is_ready(url);
    if let Some(process) = Process::running(&context.checkout, name) {
        if process.fingerprint == spec.fingerprint() {
            await_ready(context, &process, READY_LIMIT, ready)?;
            progress::step(name, format_args!("runs (process {})", process.pid));
            return Ok(());
        }
        progress::step(name, "has changed; restarting it");
        process.stop(&context.checkout)?;
    }
    crate::services::start(context, name, name, spec, READY_LIMIT, ready)
}

fn is_ready(url: &str) -> bool {
    http::get(&format!("{url}/health/ready"), Duration::from_secs(3)).is_ok_and(|answer| answer.status == 200)
}

/// Waits until the API finds every part well; its last answer is the error otherwise.
fn await_health(context: &Context, url: &str) -> Result<()> {
    let mut last = String::new();
    let healthy = wait_until(READY_LIMIT, || match http::get(&format!("{url}/health"), Duration::from_secs(5)) {
        _ if interrupt::requested() => true,
        Ok(answer) => {
            last = String::from_utf8_lossy(&answer.body).into_owned();
            answer.status == 200
        }
        Err(error) => {
            last = error.to_string();
            false
        }
    });
    interrupt::check()?;
    if !healthy {
        let log = context.checkout.log("api");
        bail!("the platform did not get healthy. {url}/health says {last}; the API's log is {}", log.display());
    }
    progress::step("health", "every check passes");
    Ok(())
}

/// What a running process answers on its readiness address, if it has one.
pub fn readiness(context: &Context, name: &str) -> Option<bool> {
    if !(name == "api" || name == "scheduler" || name.starts_with("worker-")) {
        return None;
    }
    let configured = (name == "api").then(|| context.settings.get("GOTONG_API_LISTEN")).flatten();
    let address = match configured {
        Some(listen) => listen.replace("0.0.0.0", "127.0.0.1"),
        None => format!("127.0.0.1:{}", context.remembered.known_port(name)?),
    };
    Some(is_ready(&format!("http://{address}")))
}
