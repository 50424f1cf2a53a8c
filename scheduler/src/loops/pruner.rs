//! Pruner: makes partitions ahead, drops days that are over, and removes what has expired.

use crate::{
    Resources,
    runner::{Loop, Pass, PassError},
};
use chrono::{Days, NaiveDate, Utc};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Date, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use gotong_shared::statistics;
use std::time::Duration;

/// Days for which there is always a partition, so that a scheduler may be away for a week.
const AHEAD: u64 = 7;
const BATCH: i64 = 1_000;

/// The pruner.
pub struct Pruner {
    resources: Resources,
}

impl Pruner {
    /// Of the whole ledger.
    #[must_use]
    pub fn new(resources: Resources) -> Self {
        Self { resources }
    }
}

impl Loop for Pruner {
    fn name(&self) -> &'static str {
        "pruner"
    }

    fn interval(&self) -> Duration {
        Duration::from_mins(1)
    }

    async fn pass(&mut self) -> Result<Pass, PassError> {
        let mut connection = self.resources.database.connection().await?;
        let today = Utc::now().date_naive();
        let mut done = 0;
        for ahead in 0..=AHEAD {
            done += usize::from(make_day(&mut connection, today + Days::new(ahead)).await?);
        }
        for day in past_days(&mut connection, today).await? {
            done += usize::from(drop_day_if_over(&mut connection, &day).await?);
        }
        let rows = delete_expired_jobs(&mut connection).await?;
        let keys = delete_expired_keys(&mut connection).await?;
        let (counts, more_counts) = statistics::prune(&mut connection, BATCH).await?;
        let more = rows == batch() || keys == batch() || more_counts;
        Ok(Pass { done: done + rows + keys + counts, more })
    }
}

fn batch() -> usize {
    usize::try_from(BATCH).unwrap_or(usize::MAX)
}

#[derive(QueryableByName)]
struct Made {
    #[diesel(sql_type = Bool)]
    made: bool,
}

async fn make_day(connection: &mut AsyncPgConnection, day: NaiveDate) -> Result<bool, PassError> {
    let query = diesel::sql_query("select create_job_partitions($1) as made").bind::<Date, _>(day);
    Ok(query.get_result::<Made>(connection).await?.made)
}

#[derive(QueryableByName)]
struct Day {
    /// `YYYYMMDD`.
    #[diesel(sql_type = Text)]
    day: String,
}

/// The days before yesterday that still have a partition, the oldest first.
async fn past_days(connection: &mut AsyncPgConnection, today: NaiveDate) -> Result<Vec<String>, PassError> {
    let query = diesel::sql_query(
        "select substr(relname, 6) as day from pg_inherits join pg_class on pg_class.oid = inhrelid
         where inhparent = 'jobs'::regclass and relname ~ '^jobs_[0-9]{8}$' and substr(relname, 6) < $1
         order by 1 limit 400",
    );
    let before = (today - Days::new(1)).format("%Y%m%d").to_string();
    let days: Vec<Day> = query.bind::<Text, _>(before).load(connection).await?;
    Ok(days.into_iter().map(|day| day.day).collect())
}

/// Drops both partitions of a day when every job in it is final and past its retention.
async fn drop_day_if_over(connection: &mut AsyncPgConnection, day: &str) -> Result<bool, PassError> {
    let query = diesel::sql_query("select drop_job_partitions($1) as made").bind::<Text, _>(day);
    let dropped = query.get_result::<Made>(connection).await?.made;
    if dropped {
        tracing::info!(day, "dropped a day of jobs, all final and past their retention");
    }
    Ok(dropped)
}

async fn delete_expired_jobs(connection: &mut AsyncPgConnection) -> Result<usize, PassError> {
    let query = diesel::sql_query(
        "with expired as (
             select id from jobs
             where finished_at is not null and finished_at < now() - make_interval(secs => retention_s) limit $1),
         attempts as (delete from job_attempts using expired where job_id = expired.id)
         delete from jobs using expired where jobs.id = expired.id",
    );
    Ok(query.bind::<BigInt, _>(BATCH).execute(connection).await?)
}

async fn delete_expired_keys(connection: &mut AsyncPgConnection) -> Result<usize, PassError> {
    let query = diesel::sql_query(
        "delete from idempotency_keys where (scope, key) in
             (select scope, key from idempotency_keys where expires_at < now() limit $1)",
    );
    Ok(query.bind::<BigInt, _>(BATCH).execute(connection).await?)
}
