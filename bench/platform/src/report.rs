//! Reports of many rows: the data set `jobs` to CSV beside psql's `\copy` of the same query, and to XLSX; and the memory of
//! the process that makes them.

use crate::{
    cost,
    figures::{number, ratios, tell},
    place::{self, WORKSPACE, Worker},
};
use anyhow::{Context as _, Result, ensure};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use gotong_queue::Client;
use gotong_shared::{
    config::{QueueConfig, Reader},
    enqueue::{Dispatcher, NewJob, enqueue},
    jobs::{Contract, ReportGenerate},
    process,
    reports::data_sets,
};
use serde_json::json;
use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

/// How often we look.
const TICK: Duration = Duration::from_millis(20);
const DAY: &str = "2026-01-05";

const FILL: &str = "
    select create_job_partitions('2026-01-05');
    insert into jobs (id, workspace_id, kind, queue, priority, state, payload, run_at, attempt, max_attempts, timeout_ms,
        backoff_base_ms, backoff_cap_ms, retention_s, created_at, started_at, finished_at, error_class, error_message)
    select (substr(uuid_floor(at)::text, 1, 14) || '7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
        '{workspace}', case when n % 3 = 0 then 'email.send' else 'thumbnail.generate' end, 'images', 2,
        case when n % 50 = 0 then 'dead' else 'completed' end, '{}', at, 1, 10, 1000, 1000, 1000, 604800, at,
        at + interval '12 ms', at + interval '130 ms',
        case when n % 50 = 0 then 'refused' end, case when n % 50 = 0 then 'The server said \"no\", and meant it.' end
    from (select n, timestamptz '2026-01-05 00:00:00Z' + n * interval '80 ms' as at
          from generate_series(0, {rows} - 1) as n) as job;
    analyze jobs";

/// Measures `rounds` times `rows` rows to CSV, ours and psql's in turn, then `cells` rows to XLSX.
pub async fn run(rows: u32, xlsx_rows: u32, rounds: usize) -> Result<()> {
    process::choose_tls();
    ensure!(rows <= 1_000_000 && xlsx_rows <= rows, "a day of this bench has at most 1,000,000 rows");
    let mut ledger = place::ledger().await?;
    let fill = FILL.replace("{workspace}", &WORKSPACE.to_string()).replace("{rows}", &rows.to_string());
    ledger.batch_execute(&fill).await?;
    let worker = Worker::start(&[("GOTONG_WORKER_QUEUES", "reports:1".to_owned())])?;
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    cost::forget_peak()?;
    for _ in 0..rounds {
        bare.push(rate(rows, copy(rows).await?));
        ours.push(rate(rows, report(&mut ledger, "csv", rows).await?));
    }
    let csv_memory = cost::peak_memory()?;
    cost::forget_peak()?;
    let xlsx = rate(xlsx_rows, report(&mut ledger, "xlsx", xlsx_rows).await?);
    let xlsx_memory = cost::peak_memory()?;
    worker.stop().await?;
    tell(&format!("psql \\copy to a file, {rows} rows"), "rows/s", &bare);
    tell("a report as CSV in the object store, from push to ready", "rows/s", &ours);
    tell("  ours of psql's (goal: 0.5)", "", &ratios(&ours, &bare));
    tell("  peak memory of the process (goal: under 200)", "MiB", &[csv_memory]);
    tell(&format!("a report as XLSX, {xlsx_rows} rows"), "rows/s", &[xlsx]);
    tell("  peak memory of the process (goal: under 200)", "MiB", &[xlsx_memory]);
    Ok(())
}

fn rate(rows: u32, took: Duration) -> f64 {
    number(rows as usize) / took.as_secs_f64()
}

/// The data set's own query, with its values written in.
async fn copy(rows: u32) -> Result<Duration> {
    let sql = data_sets::find("jobs").context("there is a data set of jobs")?.sql;
    let sql = sql
        .replace("$1::jsonb", r#"'{"zone": "UTC"}'::jsonb"#)
        .replace("$2", &format!("'{WORKSPACE}'"))
        .replace("$3", &format!("'{DAY} 00:00:00Z'"))
        .replace("$4", &format!("(timestamptz '{DAY} 00:00:00Z' + interval '1 day')"))
        .replace("$5", &(rows + 1).to_string());
    let file = std::env::temp_dir().join(format!("gotong-bench-{}.csv", uuid::Uuid::now_v7().simple()));
    let copy = format!("\\copy ({}) to '{}' csv header", sql.replace('\n', " "), file.display());
    let pgbench = place::variable("GOTONG_BENCH_PGBENCH")?;
    let psql = Path::new(&pgbench).with_file_name("psql");
    let start = Instant::now();
    let status = tokio::process::Command::new(psql)
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", &copy, &place::variable("GOTONG_DATABASE_URL")?])
        .stdout(Stdio::null())
        .status()
        .await?;
    let took = start.elapsed();
    let lines = std::fs::read(&file)?.split(|byte| *byte == b'\n').count() - 1;
    std::fs::remove_file(&file)?;
    ensure!(status.success() && lines == rows as usize + 1, "psql copied {lines} lines");
    Ok(took)
}

/// From the push of its job until the report is ready.
async fn report(ledger: &mut AsyncPgConnection, format: &str, rows: u32) -> Result<Duration> {
    let client = Client::connect(QueueConfig::read(&mut Reader::from_environment()).engine()).await?;
    let dispatcher = Dispatcher::new(client);
    let request = json!({ "data_set": "jobs", "format": format, "row_limit": rows,
        "from": format!("{DAY}T00:00:00Z"), "to": "2026-01-06T00:00:00Z" });
    let job = NewJob::of_kind(WORKSPACE, ReportGenerate::KIND, request)?;
    let id = job.id;
    let clock = dispatcher.clock().await;
    let enqueued = ledger.transaction(async |connection| enqueue(connection, &[job]).await).await?;
    let start = Instant::now();
    dispatcher.push(clock, enqueued).await;
    let waiting = format!(
        "select count(*) as count from (select '{id}'::uuid as id) as wanted
         where not exists (select from reports where reports.id = wanted.id and state <> 'queued')"
    );
    place::wait_for_none(ledger, &waiting, TICK).await?;
    let took = start.elapsed();
    let whole =
        format!("select count(*) as count from reports where id = '{id}' and state = 'ready' and row_count = {rows}");
    ensure!(place::count(ledger, &whole).await? == 1, "the report has every row");
    Ok(took)
}
