//! `maintenance.prune_history`.

use super::Handler;
use crate::{outcome::Failure, runner::Resources};
use diesel::sql_types::{BigInt, Double};
use diesel_async::RunQueryDsl;
use gotong_queue::Job;
use gotong_shared::{jobs::MaintenancePruneHistory, mail::suppression::prune_emails};
use serde_json::{Value, json};

/// How long e-mails are kept after they were accepted, where every recipient has an outcome.
const EMAILS_DAYS: i64 = 90;
/// Rows that go in one statement.
const BATCH: i64 = 1_000;

/// Jobs whose whole day is not over yet. What a payload in the object store is worth goes by the sweep of the store.
const EXPIRED_JOBS: &str = "
    with expired as (
        select id from jobs
        where finished_at is not null and finished_at < now() - make_interval(secs => retention_s) limit $1),
    attempts as (delete from job_attempts using expired where job_id = expired.id),
    fields as (delete from job_fields using expired where job_id = expired.id)
    delete from jobs using expired where jobs.id = expired.id";

/// A tick that waits is kept, however old.
const OLD_TICKS: &str = "
    delete from schedule_ticks where (schedule_id, tick) in (
        select schedule_id, tick from schedule_ticks
        where created_at < now() - make_interval(secs => $2) and outcome <> 'queued' limit $1)";

impl Handler for MaintenancePruneHistory {
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        let (mut jobs, mut ticks, mut emails) = (0, 0, 0);
        let mut connection = resources.database.connection().await?;
        loop {
            let query = diesel::sql_query(EXPIRED_JOBS).bind::<BigInt, _>(BATCH);
            let some_jobs = query.execute(&mut connection).await?;
            let query = diesel::sql_query(OLD_TICKS).bind::<BigInt, _>(BATCH);
            let some_ticks = query.bind::<Double, _>(f64::from(self.ticks_kept_s)).execute(&mut connection).await?;
            let some_emails = prune_emails(&mut connection, EMAILS_DAYS, BATCH).await?;
            jobs += some_jobs;
            emails += some_emails;
            ticks += some_ticks;
            if some_jobs + some_ticks + some_emails == 0 || job.cancelled().is_cancelled() {
                return Ok(Some(json!({ "jobs": jobs, "ticks": ticks, "emails": emails })));
            }
        }
    }
}
