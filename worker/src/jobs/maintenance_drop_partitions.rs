//! `maintenance.drop_partitions`.

use super::Handler;
use crate::{outcome::Failure, runner::Resources};
use diesel::{
    QueryableByName,
    sql_types::{Bool, Text},
};
use diesel_async::RunQueryDsl;
use gotong_queue::Job;
use gotong_shared::jobs::MaintenanceDropPartitions;
use serde_json::{Value, json};

#[derive(QueryableByName)]
struct Day {
    /// `YYYYMMDD`.
    #[diesel(sql_type = Text)]
    day: String,
}

#[derive(QueryableByName)]
struct Dropped {
    #[diesel(sql_type = Bool)]
    dropped: bool,
}

/// The days before yesterday that still have a partition, the oldest first, by the database's clock.
const PAST_DAYS: &str = "
    select substr(relname, 6) as day from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'jobs'::regclass and relname ~ '^jobs_[0-9]{8}$'
      and substr(relname, 6) < to_char((now() at time zone 'UTC')::date - 1, 'YYYYMMDD')
    order by 1 limit 400";

impl Handler for MaintenanceDropPartitions {
    async fn handle(self, job: &Job, resources: &Resources) -> Result<Option<Value>, Failure> {
        let mut connection = resources.database.connection().await?;
        let days: Vec<Day> = diesel::sql_query(PAST_DAYS).load(&mut connection).await?;
        let mut dropped = Vec::new();
        for Day { day } in days {
            if job.cancelled().is_cancelled() {
                break;
            }
            let query = diesel::sql_query("select drop_job_partitions($1) as dropped").bind::<Text, _>(&day);
            if query.get_result::<Dropped>(&mut connection).await?.dropped {
                tracing::info!(day, "dropped a day of jobs, all final and past their retention");
                dropped.push(day);
            }
        }
        Ok(Some(json!({ "dropped": dropped })))
    }
}
