//! Our programs as processes, for tests that kill one.

use crate::Services;
use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
};

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
pub struct Process(Child);

impl Process {
    /// Starts a program with exactly these variables.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn spawn(binary: Binary, variables: &[(String, String)]) -> Self {
        let program = Services::get().programs.join(binary.name());
        let child = Command::new(&program)
            .env_clear()
            .envs(variables.iter().cloned())
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(if std::env::var_os("GOTONG_TEST_LOGS").is_some() { Stdio::inherit() } else { Stdio::null() })
            .spawn();
        Self(child.unwrap_or_else(|error| panic!("{} cannot be started: {error}", program.display())))
    }

    /// Ends it without a chance to clean up.
    pub fn kill9(mut self) {
        self.end();
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    fn end(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
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
