//! What of the last hour an operator should know.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Jobs of a kind that failed for good in the last hour.
#[derive(Clone, Debug, QueryableByName)]
pub struct DeadJobs {
    /// Where they ran.
    #[diesel(sql_type = Text)]
    pub queue: String,
    /// Their kind.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// How many are dead, quarantined or expired.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// The minute of the first of them.
    #[diesel(sql_type = Timestamptz)]
    pub since: DateTime<Utc>,
}

/// Jobs that failed for good in the last hour, by queue and kind.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn dead_jobs(connection: &mut AsyncPgConnection) -> QueryResult<Vec<DeadJobs>> {
    diesel::sql_query(
        "select queue, kind, sum(dead + quarantined + expired)::bigint as count, min(minute) as since
         from queue_minutes where minute >= now() - interval '1 hour' and dead + quarantined + expired > 0
         group by 1, 2 order by 1, 2",
    )
    .load(connection)
    .await
}

/// Repairs of a kind.
#[derive(Clone, Debug, QueryableByName)]
pub struct RecentRepairs {
    /// Where; empty for what is of no queue.
    #[diesel(sql_type = Text)]
    pub queue: String,
    /// A stable word for what was wrong.
    #[diesel(sql_type = Text)]
    pub repair: String,
    /// How many in the hours they were counted under.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// When the last of them was made.
    #[diesel(sql_type = Timestamptz)]
    pub last_at: DateTime<Utc>,
}

/// Repairs whose last one was made within an hour.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn recent_repairs(connection: &mut AsyncPgConnection) -> QueryResult<Vec<RecentRepairs>> {
    diesel::sql_query(
        "select queue, repair, sum(count)::bigint as count, max(last_at) as last_at from repairs
         where hour >= now() - interval '2 hours' and last_at >= now() - interval '1 hour'
         group by 1, 2 order by 1, 2",
    )
    .load(connection)
    .await
}
