//! Jobs that the ledger has accepted, run and recorded: how many a second, and at what cost.
//!
//! The worker is the engine's own with a handler that does nothing; relay and recorder are a scheduler process.

use crate::{
    cost::cpu,
    figures::{number, ratios, tell},
    place,
    river::River,
};
use anyhow::{Result, ensure};
use apalis_core::worker::builder::WorkerBuilder;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use gotong_queue::{Backend, Client, Job, Outcome, QueueName, Subscription, WorkerInfo};
use gotong_shared::{
    config::{QueueConfig, Reader},
    enqueue::{Dispatcher, enqueue},
};
use std::{
    convert::Infallible,
    path::Path,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// Ours, and those that carry our load.
const SERVERS: [&str; 4] = ["postgres", "redis-server", "valkey-server", "gotong-scheduler"];

/// Measures `rounds` times `jobs` jobs, and prints a table.
pub async fn run(jobs: usize, rounds: usize, concurrency: usize, river: Option<&Path>) -> Result<()> {
    let mut ledger = place::ledger().await?;
    let client = Client::connect(QueueConfig::read(&mut Reader::from_environment()).engine()).await?;
    let queue: QueueName = "webhooks".parse()?;
    let (mut rates, mut costs, mut parts) = (vec![], vec![], vec![vec![]; SERVERS.len() + 1]);
    let mut river = match river {
        Some(program) => Some((River::prepare(program, &mut ledger).await?, vec![], vec![])),
        None => None,
    };
    for _ in 0..rounds {
        if let Some((river, rates, costs)) = &mut river {
            let (took, spent) = river.run(jobs).await?;
            rates.push(number(jobs) / took.as_secs_f64());
            costs.push(spent.as_secs_f64() * 1e6 / number(jobs));
        }
        accept(&mut ledger, &client, &queue, jobs).await?;
        let before: Vec<Duration> = SERVERS.iter().chain(&["gotong-bench"]).map(|name| cpu(&[name])).collect();
        let start = Instant::now();
        let stop = CancellationToken::new();
        let worker = tokio::spawn(work(client.clone(), queue.clone(), concurrency, stop.clone()));
        wait(&mut ledger, "finished_at is not null").await?;
        let took = start.elapsed();
        stop.cancel();
        worker.await??;
        rates.push(number(jobs) / took.as_secs_f64());
        let spent =
            SERVERS.iter().chain(&["gotong-bench"]).zip(before).map(|(name, was)| cpu(&[name]).saturating_sub(was));
        let spent: Vec<f64> = spent.map(|time| time.as_secs_f64() * 1e6 / number(jobs)).collect();
        costs.push(spent.iter().sum());
        for (part, spent) in parts.iter_mut().zip(spent) {
            part.push(spent);
        }
        ledger.batch_execute("truncate jobs, job_attempts, job_fields").await?;
    }
    tell(&format!("accepted, run and recorded, {concurrency} at once"), "jobs/s", &rates);
    tell("  CPU a job, worker and all servers", "us", &costs);
    for (name, part) in SERVERS.iter().chain(&["worker"]).zip(&parts).filter(|(_, part)| part.iter().any(|t| *t > 0.0))
    {
        tell(&format!("    {name}"), "us", part);
    }
    if let Some((_, theirs, their_costs)) = river {
        tell("River, 1,000 at once", "jobs/s", &theirs);
        tell("  CPU a job, worker and PostgreSQL", "us", &their_costs);
        tell("ours of its jobs a second (goal: 3)", "", &ratios(&rates, &theirs));
        tell("ours of its CPU a job (goal: under 0.5)", "", &ratios(&costs, &their_costs));
    }
    Ok(())
}

/// Accepts the jobs, and waits until all of them are in Redis.
async fn accept(ledger: &mut AsyncPgConnection, client: &Client, queue: &QueueName, jobs: usize) -> Result<()> {
    let dispatcher = Dispatcher::new(client.clone());
    for _ in 0..jobs.div_ceil(1_000) {
        let clock = dispatcher.clock().await;
        let batch = (0..1_000).map(|_| place::order()).collect::<Result<Vec<_>, _>>()?;
        let enqueued = enqueue(ledger, &batch).await?;
        dispatcher.push(clock, enqueued).await;
    }
    // The relay marks what was pushed; that is a cost of accepting.
    wait(ledger, "pushed").await?;
    ensure!(client.counts(queue).await?.alive >= u64::try_from(jobs)?, "not every job reached Redis");
    Ok(())
}

async fn work(client: Client, queue: QueueName, concurrency: usize, stop: CancellationToken) -> Result<()> {
    let mut subscription = Subscription::new(queue, concurrency, WorkerInfo::new("bench"));
    subscription.kinds = vec!["webhook.deliver".into()];
    let worker = WorkerBuilder::new("bench")
        .backend(Backend::new(client, subscription))
        .build(|_: Job| async { Ok::<_, Infallible>(Outcome::Done(None)) });
    worker
        .run_until(async move {
            stop.cancelled().await;
            Ok::<(), std::io::Error>(())
        })
        .await?;
    Ok(())
}

/// Waits until every job fulfils the condition.
async fn wait(ledger: &mut AsyncPgConnection, condition: &str) -> Result<()> {
    // The index of open rows answers this at once.
    let query = format!(
        "select count(*) as count from (select from jobs where finished_at is null and not coalesce({condition}, false) limit 1) as open"
    );
    place::wait_for_none(ledger, &query, Duration::from_millis(100)).await
}
