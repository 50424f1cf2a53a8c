//! Long-running child processes that outlive this program, and how to find and end them again.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::checkout::Checkout;
use crate::tools::find_on_path;

/// A user to run a program as.
#[derive(Clone, Copy, Debug)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

/// How to start one program.
#[derive(Clone, Debug)]
pub struct Spec {
    pub program: PathBuf,
    pub args: Vec<OsString>,
    pub env: Vec<(String, OsString)>,
    pub folder: PathBuf,
    pub user: Option<User>,
    /// The signal that asks it to end in order.
    pub stop: Signal,
    /// How long it may take to end before it is killed.
    pub grace: Duration,
}

impl Spec {
    pub fn new(program: impl Into<PathBuf>, folder: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            folder: folder.into(),
            user: None,
            stop: Signal::TERM,
            grace: Duration::from_secs(15),
        }
    }

    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub fn args<T: Into<OsString>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Changes when the program file, its arguments or its environment change: then a restart is due.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let file = fs::metadata(&self.program).ok().and_then(|file| Some((file.len(), file.modified().ok()?)));
        hash.update(format!("{} {file:?} {:?} {:?}", self.program.display(), self.args, self.env));
        hex::encode(&hash.finalize()[..8])
    }

    /// Starts it in a session of its own, so that neither Ctrl-C nor the end of the terminal reaches it.
    pub fn spawn(&self, log: &Path) -> Result<Child> {
        let output = open_log(log)?;
        let mut command = if let Some(setsid) = find_on_path("setsid") {
            let mut command = Command::new(setsid);
            command.arg(&self.program);
            command
        } else {
            let mut command = Command::new(&self.program);
            command.process_group(0);
            command
        };
        command.args(&self.args).envs(self.env.iter().map(|(name, value)| (name, value)));
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        if let Some(user) = self.user {
            command.uid(user.uid).gid(user.gid);
        }
        command.spawn().with_context(|| format!("cannot start {}", self.program.display()))
    }
}

/// A log that has grown beyond this moves aside at the next start.
const LOG_LIMIT: u64 = 20 * 1024 * 1024;

/// Appends to the log; one that has grown over 20 MiB moves to `.old` first.
fn open_log(log: &Path) -> Result<File> {
    if fs::metadata(log).is_ok_and(|file| file.len() > LOG_LIMIT) {
        fs::rename(log, log.with_extension("log.old"))?;
    }
    File::options().create(true).append(true).open(log).with_context(|| format!("cannot open {}", log.display()))
}

/// A process that this checkout has started, now or in an earlier run.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Process {
    pub name: String,
    pub pid: i32,
    /// When the process started, in clock ticks since boot: a process id alone may have been given to another program.
    started: u64,
    pub fingerprint: String,
    grace_ms: u64,
    stop_signal: i32,
}

impl Process {
    pub fn start(checkout: &Checkout, name: &str, spec: &Spec) -> Result<Self> {
        checkout.create_folders()?;
        let mut child = spec.spawn(&checkout.log(name))?;
        let pid = i32::try_from(child.id()).context("process id out of range")?;
        let started = start_ticks(pid).with_context(|| format!("{name} ended at once"))?;
        // Whoever waits for it later asks /proc; this thread only collects its exit status.
        thread::spawn(move || child.wait());
        let grace_ms = u64::try_from(spec.grace.as_millis()).unwrap_or(u64::MAX);
        let process = Self {
            name: name.to_owned(),
            pid,
            started,
            fingerprint: spec.fingerprint(),
            grace_ms,
            stop_signal: spec.stop.as_raw(),
        };
        fs::write(checkout.process_file(name), serde_json::to_vec(&process)?)?;
        fs::write(checkout.pid_file(name), format!("{pid}\n"))?;
        Ok(process)
    }

    /// The process recorded under `name`, dead or alive.
    pub fn recorded(checkout: &Checkout, name: &str) -> Option<Self> {
        let bytes = fs::read(checkout.process_file(name)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// The process recorded under `name` if it still runs.
    pub fn running(checkout: &Checkout, name: &str) -> Option<Self> {
        Self::recorded(checkout, name).filter(Self::is_alive)
    }

    /// Every recorded process, by name.
    pub fn all(checkout: &Checkout) -> Vec<Self> {
        let Ok(folder) = fs::read_dir(checkout.state().join("processes")) else { return Vec::new() };
        let mut all: Vec<Self> =
            folder.filter_map(|entry| serde_json::from_slice(&fs::read(entry.ok()?.path()).ok()?).ok()).collect();
        all.sort_by(|a: &Self, b: &Self| a.name.cmp(&b.name));
        all
    }

    pub fn is_alive(&self) -> bool {
        start_ticks(self.pid) == Some(self.started)
    }

    /// Whether the system still knows a process of this id, if only as one that has ended.
    pub fn is_listed(&self) -> bool {
        Path::new("/proc").join(self.pid.to_string()).exists()
    }

    /// Asks the process to end, kills it when its grace is over, and forgets it. Returns whether it had to be killed.
    pub fn stop(&self, checkout: &Checkout) -> Result<bool> {
        let killed = end(
            self.pid,
            self.started,
            Signal::from_named_raw(self.stop_signal),
            Duration::from_millis(self.grace_ms),
        )?;
        self.forget(checkout);
        Ok(killed)
    }

    pub fn forget(&self, checkout: &Checkout) {
        for file in [checkout.process_file(&self.name), checkout.pid_file(&self.name)] {
            // Gone already is as good.
            let _ = fs::remove_file(file);
        }
    }
}

/// Sends `signal` to the process if it is the one that started at `started`, waits for its end at most `grace`, then
/// kills its whole group. Returns whether it had to be killed.
pub fn end(pid: i32, started: u64, signal: Option<Signal>, grace: Duration) -> Result<bool> {
    let Some(process) = Pid::from_raw(pid) else { bail!("{pid} is no process id") };
    let is_alive = || start_ticks(pid) == Some(started);
    if !is_alive() {
        return Ok(false);
    }
    // It may end between the look and the signal; then there is nobody left to signal.
    let _ = kill_process(process, signal.unwrap_or(Signal::TERM));
    if wait_until(grace, || !is_alive()) {
        return Ok(false);
    }
    let _ = kill_process_group(process, Signal::KILL);
    let _ = kill_process(process, Signal::KILL);
    if !wait_until(Duration::from_secs(5), || !is_alive()) {
        bail!("process {pid} does not end, even killed");
    }
    Ok(true)
}

/// Looks every 20 ms; false when the time is over.
pub fn wait_until(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Field 22 of `/proc/<pid>/stat`; none when there is no such process or it has ended and only waits to be collected.
pub fn start_ticks(pid: i32) -> Option<u64> {
    stat_field(pid, 22)
}

/// The processes whose parent is `pid`.
pub fn children(pid: i32) -> Vec<i32> {
    let Ok(folders) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = folders.filter_map(|folder| folder.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|&child| stat_field(child, 4) == Some(pid)).collect()
}

/// A field of `/proc/<pid>/stat` behind the third, counted from 1; none for a process that does not run.
fn stat_field<T: FromStr>(pid: i32, number: usize) -> Option<T> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(number - 4)?.parse().ok()
}

/// The last `lines` lines of a log, each indented; at most 64 KiB are read.
pub fn log_end(log: &Path, lines: usize) -> String {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let read = || -> std::io::Result<String> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(64 * 1024)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    let end: Vec<String> = all[all.len().saturating_sub(lines)..].iter().map(|line| format!("    {line}")).collect();
    end.join("\n")
}
