//! `gotong-worker`: runs jobs until it is told to stop.

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use gotong_queue::Client;
use gotong_shared::{
    config::{Reader, RestoreConfig, StorageConfig},
    enqueue::Dispatcher,
    process,
};
use gotong_worker::{
    Resources, Settings,
    import::{self, Import},
    restore::{self, Wanted},
};
use std::{path::PathBuf, time::Duration};
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Gotong's worker. Its settings are GOTONG_… variables; .env.example lists them.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs jobs (the default).
    Run,
    /// Moves the jobs of an apalis-redis queue into Gotong, until no more come.
    Import(ImportArguments),
    /// Restores a backup, with the bucket and the key alone: no other part of the platform has to run. Where the object store
    /// is, and its credentials, come from the variables `GOTONG_S3_…`.
    Restore(RestoreArguments),
    /// Makes a key pair for backups and prints it as JSON. Whoever has the identity can read every backup made for the
    /// recipient; whoever has not, cannot.
    CreateBackupKey,
}

#[derive(Args)]
struct RestoreArguments {
    /// Which backup: `s3://bucket/prefix/target/latest`, or an id in the place of latest; to list: `s3://bucket/prefix`.
    #[arg(long)]
    from: String,
    /// The file with the age identity (`AGE-SECRET-KEY-1…`).
    #[arg(long, required_unless_present = "list")]
    identity: Option<PathBuf>,
    /// Where to: `postgres://user@host:port/database`; the database is made. A password comes best from
    /// `GOTONG_RESTORE_PASSWORD`, since options stand in the list of processes.
    #[arg(long, env = "GOTONG_RESTORE_INTO", hide_env_values = true, required_unless_present = "list")]
    into: Option<String>,
    /// The name of the database, typed again: then one that exists is replaced.
    #[arg(long, value_name = "DATABASE")]
    overwrite: Option<String>,
    /// The folder of `pg_restore`; looked for otherwise.
    #[arg(long, env = "GOTONG_BACKUP_POSTGRES_BIN")]
    postgres_bin: Option<PathBuf>,
    /// Lists the backups instead.
    #[arg(long)]
    list: bool,
}

#[derive(Args)]
struct ImportArguments {
    /// The server that apalis-redis used: redis://host:port/database.
    #[arg(long, env = "GOTONG_IMPORT_FROM", hide_env_values = true)]
    from: String,
    /// apalis-redis's name of the queue.
    #[arg(long)]
    queue: String,
    /// The kind that the tasks become; each task's JSON must be a payload of that kind.
    #[arg(long)]
    kind: String,
    /// The workspace that the jobs will belong to.
    #[arg(long)]
    workspace: Uuid,
    /// Ends when no task has come for so many seconds.
    #[arg(long, default_value_t = 10)]
    idle_seconds: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments { command } = Arguments::parse();
    match command.unwrap_or(Command::Run) {
        Command::Run => run().await,
        Command::Import(arguments) => import(arguments).await,
        Command::Restore(arguments) => restore(arguments).await,
        Command::CreateBackupKey => {
            create_backup_key();
            Ok(())
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let settings = start()?;
    let stop = process::stop_on_signal().context("signals cannot be watched")?;
    gotong_worker::run(settings, stop).await?;
    Ok(())
}

/// What every command begins with.
fn start() -> anyhow::Result<Settings> {
    let settings = Settings::read(Reader::from_environment())?;
    process::begin(&settings.process)?;
    Ok(settings)
}

async fn import(arguments: ImportArguments) -> anyhow::Result<()> {
    let settings = start()?;
    let ImportArguments { from, queue, kind, workspace, idle_seconds } = arguments;
    let client = Client::connect(settings.queue.engine()).await?;
    let resources = Resources::new(&settings)?;
    let import = Import { from, queue, kind, workspace, idle: Duration::from_secs(idle_seconds.max(1)) };
    let imported = import::run(import, resources, Dispatcher::new(client)).await?;
    println!("{} accepted, {} known already, {} refused", imported.accepted, imported.known, imported.refused);
    anyhow::ensure!(imported.refused == 0, "some tasks were refused; the log says why");
    Ok(())
}

async fn restore(arguments: RestoreArguments) -> anyhow::Result<()> {
    process::choose_tls();
    let mut reader = Reader::from_environment();
    let (storage, secrets) = (StorageConfig::read(&mut reader), RestoreConfig::read(&reader));
    let storage = reader.finish(storage)?;
    let RestoreArguments { from, identity, into, overwrite, postgres_bin, list } = arguments;
    if list {
        return print_list(&restore::list(&from, &storage).await?);
    }
    let (identity, into) = identity.zip(into).context("--identity and --into are needed")?;
    let stop = process::stop_on_signal().context("signals cannot be watched")?;
    let wanted = Wanted { from, identity, into, overwrite, programs: postgres_bin };
    let restored = restore::restore(wanted, &storage, &secrets, &stop).await?;
    let (manifest, seconds) = (&restored.manifest, restored.duration_ms.div_ceil(1_000));
    println!(
        "restored {} of {} into {}: {} tables, {} rows, as of {}, in {seconds} s",
        manifest.id,
        manifest.target,
        restored.database,
        manifest.tables.len(),
        manifest.rows(),
        manifest.started_at,
    );
    if let Some(previous) = &restored.previous {
        println!("what was there before is called {previous} now");
    }
    if !restored.missing_roles.is_empty() {
        let roles = restored.missing_roles.join(", ");
        println!("owners and privileges were left out, since the server lacks the roles {roles}");
    }
    Ok(())
}

fn print_list(listing: &gotong_backup::Listing) -> anyhow::Result<()> {
    for manifest in &listing.manifests {
        let (tables, rows, bytes) = (manifest.tables.len(), manifest.rows(), manifest.object.bytes);
        let (target, id, taken) = (&manifest.target, &manifest.id, manifest.started_at);
        println!("{target}/{id}  {taken}  {bytes} bytes  {tables} tables  {rows} rows");
    }
    for unreadable in &listing.unreadable {
        eprintln!("{}: {}", unreadable.key, unreadable.reason);
    }
    anyhow::ensure!(!listing.manifests.is_empty(), "there is no backup there");
    Ok(())
}

fn create_backup_key() {
    let identity = gotong_backup::Identity::generate();
    let pair = serde_json::json!({ "identity": identity.to_secret(), "recipient": identity.recipient().to_string() });
    println!("{pair}");
}
