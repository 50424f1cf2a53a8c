//! Accepts by the API: one by one and a thousand at once, beside the inserts that PostgreSQL does for the same rows.

use crate::{
    client::Client,
    cost::cpu,
    figures::{mean, number, percentile, ratios, tell},
    place::{self, Place, variable},
};
use anyhow::{Context as _, Result, bail, ensure};
use diesel::sql_types::{Array, Jsonb, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Value, json};
use std::{
    env,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{process::Command, task::JoinSet};
use uuid::Uuid;

/// Connections of the single accepts, and clients of pgbench.
const CONNECTIONS: usize = 100;
/// Connections of the bulk accepts.
const BULK: usize = 4;
const BATCH: usize = 1_000;

/// Measures, and prints a table.
pub async fn run(seconds: u64, rounds: usize) -> Result<()> {
    let place = Place::read()?;
    let time = Duration::from_secs(seconds);
    prepare().await?;
    let (mut singles, mut inserts, mut p99, mut cost) = (vec![], vec![], vec![], vec![]);
    let (mut bulk, mut unnest) = (vec![], vec![]);
    for _ in 0..rounds {
        inserts.push(pgbench(seconds).await?);
        let before = cpu(&["gotong-api"]);
        let mut load = load(&place, CONNECTIONS, time, Duration::ZERO, "/api/v1/jobs", &one().to_string()).await?;
        let spent = cpu(&["gotong-api"]).saturating_sub(before);
        cost.push(spent.as_secs_f64() * 1e6 / number(load.times.len()));
        singles.push(number(load.times.len()) / load.took.as_secs_f64());
        p99.push(percentile(&mut load.times, 0.99));
        unnest.push(bare_unnest(time).await?);
        let many = json!({ "jobs": vec![one(); BATCH] }).to_string();
        let batches = self::load(&place, BULK, time, Duration::ZERO, "/api/v1/jobs/batch", &many).await?;
        bulk.push(number(batches.times.len() * BATCH) / batches.took.as_secs_f64());
    }
    tell("pgbench, single inserts, 100 clients", "rows/s", &inserts);
    tell("POST /jobs, 100 connections", "jobs/s", &singles);
    tell("  of pgbench (goal: 0.3)", "", &ratios(&singles, &inserts));
    tell("  p99 (goal: under 50)", "ms", &p99);
    tell("  CPU of the API a job", "us", &cost);
    tell("bare unnest, 4 connections, 1000 rows a statement", "rows/s", &unnest);
    tell("POST /jobs/batch, 4 connections, 1000 jobs a request", "jobs/s", &bulk);
    tell("  of the bare unnest (goal: 0.5)", "", &ratios(&bulk, &unnest));
    // 100 users who think 2.75 s between two requests ask about 36 times a second.
    let think = Duration::from_millis(2_750);
    let mut users = load(&place, CONNECTIONS, time * 2, think, "/api/v1/jobs", &one().to_string()).await?;
    tell("100 users with think time", "requests/s", &[number(users.times.len()) / users.took.as_secs_f64()]);
    tell("  mean", "ms", &[mean(&users.times)]);
    tell("  p99", "ms", &[percentile(&mut users.times, 0.99)]);
    Ok(())
}

/// A job of about 190 bytes that nobody runs while we measure.
fn one() -> Value {
    json!({ "kind": "webhook.deliver", "payload": { "url": "http://127.0.0.1:9/hook", "event": "order.paid",
        "data": { "order": "019a0000-0000-7000-8000-000000000000", "total": 125_000, "currency": "IDR",
            "note": "terima kasih" } } })
}

struct Load {
    times: Vec<Duration>,
    took: Duration,
}

async fn load(
    place: &Place,
    connections: usize,
    time: Duration,
    think: Duration,
    path: &'static str,
    body: &str,
) -> Result<Load> {
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for number in 0..connections {
        let (address, key, body) = (place.address.clone(), place.key.clone(), body.to_owned());
        let share = u32::try_from(number).unwrap_or(0);
        let first = think * share / u32::try_from(connections).unwrap_or(1);
        tasks.spawn(async move {
            let mut client = Client::connect(&address, &key).await?;
            let mut times = Vec::new();
            tokio::time::sleep(first).await;
            while start.elapsed() < time {
                let (status, took) = client.post(path, &body).await?;
                ensure!(matches!(status, 202 | 207), "{path} was answered {status}");
                times.push(took);
                tokio::time::sleep(think).await;
            }
            anyhow::Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    Ok(Load { times, took: start.elapsed() })
}

/// A table with the columns of a job's row that an insert fills, and no index but its primary key.
async fn prepare() -> Result<()> {
    let mut connection = place::ledger().await?;
    connection
        .batch_execute(
            "create table if not exists bench_rows (id uuid primary key, workspace_id uuid not null, kind text not null,
                 queue text not null, priority smallint not null, state text not null, payload jsonb not null,
                 run_at timestamptz not null, max_attempts integer not null, timeout_ms integer not null,
                 backoff_base_ms integer not null, backoff_cap_ms integer not null, retention_s integer not null,
                 created_at timestamptz not null default now());
             truncate bench_rows",
        )
        .await?;
    Ok(())
}

const COLUMNS: &str = "id, workspace_id, kind, queue, priority, state, payload, run_at, max_attempts, timeout_ms, \
    backoff_base_ms, backoff_cap_ms, retention_s";

async fn pgbench(seconds: u64) -> Result<f64> {
    let payload = one()["payload"].to_string();
    let script = format!(
        "insert into bench_rows ({COLUMNS}) values (gen_random_uuid(), '019a0000-0000-7000-8000-000000000000', \
         'webhook.deliver', 'webhooks', 2, 'available', '{payload}', now(), 10, 30000, 2000, 1800000, 604800);\n"
    );
    let file = env::temp_dir().join(format!("gotong-bench-{}.sql", std::process::id()));
    tokio::fs::write(&file, script).await?;
    let output = Command::new(variable("GOTONG_BENCH_PGBENCH")?)
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--client", &CONNECTIONS.to_string()])
        .args(["--time", &seconds.to_string(), "--file"])
        .arg(&file)
        // its long form came with a later release
        .arg(variable("GOTONG_DATABASE_URL")?)
        .stderr(Stdio::piped())
        .output()
        .await
        .context("pgbench cannot be run")?;
    tokio::fs::remove_file(&file).await?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let tps = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    match tps {
        Some(tps) => Ok(tps),
        None => bail!("pgbench: {text}{}", String::from_utf8_lossy(&output.stderr)),
    }
}

async fn bare_unnest(time: Duration) -> Result<f64> {
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for _ in 0..BULK {
        tasks.spawn(async move {
            let mut connection = place::ledger().await?;
            let payload = one()["payload"].clone();
            let statement = format!(
                "insert into bench_rows ({COLUMNS}) select id, '019a0000-0000-7000-8000-000000000000', \
                 'webhook.deliver', 'webhooks', 2, 'available', payload, now(), 10, 30000, 2000, 1800000, 604800 \
                 from unnest($1, $2) as new (id, payload)"
            );
            let mut rows = 0;
            while start.elapsed() < time {
                rows += diesel::sql_query(&statement)
                    .bind::<Array<SqlUuid>, _>((0..BATCH).map(|_| Uuid::now_v7()).collect::<Vec<_>>())
                    .bind::<Array<Jsonb>, _>(vec![payload.clone(); BATCH])
                    .execute(&mut connection)
                    .await?;
            }
            anyhow::Ok(rows)
        });
    }
    let mut rows = 0;
    while let Some(done) = tasks.join_next().await {
        rows += done??;
    }
    Ok(number(rows) / start.elapsed().as_secs_f64())
}
