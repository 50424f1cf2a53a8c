//! `gotong-worker`: runs jobs until it is told to stop.

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use gotong_queue::Client;
use gotong_shared::{config::Reader, enqueue::Dispatcher, process};
use gotong_worker::{
    Resources, Settings,
    import::{self, Import},
};
use std::time::Duration;
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
