//! Pruner: makes partitions ahead, and forgets old figures.
//!
//! A loop and no job, because without a partition of the day no job could be kept well, and a job needs a worker. What is
//! over is removed by the jobs of the built-in schedules.

use crate::{
    Resources,
    runner::{Loop, Pass, PassError},
};
use chrono::{Days, NaiveDate, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Bool, Date},
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
        let (counts, more_counts) = statistics::prune(&mut connection, BATCH).await?;
        Ok(Pass { done: done + counts, more: more_counts })
    }
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
