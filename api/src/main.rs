//! `gotong-api`: serves, migrates, makes keys.

use anyhow::Context;
use chrono::TimeDelta;
use clap::{Parser, Subcommand};
use gotong_api::{Config, auth::Role, commands};
use gotong_shared::{
    config::{DatabaseConfig, Reader},
    db::Database,
    process, telemetry,
};
use std::{io::Read, process::ExitCode};
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Gotong's HTTP API. Settings come from GOTONG_… variables; .env.example lists them.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the API (the default).
    Serve,
    /// Applies the migrations that are missing.
    Migrate,
    /// Adds an administrator and prints their credentials as JSON.
    CreateAdmin {
        /// Their address.
        #[arg(long)]
        email: String,
        /// Reads the password from standard input instead of making one.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Makes an API key and prints it as JSON. It is shown this once.
    CreateKey {
        /// What it is for.
        #[arg(long)]
        name: String,
        /// admin, operator or viewer.
        #[arg(long)]
        role: Role,
        /// The workspace it belongs to; the default one if it is not named.
        #[arg(long)]
        workspace: Option<Uuid>,
        /// After how many days it expires; never if it is not said.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3650))]
        expires_days: Option<u32>,
    },
    /// Prints as JSON what receivers check a workspace's webhooks with.
    WebhookSecret {
        /// The workspace; the default one if it is not named.
        #[arg(long)]
        workspace: Option<Uuid>,
    },
    /// Prints the OpenAPI document.
    Openapi,
}

#[tokio::main]
async fn main() -> ExitCode {
    // A sentence is what an operator needs, not a backtrace.
    match execute(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gotong-api: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn execute(arguments: Arguments) -> anyhow::Result<()> {
    process::choose_tls();
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve().await,
        Command::Migrate => migrate().await,
        Command::CreateAdmin { email, password_stdin } => create_admin(&email, password_stdin).await,
        Command::CreateKey { name, role, workspace, expires_days } => {
            let lifetime = expires_days.map(|days| TimeDelta::days(days.into()));
            print(&commands::create_key(&database()?, &name, role, workspace, lifetime).await?)
        }
        Command::WebhookSecret { workspace } => print(&commands::webhook_secret(&database()?, workspace).await?),
        Command::Openapi => {
            print!("{}", gotong_api::openapi::yaml());
            Ok(())
        }
    }
}

async fn serve() -> anyhow::Result<()> {
    let config = Config::read(Reader::from_environment())?;
    telemetry::init(&config.process)?;
    let stop = process::stop_on_signal().context("signals cannot be watched")?;
    gotong_api::run(config, stop.cancelled_owned()).await.context("the API does not run")
}

async fn migrate() -> anyhow::Result<()> {
    let applied = database()?.migrate().await?;
    for name in &applied {
        eprintln!("applied {name}");
    }
    if applied.is_empty() {
        eprintln!("nothing to apply");
    }
    Ok(())
}

async fn create_admin(email: &str, password_stdin: bool) -> anyhow::Result<()> {
    let mut password = None;
    if password_stdin {
        let mut text = String::new();
        std::io::stdin().take(4_096).read_to_string(&mut text).context("the password cannot be read")?;
        password = Some(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    print(&commands::create_admin(&database()?, email, password).await?)
}

fn database() -> anyhow::Result<Database> {
    let mut reader = Reader::from_environment();
    let config = DatabaseConfig::read(&mut reader);
    Ok(Database::new(&reader.finish(config)?)?)
}

fn print(created: &impl serde::Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(created)?);
    Ok(())
}
