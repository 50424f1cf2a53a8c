//! Ticks that were decided.

use crate::db::models::ScheduleTick;
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Array, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::{collections::HashSet, fmt, str::FromStr};
use uuid::Uuid;

/// What became of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, poem_openapi::Enum)]
#[oai(rename_all = "lowercase")]
pub enum TickOutcome {
    /// It became a job.
    Enqueued,
    /// It becomes one when the schedule's last job has ended.
    Queued,
    /// It did not run, because an earlier job had not ended.
    Overlapped,
    /// It did not run, because nobody claimed it in time.
    Missed,
    /// It could not become a job: the payload does not fit the kind.
    Refused,
}

impl TickOutcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [Self::Enqueued, Self::Queued, Self::Overlapped, Self::Missed, Self::Refused];

    /// The word in the ledger.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enqueued => "enqueued",
            Self::Queued => "queued",
            Self::Overlapped => "overlapped",
            Self::Missed => "missed",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for TickOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TickOutcome {
    type Err = UnknownOutcome;

    fn from_str(word: &str) -> Result<Self, UnknownOutcome> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word).ok_or(UnknownOutcome)
    }
}

/// A word that is no outcome.
#[derive(Debug, thiserror::Error)]
#[error("not an outcome of a tick")]
pub struct UnknownOutcome;

#[derive(QueryableByName)]
struct Fresh {
    #[diesel(sql_type = SqlUuid)]
    schedule_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    tick: DateTime<Utc>,
}

/// Inserts ticks, in one statement, and answers those that nobody had decided before: the primary key is what makes a
/// tick fire once. When they were decided is told by the database's clock, whatever the rows say.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn insert_ticks(
    connection: &mut AsyncPgConnection,
    ticks: &[ScheduleTick],
) -> Result<HashSet<(Uuid, DateTime<Utc>)>, diesel::result::Error> {
    let statement = "
        insert into schedule_ticks (schedule_id, tick, job_id, outcome, ticks, through, manual, message)
        select * from unnest($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict do nothing returning schedule_id, tick";
    let rows: Vec<Fresh> = diesel::sql_query(statement)
        .bind::<Array<SqlUuid>, _>(ticks.iter().map(|tick| tick.schedule_id).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(ticks.iter().map(|tick| tick.tick).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(ticks.iter().map(|tick| tick.job_id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(ticks.iter().map(|tick| tick.outcome.as_str()).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(ticks.iter().map(|tick| tick.ticks).collect::<Vec<_>>())
        .bind::<Array<Nullable<Timestamptz>>, _>(ticks.iter().map(|tick| tick.through).collect::<Vec<_>>())
        .bind::<Array<Bool>, _>(ticks.iter().map(|tick| tick.manual).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(ticks.iter().map(|tick| tick.message.as_deref()).collect::<Vec<_>>())
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.schedule_id, row.tick)).collect())
}
