//! River, a queue in PostgreSQL, on the same server and with the same jobs.

use crate::{
    cost::cpu,
    place::{self, variable},
};
use anyhow::{Context as _, Result, ensure};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use std::{
    env,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tokio::process::Command;

/// With this many at once it drained fastest.
const CONCURRENCY: &str = "1000";
const PROCESSES: [&str; 2] = ["postgres", "river-bench"];

/// Its program, and a database of its own.
pub struct River {
    program: PathBuf,
    url: String,
    connection: AsyncPgConnection,
}

impl River {
    /// Makes its database beside the ledger, and its tables.
    pub async fn prepare(program: &Path, ledger: &mut AsyncPgConnection) -> Result<Self> {
        let name = format!("bench_river_{}", std::process::id());
        ledger.batch_execute(&format!("create database {name}")).await?;
        let url = variable("GOTONG_DATABASE_URL")?;
        let (server, _) = url.rsplit_once('/').context("an address without a database")?;
        let url = format!("{server}/{name}");
        let connection = AsyncPgConnection::establish(&url).await?;
        let river = Self { program: program.to_owned(), url, connection };
        ensure!(river.command(&["migrate"]).status().await?.success(), "River did not make its tables");
        Ok(river)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).env("BENCH_PG", &self.url).env("BENCH_LOG", env::temp_dir()).kill_on_drop(true);
        command
    }

    /// Inserts jobs, then works until each is recorded as completed: how long that took, and the CPU time of worker and
    /// server.
    pub async fn run(&mut self, jobs: usize) -> Result<(Duration, Duration)> {
        let inserted = self.command(&["bulk", &jobs.to_string(), "0", "0"]).output().await?;
        ensure!(inserted.status.success(), "River: {}", String::from_utf8_lossy(&inserted.stderr));
        let before = cpu(&PROCESSES);
        let start = Instant::now();
        let mut worker = self.command(&["worker", CONCURRENCY]).spawn().context("River cannot be run")?;
        let open = "select count(*) as count from (select from river_job where state <> 'completed' limit 1) as open";
        place::wait_for_none(&mut self.connection, open, Duration::from_millis(100)).await?;
        let (took, spent) = (start.elapsed(), cpu(&PROCESSES).saturating_sub(before));
        worker.kill().await?;
        self.connection.batch_execute("truncate river_job").await?;
        Ok((took, spent))
    }
}
