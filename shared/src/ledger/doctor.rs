//! What the doctor compares with Redis, and the only repair it makes here: clearing a mark.

use crate::db::schema::jobs;
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Integer, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::HashMap;
use uuid::Uuid;

/// An open row that is marked as pushed: Redis should know it.
#[derive(Clone, Copy, Debug, Queryable)]
pub struct OpenRow {
    /// The job.
    pub id: Uuid,
    /// As read.
    pub generation: i32,
    /// As read.
    pub version: i64,
}

/// How far the ledger is with a job.
#[derive(Clone, Copy, Debug)]
pub struct RowOrder {
    /// Its generation.
    pub generation: i32,
    /// Whether its state is final.
    pub is_final: bool,
}

impl RowOrder {
    /// What is alive in Redis under a lower generation than this has no business there.
    #[must_use]
    pub fn alive_from(self) -> u32 {
        u32::try_from(self.generation).unwrap_or_default() + u32::from(self.is_final)
    }
}

/// Open, pushed rows of a queue after the id `after`, in the order of ids.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn open_rows(
    connection: &mut AsyncPgConnection,
    queue: &str,
    after: Uuid,
    limit: i64,
) -> QueryResult<Vec<OpenRow>> {
    jobs::table
        .filter(jobs::queue.eq(queue).and(jobs::finished_at.is_null()).and(jobs::pushed).and(jobs::id.gt(after)))
        .order(jobs::id)
        .limit(limit)
        .select((jobs::id, jobs::generation, jobs::version))
        .load(connection)
        .await
}

/// The orders of those jobs; one that the ledger does not have is missing.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn orders(connection: &mut AsyncPgConnection, ids: &[Uuid]) -> QueryResult<HashMap<Uuid, RowOrder>> {
    let rows: Vec<(Uuid, i32, bool)> = jobs::table
        .filter(jobs::id.eq_any(ids))
        .select((jobs::id, jobs::generation, jobs::finished_at.is_not_null()))
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|(id, generation, is_final)| (id, RowOrder { generation, is_final })).collect())
}

/// Clears the mark of rows that Redis does not know, where they still are as they were read; the relay then pushes
/// them. Answers how many.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn refill(connection: &mut AsyncPgConnection, lost: &[OpenRow]) -> QueryResult<usize> {
    diesel::sql_query(
        "update jobs set pushed = false from unnest($1, $2, $3) as read (id, generation, version)
         where jobs.id = read.id and jobs.generation = read.generation and jobs.version = read.version
           and jobs.pushed and jobs.finished_at is null",
    )
    .bind::<Array<SqlUuid>, _>(lost.iter().map(|row| row.id).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(lost.iter().map(|row| row.generation).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(lost.iter().map(|row| row.version).collect::<Vec<_>>())
    .execute(connection)
    .await
}
