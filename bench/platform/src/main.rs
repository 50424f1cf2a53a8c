//! Loads for the platform's own benchmarks. `cargo xtask bench api` starts what they need, and tells them where it is.

mod accepts;
mod client;
mod cost;
mod durable;
mod email;
mod figures;
mod ledger;
mod place;
mod recorder;
mod report;
mod river;
mod search;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures a running platform; the environment says where it is.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Accepts by the API beside bare inserts.
    Api {
        /// How long each measurement takes, in seconds.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// How often each is repeated; medians are told.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// Jobs accepted, run and recorded.
    Durable {
        /// How many jobs.
        #[arg(long, default_value_t = 100_000)]
        jobs: usize,
        /// How often it is repeated; medians are told.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// How many jobs run at once.
        #[arg(long, default_value_t = 50)]
        concurrency: usize,
        /// The program that measures River; it runs beside, with as many jobs.
        #[arg(long)]
        river: Option<PathBuf>,
    },
    /// E-mails of the ledger beside a bare loop of lettre.
    Email {
        /// How many messages.
        #[arg(long, default_value_t = 1_000)]
        messages: usize,
        /// How often it is repeated; medians are told.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// How many connections to the server.
        #[arg(long, default_value_t = 10)]
        connections: usize,
    },
    /// What the recorder commits beside bare updates of the same rows.
    Recorder {
        /// How many jobs.
        #[arg(long, default_value_t = 100_000)]
        jobs: usize,
        /// How often it is repeated; medians are told.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// Reports of many rows beside psql's `\copy`, and the memory they take.
    Report {
        /// How many rows as CSV, at most 1,000,000.
        #[arg(long, default_value_t = 1_000_000)]
        rows: u32,
        /// How many rows as XLSX.
        #[arg(long, default_value_t = 200_000)]
        xlsx_rows: u32,
        /// How often the CSV is repeated; medians are told.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// Documents brought to the index beside a bare client of `_bulk`, and how soon each is found.
    Search {
        /// How many documents.
        #[arg(long, default_value_t = 20_000)]
        documents: usize,
        /// How often the bulk rate is measured; medians are told.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// How many documents a second come in the steady load.
        #[arg(long, default_value_t = 200)]
        rate: u32,
    },
    /// Lists, inserts and the drop of a day in a ledger of many jobs.
    Ledger {
        /// About how many jobs.
        #[arg(long, default_value_t = 10_000_000)]
        rows: i64,
        /// How long each measurement of inserts takes, in seconds.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().bench {
        Bench::Api { seconds, rounds } => accepts::run(seconds, rounds).await,
        Bench::Durable { jobs, rounds, concurrency, river } => {
            durable::run(jobs, rounds, concurrency, river.as_deref()).await
        }
        Bench::Email { messages, rounds, connections } => email::run(messages, rounds, connections).await,
        Bench::Recorder { jobs, rounds } => recorder::run(jobs, rounds).await,
        Bench::Report { rows, xlsx_rows, rounds } => report::run(rows, xlsx_rows, rounds).await,
        Bench::Search { documents, rounds, rate } => search::run(documents, rounds, rate).await,
        Bench::Ledger { rows, seconds } => ledger::run(rows, seconds).await,
    }
}
