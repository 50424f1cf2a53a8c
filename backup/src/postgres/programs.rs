//! Finding `pg_dump` and `pg_restore` in a version that suits a server.

use crate::Error;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::process::Command;

/// Where packages of Debian and of others put the programs of each version.
const FOLDERS: [(&str, &str); 2] = [("/usr/lib/postgresql", "bin"), ("/usr", "bin")];
const LIMIT: Duration = Duration::from_secs(20);

/// Where the programs of PostgreSQL are looked for: a configured folder, then the installed versions, then `PATH`.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    configured: Option<PathBuf>,
}

/// A program, its version, and what it needs to run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub path: PathBuf,
    /// As in `15.12 (Debian 15.12-1.pgdg120+1)`.
    pub version: String,
    pub major: u32,
    libraries: Option<PathBuf>,
}

impl Programs {
    /// `configured` is the folder of `pg_dump` and `pg_restore`. Where the folder `lib` beside it holds `libpq`, they are
    /// run with that.
    #[must_use]
    pub fn new(configured: Option<PathBuf>) -> Self {
        Self { configured }
    }

    /// The oldest one that is not older than `at_least`: `pg_dump` refuses a newer server, and what a newer one than
    /// needed writes cannot be read by the server's own programs. A configured one goes first.
    pub(crate) async fn find(&self, name: &'static str, at_least: u32) -> Result<Program, Error> {
        let mut found: Vec<Program> = Vec::new();
        for path in self.candidates(name) {
            let Some(program) = examine(path).await else { continue };
            let is_configured = self.configured.as_deref() == program.path.parent();
            if is_configured && program.major >= at_least {
                return Ok(program);
            }
            found.push(program);
        }
        let words: Vec<String> = found.iter().map(|p| format!("{} {}", p.path.display(), p.version)).collect();
        let suitable = found.into_iter().filter(|program| program.major >= at_least);
        suitable.min_by_key(|program| program.major).ok_or_else(|| Error::NoSuitableProgram {
            program: name,
            at_least,
            found: if words.is_empty() { "none is installed".to_owned() } else { words.join(", ") },
        })
    }

    fn candidates(&self, name: &str) -> Vec<PathBuf> {
        let mut all: Vec<PathBuf> = self.configured.iter().map(|folder| folder.join(name)).collect();
        for (parent, bin) in FOLDERS {
            let folders = std::fs::read_dir(parent).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
            let is_version = |folder: &PathBuf| {
                let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
                name.trim_start_matches("pgsql-").parse::<u32>().is_ok()
            };
            all.extend(folders.filter(is_version).map(|folder| folder.join(bin).join(name)));
        }
        all.retain(|path| path.is_file());
        // Without a folder the operating system looks through `PATH`.
        all.push(PathBuf::from(name));
        all
    }
}

impl Program {
    /// A command with nothing inherited that changes what libpq does, and with messages in English.
    pub fn command(&self) -> Command {
        command(&self.path, self.libraries.as_deref())
    }
}

/// What libpq reads from the environment and would override or add to an address.
const OF_LIBPQ: [&str; 12] = [
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGDATABASE",
    "PGUSER",
    "PGPASSWORD",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGOPTIONS",
    "PGTZ",
    "PGDATESTYLE",
    "PGCLIENTENCODING",
];

fn command(path: &Path, libraries: Option<&Path>) -> Command {
    let mut command = Command::new(path);
    for name in OF_LIBPQ {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C");
    if let Some(folder) = libraries {
        command.env("LD_LIBRARY_PATH", OsString::from(folder));
    }
    command.kill_on_drop(true);
    command
}

async fn examine(path: PathBuf) -> Option<Program> {
    let beside = path.parent().and_then(Path::parent).map(|home| home.join("lib"));
    let libraries = beside.filter(|folder| folder.join("libpq.so.5").is_file());
    let mut command = command(&path, libraries.as_deref());
    command.arg("--version").stdin(Stdio::null());
    let output = tokio::time::timeout(LIMIT, command.output()).await.ok()?.ok()?;
    let (version, major) = version(&String::from_utf8_lossy(&output.stdout))?;
    Some(Program { path, version, major, libraries })
}

/// Reads `pg_dump (PostgreSQL) 15.12 (Debian …)`, also of a version that is not finished, as in `18beta1`.
fn version(text: &str) -> Option<(String, u32)> {
    let (_, version) = text.trim().split_once("(PostgreSQL) ")?;
    let major = version.split(|letter: char| !letter.is_ascii_digit()).next()?;
    Some((version.to_owned(), major.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        let debian = "pg_dump (PostgreSQL) 15.12 (Debian 15.12-1.pgdg120+1)\n";
        assert_eq!(version(debian), Some(("15.12 (Debian 15.12-1.pgdg120+1)".to_owned(), 15)));
        assert_eq!(version("pg_restore (PostgreSQL) 19beta1"), Some(("19beta1".to_owned(), 19)));
        assert_eq!(version("something else"), None);
    }
}
