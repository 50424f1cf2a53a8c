//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{bench, ci, interrupt, model, openapi, report, screenshots, sdk, stack, test, tidy};

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Runs, tests and checks the platform on this machine"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the local services and the platform, and watch them until Ctrl-C
    Up(Up),
    /// Stop everything that runs for this checkout, in order
    Down,
    /// Show what runs; exits with 1 unless all of it does
    Status,
    /// Show the end of the logs, or of one: postgres, redis, s3, elasticsearch, mail, api, worker, scheduler
    Logs {
        name: Option<String>,
        /// Go on with what is added, until Ctrl-C
        #[arg(short, long)]
        follow: bool,
    },
    /// Run the tests, or those whose path contains a text
    Test {
        filter: Option<String>,
        /// Leave the services running that were started for the tests
        #[arg(long)]
        keep: bool,
    },
    /// Run every check a change has to pass
    Ci,
    /// Check the rules that can be checked by reading
    Tidy,
    /// Take pictures of every screen of the dashboard into docs/dashboard
    Screenshots,
    /// Write openapi.yaml as the API describes itself
    Openapi {
        /// Only say whether the committed one is up to date
        #[arg(long)]
        check: bool,
    },
    /// Generate the Python and TypeScript clients into .gotong/sdk
    Sdk,
    /// Walk every scenario of the protocol's model, then each rule switched off (some 10 minutes)
    Model,
    /// Measure
    #[command(subcommand)]
    Bench(Bench),
    /// Stop everything and delete its data
    Reset {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// A backup beside `pg_dump -Fc -Z0 | zstd` of the same database
    Backup {
        /// About how large the dump is
        #[arg(long, default_value_t = 1_000)]
        megabytes: u64,
        /// How often each is repeated
        #[arg(long, default_value_t = 3)]
        rounds: u32,
    },
    /// The queue engine beside other queues
    Queue {
        /// The folder of the peers; bench/README.md says what it holds
        #[arg(long)]
        kit: PathBuf,
        /// Which peers and concurrencies, as in gotong-50,asynq-50
        #[arg(long)]
        configs: Option<String>,
    },
    /// Jobs accepted in the ledger, run, and recorded there
    Durable {
        /// How many jobs
        #[arg(long, default_value_t = 100_000)]
        jobs: u64,
        /// The program that measures River, to run it beside; bench/README.md says what it must do
        #[arg(long)]
        river: Option<String>,
    },
    /// E-mails of the ledger beside a bare loop of lettre, to the local mail server
    Email {
        /// How many messages
        #[arg(long, default_value_t = 1_000)]
        messages: u64,
    },
    /// Reports of many rows beside psql's copy, and the memory they take
    Report {
        /// How many rows as CSV, at most 1,000,000
        #[arg(long, default_value_t = 1_000_000)]
        rows: u32,
        /// How many rows as XLSX
        #[arg(long, default_value_t = 200_000)]
        xlsx_rows: u32,
    },
    /// Documents brought to the index beside a bare client of `_bulk`, and how soon each is found
    Search {
        /// How many documents
        #[arg(long, default_value_t = 20_000)]
        documents: u64,
    },
    /// What the recorder commits beside bare updates
    Recorder {
        /// How many jobs
        #[arg(long, default_value_t = 100_000)]
        jobs: u64,
    },
    /// Lists, inserts and the drop of a day in a ledger of many jobs
    Ledger {
        /// About how many jobs
        #[arg(long, default_value_t = 10_000_000)]
        rows: u64,
    },
    /// Accepts by the API beside bare inserts
    Api {
        /// How long each measurement takes
        #[arg(long, default_value_t = 10)]
        seconds: u32,
        /// How often each is repeated
        #[arg(long, default_value_t = 3)]
        rounds: u32,
    },
    /// The dashboard in a browser: first rows of each list, memory of live tabs, under load
    Dashboard {
        /// About how many jobs are in the ledger
        #[arg(long, default_value_t = 1_000_000)]
        rows: u64,
        /// How many come a second
        #[arg(long, default_value_t = 200)]
        rate: u32,
        /// How long the tabs are watched
        #[arg(long, default_value_t = 10.0)]
        minutes: f64,
        /// How often each list is opened
        #[arg(long, default_value_t = 40)]
        rounds: u32,
    },
    /// How late 10,000 schedules start, on servers of its own
    Scheduler,
}

#[derive(Debug, Args)]
struct Up {
    /// Return once everything is healthy, leaving it running
    #[arg(long)]
    detach: bool,
    /// How many workers to run [default: as many as before, at first 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    workers: Option<u16>,
    /// Start a part only
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// Build with optimisations
    #[arg(long)]
    release: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Part {
    /// The databases and other servers, none of the platform's own programs
    Services,
}

/// Runs the command given by the arguments of the process.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match interrupt::listen().and_then(|()| dispatch(cli.command)) {
        Ok(code) => code,
        Err(_) if interrupt::requested() => ExitCode::from(130),
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<ExitCode> {
    let passed = match command {
        Command::Up(up) => {
            let options = stack::Options {
                detach: up.detach,
                workers: up.workers,
                only_services: matches!(up.only, Some(Part::Services)),
                release: up.release,
            };
            stack::up(&options).map(|()| true)?
        }
        Command::Down => stack::down().map(|()| true)?,
        Command::Status => report::status()?,
        Command::Logs { name, follow } => report::logs(name.as_deref(), follow).map(|()| true)?,
        Command::Test { filter, keep } => test::run(filter.as_deref(), keep)?,
        Command::Ci => ci::run()?,
        Command::Tidy => tidy::run()?,
        Command::Screenshots => screenshots::run()?,
        Command::Openapi { check } => openapi::run(check).map(|()| true)?,
        Command::Sdk => sdk::run().map(|()| true)?,
        Command::Model => model::run()?,
        Command::Bench(Bench::Dashboard { rows, rate, minutes, rounds }) => {
            bench::dashboard::run(bench::dashboard::Size { rows, rate, minutes, rounds })?
        }
        Command::Bench(Bench::Scheduler) => bench::scheduler::run()?,
        Command::Bench(Bench::Backup { megabytes, rounds }) => bench::backup::run(megabytes, rounds)?,
        Command::Bench(Bench::Queue { kit, configs }) => bench::queue(&kit, configs.as_deref())?,
        Command::Bench(Bench::Durable { jobs, river }) => {
            let jobs = jobs.to_string();
            let mut arguments = vec!["durable", "--jobs", &jobs];
            arguments.extend(river.iter().flat_map(|program| ["--river", program]));
            bench::platform(&arguments)?
        }
        Command::Bench(Bench::Email { messages }) => bench::platform(&["email", "--messages", &messages.to_string()])?,
        Command::Bench(Bench::Report { rows, xlsx_rows }) => {
            bench::platform(&["report", "--rows", &rows.to_string(), "--xlsx-rows", &xlsx_rows.to_string()])?
        }
        Command::Bench(Bench::Search { documents }) => {
            bench::platform(&["search", "--documents", &documents.to_string()])?
        }
        Command::Bench(Bench::Recorder { jobs }) => bench::platform(&["recorder", "--jobs", &jobs.to_string()])?,
        Command::Bench(Bench::Ledger { rows }) => bench::platform(&["ledger", "--rows", &rows.to_string()])?,
        Command::Bench(Bench::Api { seconds, rounds }) => {
            bench::platform(&["api", "--seconds", &seconds.to_string(), "--rounds", &rounds.to_string()])?
        }
        Command::Reset { yes } => stack::reset(yes).map(|()| true)?,
    };
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
