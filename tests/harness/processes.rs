//! Our programs as processes, for tests that kill one.

use crate::Services;
use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
};
use tempfile::NamedTempFile;

/// One of our programs.
#[derive(Clone, Copy, Debug)]
pub enum Binary {
    /// `gotong-api`.
    Api,
    /// `gotong-worker`.
    Worker,
    /// `gotong-scheduler`.
    Scheduler,
}

impl Binary {
    /// The program's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "gotong-api",
            Self::Worker => "gotong-worker",
            Self::Scheduler => "gotong-scheduler",
        }
    }
}

/// A running program. Dropping it kills it.
pub struct Process {
    child: Child,
    log: NamedTempFile,
}

impl Process {
    /// Starts a program with exactly these variables.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn spawn(binary: Binary, variables: &[(String, String)]) -> Self {
        let program = Services::get().programs.join(binary.name());
        let log = NamedTempFile::new().expect("a temporary file");
        let output = || {
            let is_shown = std::env::var_os("GOTONG_TEST_LOGS").is_some();
            if is_shown { Stdio::inherit() } else { log.reopen().map_or_else(|_| Stdio::null(), Stdio::from) }
        };
        let child = Command::new(&program)
            .env_clear()
            .envs(variables.iter().cloned())
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output())
            .spawn();
        let child = child.unwrap_or_else(|error| panic!("{} cannot be started: {error}", program.display()));
        Self { child, log }
    }

    /// Ends it without a chance to clean up.
    pub fn kill9(mut self) {
        self.end();
    }

    /// What it has logged, unless `GOTONG_TEST_LOGS` shows that.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap_or_default()
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn end(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}
