//! Running `pg_dump` and `pg_restore`: every way to end is looked at, and what they print is kept without secrets.

use super::{DatabaseUrl, programs::Program};
use crate::Error;
use std::{collections::VecDeque, fs::File, os::unix::process::ExitStatusExt, process::ExitStatus, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    task::JoinHandle,
};

/// How many of the last lines printed an error repeats.
const LINES: usize = 12;
/// How long a line of these may be.
const LINE_LENGTH: usize = 400;

/// A program that runs. It is killed with its value.
pub(crate) struct Running {
    child: Child,
    said: JoinHandle<Vec<String>>,
    url: DatabaseUrl,
}

/// How a program ended without success.
pub(crate) struct Ended {
    pub status: ExitStatus,
    pub output: String,
}

impl Running {
    /// Starts `pg_dump`; what it writes can be read from the file.
    pub fn dump(program: &Program, url: &DatabaseUrl, snapshot: &str) -> Result<(Self, File), Error> {
        let mut command = program.command();
        command.args(["--format=custom", "--compress=0", "--no-password", "--lock-wait-timeout=60s"]);
        command.arg(format!("--snapshot={snapshot}")).arg(format!("--dbname={}", url.for_programs()));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut running = Self::spawn(command, url)?;
        let stdout = running.child.stdout.take().ok_or_else(|| Error::Io("pg_dump has no output".to_owned()))?;
        Ok((running, File::from(stdout.into_owned_fd()?)))
    }

    /// Starts `pg_restore`, which restores what is written into the file.
    pub fn restore(program: &Program, url: &DatabaseUrl, with_owners: bool) -> Result<(Self, File), Error> {
        let mut command = program.command();
        command.args(["--format=custom", "--exit-on-error", "--no-password"]);
        if !with_owners {
            command.args(["--no-owner", "--no-privileges"]);
        }
        command.arg(format!("--dbname={}", url.for_programs()));
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut running = Self::spawn(command, url)?;
        let stdin = running.child.stdin.take().ok_or_else(|| Error::Io("pg_restore has no input".to_owned()))?;
        Ok((running, File::from(stdin.into_owned_fd()?)))
    }

    fn spawn(mut command: Command, url: &DatabaseUrl) -> Result<Self, Error> {
        // Others can read the arguments of a process, and only its owner its environment.
        if let Some(password) = url.password() {
            command.env("PGPASSWORD", password);
        }
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        let stderr = child.stderr.take().ok_or_else(|| Error::Io("a program has no error output".to_owned()))?;
        Ok(Self { child, said: tokio::spawn(last_lines(stderr)), url: url.clone() })
    }

    /// Waits for its end; the inner error is one without success.
    pub async fn wait(&mut self) -> Result<Result<(), Ended>, Error> {
        let status = self.child.wait().await?;
        if status.success() {
            return Ok(Ok(()));
        }
        let lines = (&mut self.said).await.unwrap_or_default();
        Ok(Err(Ended { status, output: self.url.scrub(&lines.join("\n")) }))
    }

    /// Ends it, if it has not ended.
    pub async fn kill(mut self) {
        // An error is that it has ended.
        let _ = self.child.kill().await;
    }
}

impl Ended {
    /// What the end of `pg_dump` is.
    pub fn of_dump(self, url: &DatabaseUrl) -> Error {
        let Self { status, output } = self;
        if let Some(signal) = status.signal() {
            return Error::DumpKilled { signal, output };
        }
        let code = status.code().unwrap_or_default();
        of_server(&output, url).unwrap_or(Error::DumpFailed { code, output })
    }

    /// What the end of `pg_restore` is.
    pub fn of_restore(self, url: &DatabaseUrl) -> Error {
        let Self { status, output } = self;
        if let Some(signal) = status.signal() {
            return Error::RestoreKilled { signal, output };
        }
        let code = status.code().unwrap_or_default();
        of_server(&output, url).unwrap_or(Error::RestoreFailed { code, output })
    }
}

/// The messages of libpq that are about the server, not about what was asked.
fn of_server(output: &str, url: &DatabaseUrl) -> Option<Error> {
    let has = |words: &[&str]| words.iter().any(|word| output.contains(word));
    if has(&["password authentication failed", "no password supplied"]) {
        return Some(Error::AuthenticationFailed { server: url.to_string() });
    }
    let lost = [
        "server closed the connection",
        "connection to server was lost",
        "terminating connection",
        "could not receive data from server",
        "could not send data to server",
        "no connection to the server",
        "the database system is shutting down",
        "the database system is starting up",
        "SSL SYSCALL error",
    ];
    if has(&lost) {
        return Some(Error::ConnectionLost(output.to_owned()));
    }
    if has(&["connection to server at", "could not translate host name"]) {
        return Some(Error::DatabaseUnavailable { server: url.to_string(), reason: output.to_owned() });
    }
    None
}

async fn last_lines(output: impl AsyncRead + Unpin) -> Vec<String> {
    let mut lines = BufReader::new(output);
    let mut last = VecDeque::new();
    let mut line = Vec::new();
    // A line without an end is a part of the program's output like any other.
    while lines.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line);
        // These repeat rows and keys of somebody's tables.
        if !text.starts_with("CONTEXT:") && !text.starts_with("DETAIL:") {
            last.push_back(text.trim_end().chars().take(LINE_LENGTH).collect());
        }
        if last.len() > LINES {
            last.pop_front();
        }
        line.clear();
    }
    last.into()
}
