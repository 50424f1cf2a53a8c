//! The ledger's side of its comparison with an index: sums by bucket, the entries of one bucket, rows by their keys.

use super::{DocumentKey, Row, read::WholeRow};
use crate::search::elastic::BucketSum;
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Bool, Double, SmallInt, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::{collections::HashMap, time::Duration};
use uuid::Uuid;

type Result<T> = diesel::QueryResult<T>;

#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = SmallInt)]
    bucket: i16,
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = BigInt)]
    weights: i64,
}

/// The sums of every bucket that has any document.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn bucket_sums(connection: &mut AsyncPgConnection) -> Result<HashMap<i16, BucketSum>> {
    let statement =
        "select bucket, count(*) as count, sum(version * salt)::bigint as weights from documents group by bucket";
    let sums: Vec<Sum> = diesel::sql_query(statement).load(connection).await?;
    Ok(sums.into_iter().map(|sum| (sum.bucket, BucketSum { count: sum.count, weights: sum.weights })).collect())
}

/// A document of a bucket, without what it says.
#[derive(Clone, Debug)]
pub struct BucketEntry {
    /// Which one.
    pub key: DocumentKey,
    /// Its version.
    pub version: i64,
    /// Whether it has not changed for a while.
    pub is_settled: bool,
}

#[derive(QueryableByName)]
struct EntryRow {
    #[diesel(sql_type = SqlUuid)]
    workspace_id: Uuid,
    #[diesel(sql_type = Text, column_name = "type")]
    kind: String,
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Bool)]
    is_settled: bool,
}

/// Every entry of a bucket, tombstones among them.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn entries(connection: &mut AsyncPgConnection, bucket: i16, settle: Duration) -> Result<Vec<BucketEntry>> {
    let statement = "
        select workspace_id, type, id, version, updated_at <= now() - make_interval(secs => $2) as is_settled
        from documents where bucket = $1";
    let query = diesel::sql_query(statement).bind::<SmallInt, _>(bucket).bind::<Double, _>(settle.as_secs_f64());
    let rows: Vec<EntryRow> = query.load(connection).await?;
    let entry = |row: EntryRow| {
        let key = DocumentKey { workspace_id: row.workspace_id, kind: row.kind.parse().ok()?, id: row.id };
        Some(BucketEntry { key, version: row.version, is_settled: row.is_settled })
    };
    Ok(rows.into_iter().filter_map(entry).collect())
}

/// The rows of some keys, tombstones among them.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn rows(connection: &mut AsyncPgConnection, keys: &[DocumentKey]) -> Result<Vec<Row>> {
    let statement = "
        select d.workspace_id, d.type, d.id, d.version, d.body
        from unnest($1, $2, $3) as asked (workspace_id, type, id) join documents d using (workspace_id, type, id)";
    let rows: Vec<WholeRow> = diesel::sql_query(statement)
        .bind::<Array<SqlUuid>, _>(keys.iter().map(|key| key.workspace_id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(keys.iter().map(|key| key.kind.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(keys.iter().map(|key| key.id.as_str()).collect::<Vec<_>>())
        .load(connection)
        .await?;
    Ok(rows.into_iter().filter_map(WholeRow::row).collect())
}

/// Up to `limit` rows of a bucket that have not changed for a while: keys are spread over the buckets by a hash, so
/// this is a sample of all.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn sample(connection: &mut AsyncPgConnection, bucket: i16, limit: i64, settle: Duration) -> Result<Vec<Row>> {
    let statement = "
        select workspace_id, type, id, version, body from documents
        where bucket = $1 and updated_at <= now() - make_interval(secs => $3) limit $2";
    let query = diesel::sql_query(statement).bind::<SmallInt, _>(bucket).bind::<BigInt, _>(limit);
    let rows: Vec<WholeRow> = query.bind::<Double, _>(settle.as_secs_f64()).load(connection).await?;
    Ok(rows.into_iter().filter_map(WholeRow::row).collect())
}

/// Raises the version of a document above one that the index has, as after a restore of the ledger from a backup:
/// answers the row, if it was lower.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn raise(connection: &mut AsyncPgConnection, key: &DocumentKey, above: i64) -> Result<Option<Row>> {
    use diesel::OptionalExtension;
    let statement = "
        update documents set version = $4 + 1
        where workspace_id = $1 and type = $2 and id = $3 and version <= $4
        returning workspace_id, type, id, version, body";
    let query = diesel::sql_query(statement).bind::<SqlUuid, _>(key.workspace_id).bind::<Text, _>(key.kind.as_str());
    let row = query.bind::<Text, _>(&key.id).bind::<BigInt, _>(above).get_result::<WholeRow>(connection).await;
    Ok(row.optional()?.and_then(WholeRow::row))
}
