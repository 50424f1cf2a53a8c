//! What the doctor compares with Redis, and what it repairs here: marks of rows that Redis lost, keys of jobs that are
//! over.

use crate::db::schema::{jobs, unique_keys};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Bool, Integer, Uuid as SqlUuid},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
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
/// them. Answers which.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn refill(connection: &mut AsyncPgConnection, lost: &[OpenRow]) -> QueryResult<Vec<Uuid>> {
    let clear = "update jobs set pushed = false from unnest($1, $2, $3) as read (id, generation, version)
         where jobs.id = read.id and jobs.generation = read.generation and jobs.version = read.version
           and jobs.pushed and jobs.finished_at is null returning jobs.id";
    as_read(connection, clear, lost).await
}

/// Those rows that [`refill`] would clear now; nothing changes.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn still_lost(connection: &mut AsyncPgConnection, lost: &[OpenRow]) -> QueryResult<Vec<Uuid>> {
    let look = "select jobs.id from jobs join unnest($1, $2, $3) as read (id, generation, version)
             using (id, generation, version) where jobs.pushed and jobs.finished_at is null";
    as_read(connection, look, lost).await
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

async fn as_read(connection: &mut AsyncPgConnection, statement: &str, rows: &[OpenRow]) -> QueryResult<Vec<Uuid>> {
    let query = diesel::sql_query(statement)
        .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.id).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(rows.iter().map(|row| row.generation).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.version).collect::<Vec<_>>());
    Ok(query.load::<Id>(connection).await?.into_iter().map(|row| row.id).collect())
}

/// Locks a job's row until the end of the transaction, if it is open, of that generation, and nobody is at it: then no
/// edit of it is between its park and its commit. Answers whether it is locked.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn lock_open(connection: &mut AsyncPgConnection, job: Uuid, generation: u32) -> QueryResult<bool> {
    let row = jobs::table
        .filter(jobs::id.eq(job).and(jobs::finished_at.is_null()))
        .filter(jobs::generation.eq(i32::try_from(generation).unwrap_or(i32::MAX)))
        .select(jobs::id)
        .for_update()
        .skip_locked();
    Ok(row.first::<Uuid>(connection).await.optional()?.is_some())
}

/// A unique key of the ledger, and whether the job that holds it is open.
#[derive(Clone, Debug, QueryableByName)]
pub struct HeldKey {
    /// The job.
    #[diesel(sql_type = SqlUuid)]
    pub job_id: Uuid,
    /// Whether the job's row is there and open.
    #[diesel(sql_type = Bool)]
    pub is_owned: bool,
}

/// Unique keys of the ledger in the order of their jobs, after that of `after`.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn held_keys(connection: &mut AsyncPgConnection, after: Uuid, limit: i64) -> QueryResult<Vec<HeldKey>> {
    diesel::sql_query(
        "select job_id, exists (select from jobs where id = job_id and finished_at is null) as is_owned
         from unique_keys where job_id > $1 order by job_id limit $2",
    )
    .bind::<SqlUuid, _>(after)
    .bind::<BigInt, _>(limit)
    .load(connection)
    .await
}

/// Frees the unique keys of those jobs that are over or gone. Their rows are locked first, so that a manual retry, which
/// makes a job open again, comes wholly before or wholly after. Answers the jobs whose keys were freed.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn free_keys(connection: &mut AsyncPgConnection, owners: &[Uuid]) -> QueryResult<Vec<Uuid>> {
    connection
        .transaction(async |connection| {
            let rows = jobs::table.filter(jobs::id.eq_any(owners)).select((jobs::id, jobs::finished_at.is_null()));
            let rows: Vec<(Uuid, bool)> = rows.order(jobs::id).for_update().load(connection).await?;
            let open: Vec<Uuid> = rows.into_iter().filter(|(_, is_open)| *is_open).map(|(id, _)| id).collect();
            let over: Vec<Uuid> = owners.iter().copied().filter(|id| !open.contains(id)).collect();
            let freed = diesel::delete(unique_keys::table.filter(unique_keys::job_id.eq_any(over)));
            freed.returning(unique_keys::job_id).get_results(connection).await
        })
        .await
}
