//! `gotong-scheduler`: runs the loops until it is told to stop.

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use gotong_scheduler::{Settings, commands, doctor::Mode};
use gotong_shared::{config::Reader, process};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `gotong-scheduler doctor` found something that is not mended.
const FOUND: u8 = 3;

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
    /// Compares ledger and Redis once, and prints a table of what it found.
    ///
    /// Exits with 0 if nothing is wrong, or everything was mended; with 3 if something is left; with 1 if a server does not
    /// answer; with 2 for wrong arguments. It may run beside schedulers, which do the same all the time.
    Doctor(DoctorArguments),
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct DoctorArguments {
    /// Changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Mends what it finds.
    #[arg(long)]
    repair: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let Arguments { command } = Arguments::parse();
    match command.unwrap_or(Command::Run) {
        Command::Run => run().await,
        Command::Doctor(arguments) => doctor(&arguments).await,
    }
}

async fn run() -> anyhow::Result<ExitCode> {
    let settings = start()?;
    let stop = process::stop_on_signal().context("signals cannot be watched")?;
    gotong_scheduler::run(settings, stop).await?;
    Ok(ExitCode::SUCCESS)
}

async fn doctor(arguments: &DoctorArguments) -> anyhow::Result<ExitCode> {
    let mode = if arguments.repair { Mode::Repair } else { Mode::Look };
    let report = commands::doctor(&start()?, mode).await?;
    println!("{report}");
    Ok(if report.is_anything_left() { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
}

fn start() -> anyhow::Result<Settings> {
    let settings = Settings::read(Reader::from_environment())?;
    process::begin(&settings.process)?;
    Ok(settings)
}
