use std::path::Path;

use anyhow::Result;
use tempfile::TempDir;

use super::{Private, Server};
use crate::ports;
use crate::services::redis;
use crate::tools::Tools;

/// A Redis (or Valkey) of one's own, with the settings of the platform: append-only file synced every second, nothing
/// evicted.
pub type RedisServer = Private<Redis>;

/// What a private Redis knows of itself.
pub struct Redis {
    port: u16,
}

impl RedisServer {
    /// Starts an empty server.
    ///
    /// # Errors
    ///
    /// If no program is found or it does not start.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// Starts an empty server with more options, as in `["--maxmemory-policy", "allkeys-lru"]`; a later option wins.
    ///
    /// # Errors
    ///
    /// If no program is found or it does not start.
    pub fn start_with(options: &[&str]) -> Result<Self> {
        let program = Tools::default().redis()?;
        let port = std::cell::Cell::new(0);
        let server = Server::launch("redis", |folder| {
            let chosen = ports::find_free(&[])?;
            port.set(chosen);
            let spec = redis::spec(&program.path, folder, chosen).args(options.iter().copied());
            Ok((spec, Box::new(move || redis::is_ready(chosen))))
        })?;
        Ok(Self { server, details: Redis { port: port.get() } })
    }

    /// A copy of its files as they are now: what the last second brought may be missing, as after a power cut.
    ///
    /// # Errors
    ///
    /// If they cannot be copied.
    pub fn copy_files(&self) -> Result<TempDir> {
        let copy = tempfile::Builder::new().prefix("gotong-test-").tempdir()?;
        copy_all(self.server.folder.path(), copy.path())?;
        Ok(copy)
    }

    /// Kills it, and starts it again with the files of a copy in place of its own.
    ///
    /// # Errors
    ///
    /// If they cannot be copied, or it does not start.
    pub fn restart_with(&mut self, files: &TempDir) -> Result<()> {
        self.server.kill();
        let folder = self.server.folder.path();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { std::fs::remove_dir_all(path)? } else { std::fs::remove_file(path)? }
        }
        copy_all(files.path(), folder)?;
        self.server.start()
    }

    /// `redis://127.0.0.1:<port>/0`; it stays the same over restarts.
    #[must_use]
    pub fn url(&self) -> String {
        redis::url(self.details.port)
    }

    /// Its TCP port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.details.port
    }
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            copy_all(&path, &to.join(name))?;
        } else if path.extension().is_none_or(|extension| extension != "log") {
            std::fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}
