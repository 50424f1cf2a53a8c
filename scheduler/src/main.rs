//! `gotong-scheduler`: runs the loops until it is told to stop.

use anyhow::Context;
use clap::{Parser, Subcommand};
use gotong_scheduler::Settings;
use gotong_shared::{config::Reader, process};

/// Gotong's scheduler. Its settings are GOTONG_… variables; .env.example lists them.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the loops (the default).
    Run,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments { command } = Arguments::parse();
    match command.unwrap_or(Command::Run) {
        Command::Run => run().await,
    }
}

async fn run() -> anyhow::Result<()> {
    let settings = Settings::read(Reader::from_environment())?;
    process::begin(&settings.process)?;
    let stop = process::stop_on_signal().context("signals cannot be watched")?;
    gotong_scheduler::run(settings, stop).await?;
    Ok(())
}
