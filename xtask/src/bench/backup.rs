//! `cargo xtask bench backup`: a backup beside `pg_dump -Fc -Z0 | zstd > file` of the same database, in turns.
//!
//! On a PostgreSQL and an S3 of its own, with a release build. The backup does more: it counts and hashes rows in the same
//! snapshot, encrypts, and sends to a server that runs on the same processors.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::checkout::Checkout;
use crate::servers::{PostgresServer, PostgresTools, S3Server, Tools};
use crate::tools::find_on_path;
use crate::{cargo, progress, psql};

/// What the goals are: times the wall time of the pipe, and MiB.
const GOALS: (f64, u64) = (1.25, 200);
/// About what a row of the table takes in a dump.
const ROW_BYTES: u64 = 500;

/// Measures so many turns with a dump of about so many megabytes, and prints a line for each and their medians.
///
/// # Errors
///
/// If a server or program does not start, or a dump fails.
pub fn run(megabytes: u64, rounds: u32) -> Result<bool> {
    let checkout = Checkout::find()?;
    if find_on_path("zstd").is_none() {
        bail!("zstd is missing, the program beside which a backup is measured (Debian: apt install zstd)");
    }
    let program = build(checkout.root())?;
    let (postgres, s3) = (PostgresServer::start()?, S3Server::start()?);
    let bench = Bench { tools: Tools::default().postgres()?, database: postgres.url_of("gotong"), program };
    progress::while_running("bench", "filling the database", || bench.fill(megabytes))?;
    let folder = tempfile::tempdir()?;
    let (mut pipes, mut backups) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        pipes.push(bench.pipe(&folder.path().join("dump.zst"))?);
        backups.push(bench.backup(&s3)?);
        if let (Some(pipe), Some(backup)) = (pipes.last(), backups.last()) {
            progress::note(format_args!("{round}: pipe {pipe}; backup {backup}"));
        }
    }
    let ratio = median(&backups, |cost| cost.wall) / median(&pipes, |cost| cost.wall);
    let cpu = median(&backups, |cost| cost.cpu) / median(&pipes, |cost| cost.cpu);
    let peak = backups.iter().map(|cost| cost.peak_mib).max().unwrap_or_default();
    progress::note(format_args!(
        "medians: {ratio:.2} times the wall time (goal {:.2}), {cpu:.2} times the CPU time of the client, at most {peak} MiB \
         (goal {})",
        GOALS.0, GOALS.1
    ));
    Ok(ratio <= GOALS.0 && peak <= GOALS.1)
}

fn build(root: &Path) -> Result<PathBuf> {
    let mut cargo = cargo::command(root);
    cargo.args(["build", "--release", "--package", "gotong-backup", "--example", "bench"]);
    if !cargo.status().context("cannot run cargo")?.success() {
        bail!("the build failed; the messages are above");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("release/examples/bench"))
}

struct Bench {
    tools: PostgresTools,
    database: String,
    program: PathBuf,
}

/// What one turn took.
struct Cost {
    /// Seconds.
    wall: f64,
    /// Seconds of processors that the programs beside the server took.
    cpu: f64,
    written: u64,
    peak_mib: u64,
}

impl std::fmt::Display for Cost {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let megabytes = self.written / 1_000_000;
        write!(formatter, "{:.2} s wall, {:.2} s CPU, {megabytes} MB", self.wall, self.cpu)?;
        if self.peak_mib > 0 { write!(formatter, ", peak {} MiB", self.peak_mib) } else { Ok(()) }
    }
}

impl Bench {
    /// Rows as a shop has them: keys, times, words that recur, figures, and some that do not compress.
    fn fill(&self, megabytes: u64) -> Result<()> {
        let rows = megabytes * 1_000_000 / ROW_BYTES / 4;
        for table in 1..=4 {
            self.ask(&format!(
                "create table orders_{table} (id bigint primary key, at timestamptz, status text, total numeric(12, 2),
                     customer uuid, payload jsonb, note text);
                 insert into orders_{table}
                 select n, '2026-01-01'::timestamptz + n * interval '7 seconds', (array['open', 'paid', 'sent', 'done'])[1 + n % 4],
                     (n * 37 % 100000) / 100.0, gen_random_uuid(),
                     jsonb_build_object('lines', jsonb_build_array(n % 977, n % 389), 'city', 'City ' || n % 1000,
                         'mail', md5(n::text) || '@example.com', 'agent', 'Mozilla/5.0 (X11; Linux x86_64)'),
                     repeat('Please leave it at the door. ', 1 + (n % 8)::integer) || md5((n * 3)::text)
                 from generate_series(1::bigint, {rows}) n;
                 create index on orders_{table} (customer)"
            ))?;
        }
        self.ask("vacuum analyze").map(|_| ())
    }

    fn ask(&self, statements: &str) -> Result<String> {
        psql::ask(&self.tools, &self.database, statements)
    }

    fn pipe(&self, file: &Path) -> Result<Cost> {
        let script = "set -euo pipefail; time (pg_dump -Fc -Z0 \"$1\" | zstd -q -f -o \"$2\")";
        let (_, wall, cpu) = self.timed(script, &[self.database.as_str(), &file.display().to_string()])?;
        Ok(Cost { wall, cpu, written: std::fs::metadata(file)?.len(), peak_mib: 0 })
    }

    fn backup(&self, s3: &S3Server) -> Result<Cost> {
        let script = "set -euo pipefail; time \"$@\"";
        let program = self.program.display().to_string();
        let bin = self.tools.bin.display().to_string();
        let arguments = [&program, &self.database, &s3.endpoint(), "bench", s3.access_key(), s3.secret_key(), &bin]
            .map(str::to_owned);
        let (output, wall, cpu) = self.timed(script, &arguments.each_ref().map(String::as_str))?;
        let told: serde_json::Value = serde_json::from_str(&output).context("the bench program prints JSON")?;
        let number = |name: &str| told[name].as_u64().with_context(|| format!("the bench program tells {name}"));
        Ok(Cost { wall, cpu, written: number("object")?, peak_mib: number("peak_kib")? / 1024 })
    }

    /// Runs a script of bash that times something; its output, and seconds of wall and CPU time.
    fn timed(&self, script: &str, arguments: &[&str]) -> Result<(String, f64, f64)> {
        let mut bash = Command::new("bash");
        bash.args(["-c", script, "bash"]).args(arguments).envs(self.tools.env());
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.tools.bin.clone()).chain(std::env::split_paths(&path));
        bash.env("PATH", std::env::join_paths(folders)?).env("TIMEFORMAT", "%R %U %S").env("LC_ALL", "C");
        let output = bash.output().context("bash cannot be run")?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            bail!("it failed: {}", said.trim());
        }
        let times = said.lines().last().unwrap_or_default().split(' ').map(str::parse);
        let times: Vec<f64> = times.collect::<Result<_, _>>().context("bash tells the times")?;
        let [wall, user, system] = times.as_slice() else { bail!("bash tells three times") };
        Ok((String::from_utf8_lossy(&output.stdout).into_owned(), *wall, user + system))
    }
}

fn median(costs: &[Cost], of: impl Fn(&Cost) -> f64) -> f64 {
    let mut all: Vec<f64> = costs.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}
