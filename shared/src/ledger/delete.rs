//! Deleting jobs that have ended.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Array, Bool, Jsonb, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

/// What was found of a job that is to be deleted.
#[derive(Debug, QueryableByName)]
pub struct Deletion {
    /// The job.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// Whether it is gone; one that has not ended stays.
    #[diesel(sql_type = Bool)]
    pub deleted: bool,
    /// Its payload, which may claim an object.
    #[diesel(sql_type = Jsonb)]
    pub payload: Value,
}

/// Deletes jobs of a workspace that have ended, with all that is kept of them. A job that is missing from the answers
/// does not exist.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn delete_jobs(
    connection: &mut AsyncPgConnection,
    workspace: Uuid,
    ids: &[Uuid],
) -> QueryResult<Vec<Deletion>> {
    let statement = "
        with found as (select id, payload, finished_at is not null as deleted from jobs
            where id = any($1) and workspace_id = $2 order by id for update),
        attempts as (delete from job_attempts using found where job_id = found.id and found.deleted),
        fields as (delete from job_fields using found where job_id = found.id and found.deleted),
        gone as (delete from jobs using found where jobs.id = found.id and found.deleted)
        select id, deleted, payload from found";
    diesel::sql_query(statement).bind::<Array<SqlUuid>, _>(ids).bind::<SqlUuid, _>(workspace).load(connection).await
}
