//! Documents as they are read: one for its owner, some for the jobs that bring them to the index, all in slices.

use super::{DocumentKey, DocumentType};
use crate::db::schema::documents;
use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Jsonb, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

/// A document of the ledger, or the tombstone of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which one.
    pub key: DocumentKey,
    /// Its version.
    pub version: i64,
    /// What it says; `None` in a tombstone.
    pub body: Option<Value>,
}

/// A document with its times.
#[derive(Clone, Debug)]
pub struct Found {
    /// The document.
    pub row: Row,
    /// When it was first there.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// The job that will bring it to the index, if one waits.
    pub pending_job_id: Option<Uuid>,
}

/// The document, unless it is deleted.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn find(connection: &mut AsyncPgConnection, key: &DocumentKey) -> QueryResult<Option<Found>> {
    type Columns = (i64, Option<Value>, DateTime<Utc>, DateTime<Utc>, Option<Uuid>);
    let row: Option<Columns> = documents::table
        .find((key.workspace_id, key.kind.as_str(), &key.id))
        .filter(documents::deleted_at.is_null())
        .select((
            documents::version,
            documents::body,
            documents::created_at,
            documents::updated_at,
            documents::pending_job_id,
        ))
        .first(connection)
        .await
        .optional()?;
    Ok(row.map(|(version, body, created_at, updated_at, pending_job_id)| Found {
        row: Row { key: key.clone(), version, body },
        created_at,
        updated_at,
        pending_job_id,
    }))
}

/// A document that a job is to bring to the index.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The job. Its workspace is the document's.
    pub job_id: Uuid,
    /// The document's type.
    pub kind: DocumentType,
    /// Its id.
    pub id: String,
}

const TAKE: &str = "
    with held as (
        select d.workspace_id, d.type, d.id
        from unnest($1, $2, $3) as asked (job_id, type, id)
        join jobs on jobs.id = asked.job_id
        join documents d on d.workspace_id = jobs.workspace_id and d.type = asked.type and d.id = asked.id
        where d.pending_job_id = asked.job_id
        order by d.workspace_id, d.type, d.id for no key update of d)
    update documents d set pending_job_id = null from held
    where d.workspace_id = held.workspace_id and d.type = held.type and d.id = held.id
      and d.pending_job_id = any ($1)";

/// Takes the names of these jobs off their documents: from now on a change brings a job of its own. To be committed
/// before [`read`].
///
/// # Errors
/// What PostgreSQL answers.
pub async fn take(connection: &mut AsyncPgConnection, asked: &[Asked]) -> QueryResult<usize> {
    diesel::sql_query(TAKE)
        .bind::<Array<SqlUuid>, _>(asked.iter().map(|asked| asked.job_id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(asked.iter().map(|asked| asked.kind.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(asked.iter().map(|asked| asked.id.as_str()).collect::<Vec<_>>())
        .execute(connection)
        .await
}

/// The indices that a write goes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// The one that is searched, if there is one yet.
    pub active: Option<String>,
    /// The one that a reindex fills.
    pub building: Option<String>,
}

#[derive(QueryableByName)]
struct ReadRow {
    #[diesel(sql_type = BigInt)]
    n: i64,
    #[diesel(sql_type = SqlUuid)]
    workspace_id: Uuid,
    #[diesel(sql_type = Nullable<BigInt>)]
    version: Option<i64>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    body: Option<Value>,
    #[diesel(sql_type = Nullable<Text>)]
    active: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    building: Option<String>,
}

/// Rows and indices in one statement, so that both are of the same moment: a row that is read before a reindex has
/// begun is read again by the reindex.
const READ: &str = "
    select asked.n, jobs.workspace_id, d.version, d.body, s.active, s.building
    from unnest($1, $2, $3) with ordinality as asked (job_id, type, id, n)
    join jobs on jobs.id = asked.job_id
    cross join search_indexes s
    left join documents d on d.workspace_id = jobs.workspace_id and d.type = asked.type and d.id = asked.id
    where s.name = $4";

/// The documents as they are now, in the order they were asked for (`None` where there never was one), and the indices
/// to write them to.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn read(
    connection: &mut AsyncPgConnection,
    index: &str,
    asked: &[Asked],
) -> QueryResult<(Vec<Option<Row>>, Targets)> {
    let rows: Vec<ReadRow> = diesel::sql_query(READ)
        .bind::<Array<SqlUuid>, _>(asked.iter().map(|asked| asked.job_id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(asked.iter().map(|asked| asked.kind.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(asked.iter().map(|asked| asked.id.as_str()).collect::<Vec<_>>())
        .bind::<Text, _>(index)
        .load(connection)
        .await?;
    let mut found = vec![None; asked.len()];
    let mut targets = Targets::default();
    for row in rows {
        targets = Targets { active: row.active, building: row.building };
        let place = usize::try_from(row.n - 1).unwrap_or(usize::MAX);
        if let (Some(slot), Some(asked), Some(version)) = (found.get_mut(place), asked.get(place), row.version) {
            let key = DocumentKey { workspace_id: row.workspace_id, kind: asked.kind, id: asked.id.clone() };
            *slot = Some(Row { key, version, body: row.body });
        }
    }
    Ok((found, targets))
}

/// A row as a statement with raw SQL answers it.
#[derive(QueryableByName)]
pub(super) struct WholeRow {
    #[diesel(sql_type = SqlUuid)]
    workspace_id: Uuid,
    #[diesel(sql_type = Text, column_name = "type")]
    kind: String,
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Nullable<Jsonb>)]
    body: Option<Value>,
}

impl WholeRow {
    /// What it says; `None` for a type that a newer release wrote.
    pub(super) fn row(self) -> Option<Row> {
        let key = DocumentKey { workspace_id: self.workspace_id, kind: self.kind.parse().ok()?, id: self.id };
        Some(Row { key, version: self.version, body: self.body })
    }
}

/// Up to `limit` rows after that key, tombstones among them, in the order of their keys.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn slice(
    connection: &mut AsyncPgConnection,
    after: Option<&DocumentKey>,
    limit: i64,
) -> QueryResult<Vec<Row>> {
    let statement = "
        select workspace_id, type, id, version, body from documents
        where (workspace_id, type, id) > ($1, $2, $3)
        order by workspace_id, type, id limit $4";
    let rows: Vec<WholeRow> = diesel::sql_query(statement)
        .bind::<SqlUuid, _>(after.map(|key| key.workspace_id).unwrap_or_default())
        .bind::<Text, _>(after.map_or("", |key| key.kind.as_str()))
        .bind::<Text, _>(after.map_or("", |key| &key.id))
        .bind::<BigInt, _>(limit)
        .load(connection)
        .await?;
    Ok(rows.into_iter().filter_map(WholeRow::row).collect())
}
