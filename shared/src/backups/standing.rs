//! How each target stands: its last good backup, the last that a drill has proved, its last drill.

use crate::db::{models::MediaCopy, schema::media_copy};
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    dsl::now,
    prelude::*,
    sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

/// How a target stands.
#[derive(Clone, Debug, QueryableByName)]
pub struct Standing {
    /// Its name.
    #[diesel(sql_type = Text)]
    pub target: String,
    /// Since when the platform has been in use: before, nobody could have made a backup.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub in_use_since: Option<DateTime<Utc>>,
    /// The backup that is waiting or being made.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub under_way: Option<Uuid>,
    /// The good backup with the latest data.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub last_good: Option<Uuid>,
    /// When its data were read.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_good_at: Option<DateTime<Utc>>,
    /// The good backup with the latest data that a drill has proved.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub last_verified: Option<Uuid>,
    /// When its data were read.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_verified_at: Option<DateTime<Utc>>,
    /// How long its restore took, in milliseconds.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub rto_ms: Option<i64>,
    /// The drill that ended last.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub last_drill: Option<Uuid>,
    /// How it ended.
    #[diesel(sql_type = Nullable<Text>)]
    pub last_drill_state: Option<String>,
    /// When it ended.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_drill_at: Option<DateTime<Utc>>,
    /// Of which backup it was.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub last_drill_of: Option<Uuid>,
    /// Why it failed.
    #[diesel(sql_type = Nullable<Text>)]
    pub last_drill_error: Option<String>,
}

/// A drill that somebody cancelled says nothing.
const STANDINGS: &str = "
    select asked.name as target, (select min(created_at) from workspaces) as in_use_since,
        (select id from backups where target = asked.name and state in ('waiting', 'running')) as under_way,
        good.id as last_good, good.taken_at as last_good_at,
        verified.id as last_verified, verified.taken_at as last_verified_at, verified.rto_ms,
        drill.id as last_drill, drill.state as last_drill_state, drill.finished_at as last_drill_at,
        drill.backup_id as last_drill_of, drill.error_message as last_drill_error
    from unnest($1) with ordinality as asked (name, place)
    left join lateral (
        select id, taken_at from backups
        where target = asked.name and state = 'good' and verification is distinct from 'failed'
        order by taken_at desc limit 1) good on true
    left join lateral (
        select id, taken_at, rto_ms from backups
        where target = asked.name and state = 'good' and verification = 'passed'
        order by taken_at desc limit 1) verified on true
    left join lateral (
        select d.id, d.state, d.finished_at, d.backup_id, d.error_message
        from backup_drills d join backups b on b.id = d.backup_id
        where b.target = asked.name and d.state in ('passed', 'failed') and d.error_class is distinct from 'cancelled'
        order by d.finished_at desc limit 1) drill on true
    order by asked.place";

/// How these targets stand, in their order.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn standings(connection: &mut AsyncPgConnection, targets: &[&str]) -> QueryResult<Vec<Standing>> {
    diesel::sql_query(STANDINGS).bind::<Array<Text>, _>(targets).load(connection).await
}

/// How old the backups of a target are.
#[derive(Clone, Debug, QueryableByName)]
pub struct Age {
    /// Its name.
    #[diesel(sql_type = Text)]
    pub target: String,
    /// When the data of its last good backup were read.
    #[diesel(sql_type = Timestamptz)]
    pub good_at: DateTime<Utc>,
    /// When those of its last proved one were read.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub proved_at: Option<DateTime<Utc>>,
}

/// How old the backups of each target are that has a good one; at most 100.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn ages(connection: &mut AsyncPgConnection) -> QueryResult<Vec<Age>> {
    let statement = "
        select target, max(taken_at) as good_at, max(taken_at) filter (where verification = 'passed') as proved_at
        from backups where state = 'good' and verification is distinct from 'failed'
        group by target order by target limit 100";
    diesel::sql_query(statement).load(connection).await
}

/// How the copy of the media stands.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn copy_of_media(connection: &mut AsyncPgConnection) -> QueryResult<MediaCopy> {
    media_copy::table.select(MediaCopy::as_select()).first(connection).await
}

/// Notes what a copy of the media came to; without an error it is whole.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn note_copy(
    connection: &mut AsyncPgConnection,
    report: Option<Value>,
    error: Option<(&str, &str)>,
) -> QueryResult<()> {
    let (class, message) = error.unzip();
    let attempt = (
        media_copy::attempted_at.eq(now),
        media_copy::report.eq(report),
        media_copy::error_class.eq(class),
        media_copy::error_message.eq(message),
    );
    let update = diesel::update(media_copy::table);
    if error.is_none() {
        update.set((attempt, media_copy::completed_at.eq(now))).execute(connection).await.map(drop)
    } else {
        update.set(attempt).execute(connection).await.map(drop)
    }
}
