//! A ledger of millions of jobs: what lists, inserts and the drop of a day cost.

use crate::{
    figures::{percentile, tell},
    place::{self, WORKSPACE, count},
};
use anyhow::Result;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use gotong_shared::{
    enqueue::enqueue,
    ledger::{JobFilter, Start, State, first_id_of, list_jobs},
};
use std::time::{Duration, Instant};
use uuid::Uuid;

const DAYS: i64 = 10;
const SCHEDULE: Uuid = Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0042);
/// How often each page is read.
const READS: usize = 20;
const PAGE: i64 = 51;

/// Measures with about that many rows, and prints a table.
pub async fn run(rows: i64, seconds: u64) -> Result<()> {
    let mut connection = place::ledger().await?;
    let time = Duration::from_secs(seconds);
    insert_for(&mut connection, Duration::from_secs(2)).await?;
    let empty = insert_for(&mut connection, time).await?;
    fill(&mut connection, rows).await?;
    let full = insert_for(&mut connection, time).await?;
    tell("enqueue, 1,000 jobs a call, empty ledger", "jobs/s", &[empty]);
    let total = count(&mut connection, "select count(*) as count from jobs").await?;
    tell(&format!("enqueue, 1,000 jobs a call, {total} rows"), "jobs/s", &[full]);
    tell("  of the empty ledger's (goal: 0.9)", "", &[full / empty]);
    let mut worst: f64 = 0.0;
    for (name, filter) in filters() {
        for (place, start) in [("first", Start::Newest), ("deep", Start::After(deep()))] {
            let mut times = Vec::new();
            let mut found = 0;
            for _ in 0..READS {
                let start_of_read = Instant::now();
                found = list_jobs(&mut connection, &filter, start, PAGE).await?.len();
                times.push(start_of_read.elapsed());
            }
            let p95 = percentile(&mut times, 0.95);
            worst = worst.max(p95);
            tell(&format!("{name}, {place} page ({found} rows)"), "ms, p95", &[p95]);
        }
    }
    tell("  the slowest of them (goal: under 200)", "ms, p95", &[worst]);
    let dropped = drop_day(&mut connection).await?;
    tell("dropping a day", "ms", &[dropped.as_secs_f64() * 1_000.0]);
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "counts of a benchmark")]
async fn insert_for(connection: &mut AsyncPgConnection, time: Duration) -> Result<f64> {
    let start = Instant::now();
    let mut done = 0_usize;
    while start.elapsed() < time {
        let jobs = (0..1_000).map(|_| place::order()).collect::<Result<Vec<_>, _>>()?;
        done += enqueue(connection, &jobs).await?.rows.len();
    }
    Ok(done as f64 / start.elapsed().as_secs_f64())
}

