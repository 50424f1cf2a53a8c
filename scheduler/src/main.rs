//! `gotong-scheduler`: runs the loops until it is told to stop.

use anyhow::Context;
use clap::{Parser, Subcommand};
use gotong_scheduler::Settings;
use gotong_shared::{config::Reader, telemetry};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

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
    telemetry::init(&settings.process)?;
    // Two providers are linked; rustls wants to be told which.
    _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    gotong_scheduler::run(settings, stop).await?;
    Ok(())
}

fn stop_on_signal(stop: CancellationToken) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be watched")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be watched")?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.cancel();
    });
    Ok(())
}
