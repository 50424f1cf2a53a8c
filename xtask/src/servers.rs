//! Private servers for tests that stop, kill, pause or reconfigure one. Each starts on a free port of 127.0.0.1 with its data
//! in a temporary folder, and ends with the value. They work as root too.
//!
//! All methods block; none takes longer than its start or stop needs. A server that does not start is an error with
//! the end of its log.

mod postgres;
mod redis;
mod s3;

use std::fmt;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

pub use self::postgres::PostgresServer;
pub use self::redis::RedisServer;
pub use self::s3::S3Server;
use crate::process::{Spec, children, log_end, start_ticks, wait_until};
pub use crate::tools::{PostgresTools, Program, Tools};

const START_LIMIT: Duration = Duration::from_secs(90);
/// A port may be taken by somebody else between the look and the start.
const START_ATTEMPTS: usize = 3;
/// A killed process ends as soon as the kernel lets it out of what it waits for.
const KILL_LIMIT: Duration = Duration::from_secs(30);

/// A private server of one kind; what is particular to the kind stands in `details`.
pub struct Private<Details> {
    // The process goes first, then what it works on.
    server: Server,
    details: Details,
}

impl<Details> Private<Details> {
    /// Ends it in order.
    ///
    /// # Errors
    ///
    /// If it had to be killed.
    pub fn stop(&mut self) -> Result<()> {
        self.server.stop()
    }

    /// Kills it: what it had not written is lost.
    pub fn kill9(&mut self) {
        self.server.kill();
    }

    /// Starts it again on its ports with its data, after stopping it in order if it still runs.
    ///
    /// # Errors
    ///
    /// If it does not stop or does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.server.stop()?;
        self.server.start()
    }

    /// Freezes the process: connections stay open and nothing is answered.
    ///
    /// # Errors
    ///
    /// If it does not run.
    pub fn pause(&self) -> Result<()> {
        self.server.signal(Signal::STOP)
    }

    /// Ends a [`pause`](Self::pause).
    ///
    /// # Errors
    ///
    /// If it does not run.
    pub fn resume(&self) -> Result<()> {
        self.server.signal(Signal::CONT)
    }
}

impl<Details> fmt::Debug for Private<Details> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The details hold passwords.
        self.server.fmt(formatter)
    }
}

/// A child process with a data folder, which can be ended and started again.
struct Server {
    name: &'static str,
    folder: TempDir,
    spec: Spec,
    child: Option<Child>,
    ready: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Server {
    /// Starts the server that `describe` makes of a folder, with other ports if it does not come up.
    fn launch(
        name: &'static str,
        describe: impl Fn(&Path) -> Result<(Spec, Box<dyn Fn() -> bool + Send + Sync>)>,
    ) -> Result<Self> {
        let mut attempt = 1;
        loop {
            let folder = tempfile::Builder::new().prefix("gotong-test-").tempdir()?;
            let (spec, ready) = describe(folder.path())?;
            let mut server = Self { name, folder, spec, child: None, ready };
            match server.start() {
                Ok(()) => return Ok(server),
                Err(error) if attempt == START_ATTEMPTS => return Err(error),
                Err(_) => attempt += 1,
            }
        }
    }

    /// Starts it with the same port and data; does nothing if it runs.
    fn start(&mut self) -> Result<()> {
        if self.is_running() {
            return Ok(());
        }
        let log = self.folder.path().join("server.log");
        let mut child = self.spec.spawn(&log)?;
        let mut ended = false;
        let answered = wait_until(START_LIMIT, || {
            ended = !matches!(child.try_wait(), Ok(None));
            ended || (self.ready)()
        });
        self.child = Some(child);
        if ended || !answered {
            self.kill();
            bail!("a private {} did not start. The end of its log:\n{}", self.name, log_end(&log, 20));
        }
        Ok(())
    }

    fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Asks it to end in order and waits for that.
    fn stop(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        signal(&child, self.spec.stop)?;
        // A paused process cannot act on a signal.
        signal(&child, Signal::CONT)?;
        if wait_until(self.spec.grace, || !matches!(child.try_wait(), Ok(None))) {
            return Ok(());
        }
        self.child = Some(child);
        self.kill();
        bail!("the private {} did not stop by itself", self.name)
    }

    /// Ends it as a power cut would: no farewell, nothing flushed by the process.
    fn kill(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let mut workers = Vec::new();
        if let Some(pid) = pid(&child) {
            // A backend of PostgreSQL leads a group of its own, and while one lives the server cannot start again.
            let _ = kill_process(pid, Signal::STOP);
            workers.extend(
                children(pid.as_raw_nonzero().get())
                    .into_iter()
                    .filter_map(|worker| Some((Pid::from_raw(worker)?, start_ticks(worker)?))),
            );
            let _ = kill_process_group(pid, Signal::KILL);
        }
        for (worker, _) in &workers {
            let _ = kill_process(*worker, Signal::KILL);
        }
        let _ = child.kill();
        let _ = child.wait();
        wait_until(KILL_LIMIT, || {
            workers.iter().all(|(worker, started)| start_ticks(worker.as_raw_nonzero().get()) != Some(*started))
        });
    }

    fn signal(&self, which: Signal) -> Result<()> {
        let child = self.child.as_ref().with_context(|| format!("the private {} does not run", self.name))?;
        signal(child, which)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The specification of the process holds passwords.
        formatter.debug_struct("Server").field("name", &self.name).finish_non_exhaustive()
    }
}

fn pid(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

fn signal(child: &Child, which: Signal) -> Result<()> {
    let pid = pid(child).context("process id out of range")?;
    kill_process(pid, which).context("cannot signal the server")
}
