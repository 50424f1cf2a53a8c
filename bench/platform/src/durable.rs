//! Jobs that the ledger has accepted, run and recorded: how many a second, and at what cost.
//!
//! The worker is the engine's own with a handler that does nothing; relay and recorder are a scheduler process.

use crate::{cost::cpu, figures::tell, river::River};
use anyhow::{Context as _, Result, ensure};
use apalis_core::worker::builder::WorkerBuilder;
use diesel::{QueryableByName, sql_types::BigInt};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use gotong_queue::{Backend, Client, Job, Outcome, QueueName, Subscription, WorkerInfo};
use gotong_shared::{
    config::{QueueConfig, Reader},
    enqueue::{Dispatcher, NewJob, enqueue},
};
use serde_json::json;
use std::{
    convert::Infallible,
    path::Path,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const WORKSPACE: Uuid = Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0001);
const LIMIT: Duration = Duration::from_mins(5);
/// Ours, and those that carry our load.
const SERVERS: [&str; 4] = ["postgres", "redis-server", "valkey-server", "gotong-scheduler"];

/// Measures `rounds` times `jobs` jobs, and prints a table.
pub async fn run(jobs: usize, rounds: usize, concurrency: usize, river: Option<&Path>) -> Result<()> {
    let url =
        std::env::var("GOTONG_DATABASE_URL").context("GOTONG_DATABASE_URL is not set: use `cargo xtask bench`")?;
    let mut ledger = AsyncPgConnection::establish(&url).await?;
    let workspace = format!("insert into workspaces (id, name) values ('{WORKSPACE}', 'bench') on conflict do nothing");
    ledger.batch_execute(&workspace).await?;
    let client = Client::connect(QueueConfig::read(&mut Reader::from_environment()).engine()).await?;
    let queue: QueueName = "webhooks".parse()?;
    let (mut rates, mut costs, mut parts) = (vec![], vec![], vec![vec![]; SERVERS.len() + 1]);
    let mut river = match river {
        Some(program) => Some((River::prepare(program, &url, &mut ledger).await?, vec![], vec![])),
        None => None,
    };
    for _ in 0..rounds {
        if let Some((river, rates, costs)) = &mut river {
            let (took, spent) = river.run(jobs).await?;
            rates.push(count(jobs) / took.as_secs_f64());
            costs.push(spent.as_secs_f64() * 1e6 / count(jobs));
        }
        accept(&mut ledger, &client, &queue, jobs).await?;
        let before: Vec<Duration> = SERVERS.iter().chain(&["gotong-bench"]).map(|name| cpu(&[name])).collect();
        let start = Instant::now();
        let stop = CancellationToken::new();
        let worker = tokio::spawn(work(client.clone(), queue.clone(), concurrency, stop.clone()));
        wait(&mut ledger, "finished_at is not null", 0, LIMIT).await?;
        let took = start.elapsed();
        stop.cancel();
        worker.await??;
        rates.push(count(jobs) / took.as_secs_f64());
        let spent =
            SERVERS.iter().chain(&["gotong-bench"]).zip(before).map(|(name, was)| cpu(&[name]).saturating_sub(was));
        let spent: Vec<f64> = spent.map(|time| time.as_secs_f64() * 1e6 / count(jobs)).collect();
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
        let ratio = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a / b).collect::<Vec<_>>();
        tell("River, 1,000 at once", "jobs/s", &theirs);
        tell("  CPU a job, worker and PostgreSQL", "us", &their_costs);
        tell("ours of its jobs a second (goal: 3)", "", &ratio(&rates, &theirs));
        tell("ours of its CPU a job (goal: under 0.5)", "", &ratio(&costs, &their_costs));
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "counts of a benchmark")]
fn count(number: usize) -> f64 {
    number as f64
}

/// Accepts the jobs, and waits until all of them are in Redis.
async fn accept(ledger: &mut AsyncPgConnection, client: &Client, queue: &QueueName, jobs: usize) -> Result<()> {
    let dispatcher = Dispatcher::new(client.clone());
    let payload = json!({ "url": "http://127.0.0.1:9/hook", "event": "order.paid",
        "data": { "order": Uuid::nil(), "total": 125_000, "currency": "IDR", "note": "terima kasih" } });
    for _ in 0..jobs.div_ceil(1_000) {
        let clock = dispatcher.clock().await;
        let one = || NewJob::of_kind(WORKSPACE, "webhook.deliver", payload.clone());
        let batch = (0..1_000).map(|_| one()).collect::<Result<Vec<_>, _>>()?;
        let enqueued = enqueue(ledger, &batch).await?;
        dispatcher.push(clock, enqueued).await;
    }
    let start = Instant::now();
    while client.counts(queue).await?.alive < u64::try_from(jobs)? {
        ensure!(start.elapsed() < LIMIT, "the jobs do not reach Redis");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // The relay marks what was pushed; that is a cost of accepting.
    wait(ledger, "pushed", 0, LIMIT).await
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

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Waits until at most `left` jobs do not fulfil the condition.
async fn wait(ledger: &mut AsyncPgConnection, condition: &str, left: i64, limit: Duration) -> Result<()> {
    let start = Instant::now();
    // The index of open rows answers this at once.
    let query = format!(
        "select count(*) as count from (select from jobs where finished_at is null and not coalesce({condition}, false) limit 1) as open"
    );
    while diesel::sql_query(&query).get_result::<Count>(ledger).await?.count > left {
        ensure!(start.elapsed() < limit, "not every job came to its end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
