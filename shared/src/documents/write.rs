//! Changes of documents, committed together with the jobs that bring them to the index.
//!
//! **Coalescing.** A row names the job that will bring it to the index and has not read it yet. A change that finds one
//! alive keeps it; otherwise it names its own. The job takes its name off the row *before* it reads
//! ([`super::take`], then [`super::read`]). Both sides lock the row: so either the change commits first, and the job
//! reads it; or the name is gone, and the change brings a job of its own. No change relies on a job that has already read.

use super::{DocumentKey, DocumentType};
use crate::enqueue::{EnqueueError, Enqueued, NewJob, enqueue};
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Integer, Jsonb, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use std::collections::HashMap;
use uuid::Uuid;

/// A change of one document.
#[derive(Clone, Debug)]
pub struct Change {
    /// Which one.
    pub key: DocumentKey,
    /// What it becomes, in its normal form; `None` deletes it.
    pub body: Option<Value>,
    /// The job that brings it to the index, unless one waits that has not read it yet.
    pub job: NewJob,
}

/// A row after its change.
#[derive(Clone, Debug, QueryableByName)]
pub struct Written {
    /// Whose it is.
    #[diesel(sql_type = SqlUuid)]
    pub workspace_id: Uuid,
    /// Its type.
    #[diesel(sql_type = Text, column_name = "type")]
    pub kind: String,
    /// Its owner's name for it.
    #[diesel(sql_type = Text)]
    pub id: String,
    /// Its version, greater than every one before.
    #[diesel(sql_type = BigInt)]
    pub version: i64,
    /// The job that will bring it to the index.
    #[diesel(sql_type = SqlUuid)]
    pub job_id: Uuid,
    /// When it was first there.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    #[diesel(sql_type = Timestamptz)]
    pub updated_at: DateTime<Utc>,
}

/// In the order of the keys, and after a lock on all that are there, so that no two calls wait for each other.
const LOCK: &str = "
    select count(*) from (
        select from documents d join unnest($2, $3) as new (type, id) using (type, id)
        where d.workspace_id = $1 order by d.type, d.id for no key update of d) as held";

/// The job that a row names after a change: the one that it has, if that is alive.
const PENDING: &str = "case when exists (
        select from jobs where jobs.id = d.pending_job_id and finished_at is null and cancel_requested_at is null)
    then d.pending_job_id else {} end";

const PUT: &str = "
    insert into documents as d (workspace_id, type, id, body, bucket, salt, pending_job_id)
    select $1, type, id, body, bucket, salt, job_id
    from unnest($2, $3, $4, $5, $6, $7) as new (type, id, body, bucket, salt, job_id) order by type, id
    on conflict (workspace_id, type, id) do update set
        version = d.version + 1, body = excluded.body, updated_at = now(), deleted_at = null,
        pending_job_id = {pending}
    returning workspace_id, type, id, version, pending_job_id as job_id, created_at, updated_at";

const DELETE: &str = "
    update documents d set
        version = d.version + 1, body = null, updated_at = now(), deleted_at = now(), pending_job_id = {pending}
    from unnest($2, $3, $4) as new (type, id, job_id)
    where d.workspace_id = $1 and d.type = new.type and d.id = new.id and d.deleted_at is null
    returning d.workspace_id, d.type, d.id, d.version, d.pending_job_id as job_id, d.created_at, d.updated_at";

/// Writes the changes and the jobs that are needed within the caller's transaction. No key may be there twice. What
/// was to be deleted and is not there is missing from the answer.
///
/// # Errors
/// What PostgreSQL answers; the caller's transaction must then be rolled back.
pub async fn write(
    connection: &mut AsyncPgConnection,
    workspace_id: Uuid,
    changes: &[Change],
) -> Result<(HashMap<DocumentKey, Written>, Enqueued), EnqueueError> {
    let (puts, deletes): (Vec<_>, Vec<_>) = changes.iter().partition(|change| change.body.is_some());
    if !deletes.is_empty() {
        let query = diesel::sql_query(LOCK).bind::<SqlUuid, _>(workspace_id);
        query.bind::<Array<Text>, _>(kinds(changes)).bind::<Array<Text>, _>(ids(changes)).execute(connection).await?;
    }
    let mut written = put(connection, workspace_id, &puts).await?;
    written.extend(delete(connection, workspace_id, &deletes).await?);
    let written: HashMap<DocumentKey, Written> =
        written.into_iter().filter_map(|row| Some((row.key()?, row))).collect();
    let needed = changes.iter().filter(|c| written.get(&c.key).is_some_and(|row| row.job_id == c.job.id));
    let jobs: Vec<NewJob> = needed.map(|change| change.job.clone()).collect();
    let enqueued = if jobs.is_empty() { Enqueued::default() } else { enqueue(connection, &jobs).await? };
    Ok((written, enqueued))
}

async fn put(
    connection: &mut AsyncPgConnection,
    workspace_id: Uuid,
    changes: &[&Change],
) -> Result<Vec<Written>, diesel::result::Error> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    diesel::sql_query(PUT.replace("{pending}", &PENDING.replace("{}", "excluded.pending_job_id")))
        .bind::<SqlUuid, _>(workspace_id)
        .bind::<Array<Text>, _>(kinds(changes.iter().copied()))
        .bind::<Array<Text>, _>(ids(changes.iter().copied()))
        .bind::<Array<Nullable<Jsonb>>, _>(changes.iter().map(|change| change.body.as_ref()).collect::<Vec<_>>())
        .bind::<Array<SmallInt>, _>(changes.iter().map(|change| change.key.bucket()).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(changes.iter().map(|change| change.key.salt()).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(changes.iter().map(|change| change.job.id).collect::<Vec<_>>())
        .load(connection)
        .await
}

async fn delete(
    connection: &mut AsyncPgConnection,
    workspace_id: Uuid,
    changes: &[&Change],
) -> Result<Vec<Written>, diesel::result::Error> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    diesel::sql_query(DELETE.replace("{pending}", &PENDING.replace("{}", "new.job_id")))
        .bind::<SqlUuid, _>(workspace_id)
        .bind::<Array<Text>, _>(kinds(changes.iter().copied()))
        .bind::<Array<Text>, _>(ids(changes.iter().copied()))
        .bind::<Array<SqlUuid>, _>(changes.iter().map(|change| change.job.id).collect::<Vec<_>>())
        .load(connection)
        .await
}

fn kinds<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<&'static str> {
    changes.into_iter().map(|change| change.key.kind.as_str()).collect()
}

fn ids<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<&'a str> {
    changes.into_iter().map(|change| change.key.id.as_str()).collect()
}

impl Written {
    fn key(&self) -> Option<DocumentKey> {
        let kind: DocumentType = self.kind.parse().ok()?;
        Some(DocumentKey { workspace_id: self.workspace_id, kind, id: self.id.clone() })
    }
}

/// The version of a document that is there, locked until the end of the caller's transaction.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn locked_version(
    connection: &mut AsyncPgConnection,
    key: &DocumentKey,
) -> Result<Option<i64>, diesel::result::Error> {
    use crate::db::schema::documents;
    use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
    documents::table
        .find((key.workspace_id, key.kind.as_str(), &key.id))
        .filter(documents::deleted_at.is_null())
        .select(documents::version)
        .for_no_key_update()
        .first(connection)
        .await
        .optional()
}
