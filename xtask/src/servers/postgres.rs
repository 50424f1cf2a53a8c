use std::path::PathBuf;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::{Private, Server};
use crate::ports;
use crate::remembered::random_hex;
use crate::services::postgres;
use crate::tools::Tools;

/// A PostgreSQL cluster of one's own, with a superuser and the databases `postgres` and `gotong`, both empty. It does not
/// sync to disk: it survives a kill of the process, not one of the machine.
pub type PostgresServer = Private<Postgres>;

/// What a private PostgreSQL knows of itself.
pub struct Postgres {
    _data: TempDir,
    port: u16,
    password: String,
}

impl PostgresServer {
    /// Creates a cluster and starts it.
    ///
    /// # Errors
    ///
    /// If no program is found, or the server does not start.
    pub fn start() -> Result<Self> {
        let tools = Tools::default().postgres()?;
        let user = postgres::unprivileged_user()?;
        let password = random_hex(20)?;
        let data = tempfile::Builder::new().prefix("gotong-test-").tempdir_in(reachable_parent(user))?;
        let folder = data.path().join("postgres");
        open_to_all(&data)?;
        postgres::give_folder(&folder, user)?;
        postgres::create_cluster(&tools, &folder, user, &password)?;
        let port = std::cell::Cell::new(0);
        let server = Server::launch("postgres", |_| {
            let chosen = ports::find_free(&[])?;
            port.set(chosen);
            let spec = postgres::spec(&tools, &folder, chosen, user).args(["-c", "fsync=off"]);
            Ok((spec, Box::new(move || postgres::is_ready(chosen))))
        })?;
        Ok(Self { server, details: Postgres { _data: data, port: port.get(), password } })
    }

    /// The superuser's URL of the database `postgres`; it stays the same over restarts.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The superuser's URL of another database.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        postgres::url(self.details.port, &self.details.password, database)
    }
}

/// The temporary folder, or the public one if the database's user cannot enter that.
fn reachable_parent(user: Option<crate::process::User>) -> PathBuf {
    let usual = std::env::temp_dir();
    match user {
        Some(user) if !postgres::is_reachable(&usual, user) => PathBuf::from("/var/tmp"),
        _ => usual,
    }
}

/// The folder itself holds only one that is private to the database's user.
fn open_to_all(data: &TempDir) -> Result<()> {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(data.path(), mode).context("cannot open the temporary folder")
}
