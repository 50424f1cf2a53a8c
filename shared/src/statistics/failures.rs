//! `failures`: groups of failures that are alike.

use crate::db::{Cached, schema::failures};
use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The most of a message that is kept, in bytes.
const SAMPLE: usize = 1_024;

/// Failures that are alike.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Of the jobs.
    pub kind: String,
    /// A stable word.
    pub class: String,
    /// What the latest of them said.
    pub message: String,
    /// When the first of them happened.
    pub first: DateTime<Utc>,
    /// When the last of them happened.
    pub last: DateTime<Utc>,
    /// How many there were.
    pub count: i64,
}

/// Adds failures by workspace and fingerprint: one statement, whose rows come in one order, so that two writers cannot
/// wait for each other.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn add_failures(
    connection: &mut AsyncPgConnection,
    failures: &BTreeMap<(Uuid, String), Failure>,
) -> Result<(), diesel::result::Error> {
    if failures.is_empty() {
        return Ok(());
    }
    let message = |failure: &Failure| {
        let message = &failure.message;
        // PostgreSQL's text holds no NUL.
        message[..message.floor_char_boundary(SAMPLE)].replace('\0', "")
    };
    let statement = "insert into failures as old
            (workspace_id, fingerprint, kind, error_class, error_message, first_seen, last_seen, count)
        select * from unnest($1, $2, $3, $4, $5, $6, $7, $8)
        order by 1, 2
        on conflict (workspace_id, fingerprint) do update set
            count = old.count + excluded.count,
            first_seen = least(old.first_seen, excluded.first_seen),
            last_seen = greatest(old.last_seen, excluded.last_seen),
            error_message = case when excluded.last_seen >= old.last_seen then excluded.error_message
                else old.error_message end";
    let values = || failures.values();
    let add = diesel::sql_query(statement)
        .bind::<Array<SqlUuid>, _>(failures.keys().map(|(workspace, _)| *workspace).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(failures.keys().map(|(_, fingerprint)| fingerprint.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(values().map(|failure| failure.kind.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(values().map(|failure| failure.class.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(values().map(message).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(values().map(|failure| failure.first).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(values().map(|failure| failure.last).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(values().map(|failure| failure.count).collect::<Vec<_>>());
    Cached(add).execute(connection).await?;
    Ok(())
}

/// A group of failures as it is kept.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = failures)]
pub struct FailureGroup {
    /// What they share; see [`super::fingerprint`].
    pub fingerprint: String,
    /// Of the jobs.
    pub kind: String,
    /// A stable word.
    pub error_class: String,
    /// What the latest of them said.
    pub error_message: String,
    /// When the first of them happened.
    pub first_seen: DateTime<Utc>,
    /// When the last of them happened.
    pub last_seen: DateTime<Utc>,
    /// How many attempts failed so.
    pub count: i64,
}

/// Where a list of groups goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edge {
    /// After the group that was last seen then, and has that fingerprint: towards older ones.
    After(DateTime<Utc>, String),
    /// Before it: towards newer ones.
    Before(DateTime<Utc>, String),
}

/// At most `limit` groups of a workspace, the last seen first; before an edge, the last seen last.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn failure_groups(
    connection: &mut AsyncPgConnection,
    workspace: Uuid,
    kind: Option<&str>,
    edge: Option<&Edge>,
    limit: i64,
) -> QueryResult<Vec<FailureGroup>> {
    use failures::{fingerprint, last_seen};
    let mut query = failures::table
        .filter(failures::workspace_id.eq(workspace))
        .select(FailureGroup::as_select())
        .limit(limit)
        .into_boxed();
    if let Some(kind) = kind {
        query = query.filter(failures::kind.eq(kind));
    }
    query = match edge {
        None => query.order((last_seen.desc(), fingerprint.desc())),
        Some(Edge::After(at, print)) => query
            .filter(last_seen.lt(at).or(last_seen.eq(at).and(fingerprint.lt(print))))
            .order((last_seen.desc(), fingerprint.desc())),
        Some(Edge::Before(at, print)) => query
            .filter(last_seen.gt(at).or(last_seen.eq(at).and(fingerprint.gt(print))))
            .order((last_seen.asc(), fingerprint.asc())),
    };
    query.load(connection).await
}