/// Rows of the last days: most completed, some of every other state, rare kinds among frequent ones.
async fn fill(connection: &mut AsyncPgConnection, rows: i64) -> Result<()> {
    for day in 1..=DAYS {
        let statement = format!(
            "select create_job_partitions(current_date - {day});
             with new as materialized (
                 select (lpad(to_hex((extract(epoch from (current_date - {day})::timestamptz) * 1000)::bigint
                         + n::bigint * 86400000 / {per_day}), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
                         || substr(md5((n + {day} * 1000000007::bigint)::text), 1, 15))::uuid as id,
                     n, random() as luck, case when random() < 0.7 then 'webhook.deliver' when random() < 0.997
                         then 'thumbnail.generate' else 'maintenance.purge_media' end as kind
                 from generate_series(0, {per_day} - 1) n),
             stated as materialized (
                 select *, case when luck < 0.97 then 'completed' when luck < 0.98 then 'dead' when luck < 0.985
                     then 'cancelled' when luck < 0.9851 then 'quarantined' when luck < 0.995 then 'available'
                     when luck < 0.999 then 'scheduled' else 'retryable' end as state from new),
             added as (
                 insert into jobs (id, workspace_id, kind, queue, priority, state, version, payload, run_at, attempt,
                     max_attempts, timeout_ms, backoff_base_ms, backoff_cap_ms, retention_s, finished_at, error_class,
                     error_fingerprint, schedule_id, pushed)
                 select id, case when n % 10 = 0 then '019a0000-0000-7000-8000-000000000002'::uuid else '{WORKSPACE}' end,
                     kind, case kind when 'webhook.deliver' then 'webhooks' when 'thumbnail.generate' then 'images'
                         else 'maintenance' end, 2, state, n,
                     jsonb_build_object('event', 'order.' || n % 20, 'note', md5(n::text)), now() + interval '1 day',
                     1, 10, 30000, 2000, 1800000, 0,
                     case when state in ('completed', 'dead', 'cancelled', 'quarantined') then now() - interval '1 s' end,
                     case when state = 'dead' then 'x' end, case when state = 'dead' then 'print' || n % 50 end,
                     case when n % 1000 = 1 then '{SCHEDULE}'::uuid end, true
                 from stated)
             insert into job_fields (workspace_id, field, job_id)
             select case when n % 10 = 0 then '019a0000-0000-7000-8000-000000000002'::uuid else '{WORKSPACE}' end,
                 'event:order.' || n % 20, id from stated where kind = 'webhook.deliver'",
            per_day = rows / DAYS,
        );
        connection.batch_execute(&statement).await?;
        eprintln!("filled day {day} of {DAYS}");
    }
    connection.batch_execute("vacuum analyze jobs; ").await?;
    connection.batch_execute("vacuum analyze job_fields; ").await?;
    Ok(())
}

/// The id in the middle of the days that were filled.
fn deep() -> Uuid {
    first_id_of(chrono::Utc::now() - chrono::TimeDelta::days(DAYS / 2))
}

fn filters() -> Vec<(&'static str, JobFilter)> {
    let all = || JobFilter { workspace_id: WORKSPACE, ..JobFilter::default() };
    let state = |state| JobFilter { states: vec![state], ..all() };
    let kind = |kind: &str| JobFilter { kinds: vec![kind.to_owned()], ..all() };
    let now = chrono::Utc::now();
    vec![
        ("no filter", all()),
        ("state completed", state(State::Completed)),
        ("state dead", state(State::Dead)),
        ("state quarantined", state(State::Quarantined)),
        ("state scheduled", state(State::Scheduled)),
        ("state available", state(State::Available)),
        ("state retryable", state(State::Retryable)),
        ("kind webhook.deliver", kind("webhook.deliver")),
        ("kind maintenance.purge_media", kind("maintenance.purge_media")),
        ("kind and state", JobFilter { states: vec![State::Dead], ..kind("thumbnail.generate") }),
        ("queue images", JobFilter { queue: Some("images".into()), ..all() }),
        ("schedule", JobFilter { schedule_id: Some(SCHEDULE), ..all() }),
        ("error fingerprint", JobFilter { error_fingerprint: Some("print7".into()), ..all() }),
        ("payload field", JobFilter { fields: vec!["event:order.7".into()], ..all() }),
        (
            "time range",
            JobFilter {
                accepted_from: Some(now - chrono::TimeDelta::days(7)),
                accepted_before: Some(now - chrono::TimeDelta::days(3)),
                ..all()
            },
        ),
    ]
}

/// The oldest day, made final and expired before.
async fn drop_day(connection: &mut AsyncPgConnection) -> Result<Duration> {
    let day = (chrono::Utc::now() - chrono::TimeDelta::days(DAYS)).format("%Y%m%d");
    let end =
        format!("update jobs_{day} set finished_at = now() - interval '1 h', state = 'dead' where finished_at is null");
    connection.batch_execute(&end).await?;
    let start = Instant::now();
    connection.batch_execute(&format!("select drop_job_partitions('{day}')")).await?;
    let took = start.elapsed();
    let there = format!("select count(*) as count from pg_class where relname = 'jobs_{day}'");
    anyhow::ensure!(count(connection, &there).await? == 0, "the day is still there");
    Ok(took)
}
