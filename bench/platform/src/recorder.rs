//! What the recorder commits, beside bare updates of as many rows of the same table.

use crate::{
    cost::cpu,
    figures::{number, ratios, tell},
    place::{self, WORKSPACE},
};
use anyhow::{Result, ensure};
use diesel::sql_types::{Array, BigInt, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use gotong_queue::{Event, EventKind, Timestamp};
use gotong_shared::{
    enqueue::enqueue,
    ledger::{Recorded, record},
};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// No scheduler process knows it, so nobody else works on these rows.
const QUEUE: &str = "bench-recorder";
const EPOCH: &str = "bench";
/// What the recorder reads at once.
const BATCH: usize = 1_000;

/// Measures, and prints a table. Batches of both take turns.
pub async fn run(jobs: usize, rounds: usize) -> Result<()> {
    let mut ledger = place::ledger().await?;
    let epoch = format!(
        "insert into queue_epochs (queue, name, run_id) values ('{QUEUE}', '{EPOCH}', 'bench') on conflict do nothing"
    );
    ledger.batch_execute(&epoch).await?;
    let (mut recorded, mut bare, mut costs, mut bare_costs) = (vec![], vec![], vec![], vec![]);
    for _ in 0..rounds {
        let (mut ours, mut theirs) = (Spent::default(), Spent::default());
        for _ in 0..jobs.div_ceil(BATCH) {
            let events = accept(&mut ledger).await?.into_iter().map(completed).collect::<Vec<_>>();
            let meter = Meter::start();
            let committed = record(&mut ledger, QUEUE, Some(EPOCH), &events).await?;
            ours.add(&meter);
            ensure!(committed == Recorded::Committed(BATCH), "the recorder answered {committed:?}");
            let ids = accept(&mut ledger).await?;
            let meter = Meter::start();
            let updated = update(&mut ledger, &ids).await?;
            theirs.add(&meter);
            ensure!(updated == BATCH, "{updated} rows were updated");
        }
        let jobs = number(jobs.div_ceil(BATCH) * BATCH);
        recorded.push(jobs / ours.time.as_secs_f64());
        bare.push(jobs / theirs.time.as_secs_f64());
        costs.push(ours.cpu.as_secs_f64() * 1e6 / jobs);
        bare_costs.push(theirs.cpu.as_secs_f64() * 1e6 / jobs);
        ledger.batch_execute("truncate jobs, job_attempts, job_fields").await?;
    }
    tell("bare UPDATE ... FROM unnest, 1,000 rows a statement", "rows/s", &bare);
    tell("  CPU a row, client and PostgreSQL", "us", &bare_costs);
    tell("recorder, 1,000 ends a transaction", "rows/s", &recorded);
    tell("  CPU a row, client and PostgreSQL", "us", &costs);
    tell("  of the bare update (goal: 0.5)", "", &ratios(&recorded, &bare));
    Ok(())
}

#[derive(Default)]
struct Spent {
    time: Duration,
    cpu: Duration,
}

struct Meter {
    start: Instant,
    cpu: Duration,
}

impl Meter {
    fn start() -> Self {
        Self { cpu: cpu(&["postgres", "gotong-bench"]), start: Instant::now() }
    }
}

impl Spent {
    fn add(&mut self, meter: &Meter) {
        self.time += meter.start.elapsed();
        self.cpu += cpu(&["postgres", "gotong-bench"]).saturating_sub(meter.cpu);
    }
}

/// A batch of jobs as they stand when the recorder meets them: accepted and pushed.
async fn accept(ledger: &mut AsyncPgConnection) -> Result<Vec<Uuid>> {
    let jobs = (0..BATCH).map(|_| place::order()).collect::<Result<Vec<_>, _>>()?;
    let accepted = ledger
        .transaction(async |ledger| {
            let accepted = enqueue(ledger, &jobs).await?;
            let ids: Vec<Uuid> = accepted.rows.iter().map(|row| row.id).collect();
            diesel::sql_query("update jobs set pushed = true, queue = $2 where id = any($1)")
                .bind::<Array<SqlUuid>, _>(&ids)
                .bind::<diesel::sql_types::Text, _>(QUEUE)
                .execute(ledger)
                .await?;
            anyhow::Ok(ids)
        })
        .await?;
    Ok(accepted)
}

/// A first attempt that succeeded.
fn completed(job_id: Uuid) -> Event {
    let now = Timestamp::now();
    Event {
        stream_id: Uuid::now_v7().to_string(),
        job_id,
        generation: 1,
        version: now.0 * 1_000,
        attempt: 1,
        attempts_used: 1,
        crashes: 0,
        kind: EventKind::Completed,
        reported: EventKind::Completed,
        worker: Some(WORKSPACE),
        token: Some(job_id),
        started_at: Some(now),
        ended_at: now,
        run_at: None,
        error_class: None,
        error_message: None,
        result: None,
        progress: None,
        log: Vec::new(),
    }
}

async fn update(ledger: &mut AsyncPgConnection, ids: &[Uuid]) -> Result<usize> {
    let now = chrono::Utc::now();
    let version = now.timestamp_micros();
    let updated = diesel::sql_query(
        "update jobs set state = 'completed', version = new.version, attempt = 1, worker = new.worker,
             started_at = new.started_at, finished_at = new.finished_at
         from unnest($1, $2, $3, $4, $5) as new (id, version, worker, started_at, finished_at) where jobs.id = new.id",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<BigInt>, _>(vec![version; ids.len()])
    .bind::<Array<diesel::sql_types::Text>, _>(vec![WORKSPACE.to_string(); ids.len()])
    .bind::<Array<Timestamptz>, _>(vec![now; ids.len()])
    .bind::<Array<Timestamptz>, _>(vec![now; ids.len()])
    .execute(ledger)
    .await?;
    Ok(updated)
}
