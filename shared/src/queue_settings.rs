//! What an operator decided about a queue. The ledger keeps it: Redis only knows what follows from it, and is told again
//! whenever it has forgotten (by the doctor before it opens a queue, and by the observer).

use crate::db::schema::queue_settings as table;
use chrono::{DateTime, Utc};
use diesel::{dsl::sql, prelude::*, sql_types::Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::{collections::HashMap, time::Duration};
use uuid::Uuid;

/// How long the oldest ready job of a queue may wait before that is an alert, unless an operator has set another limit.
pub const OLDEST_AGE_LIMIT: Duration = Duration::from_mins(5);

/// The settings of one queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = table)]
pub struct QueueSettings {
    /// Raised by each change; 0 before the first.
    pub version: i32,
    /// Since when workers may not fetch from it.
    pub paused_at: Option<DateTime<Utc>>,
    /// In seconds; `None` for [`OLDEST_AGE_LIMIT`].
    pub oldest_age_limit_s: Option<i32>,
}

impl QueueSettings {
    /// Whether workers may not fetch from it.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused_at.is_some()
    }

    /// How long the oldest ready job may wait.
    #[must_use]
    pub fn oldest_age_limit(&self) -> Duration {
        let limit = self.oldest_age_limit_s.and_then(|seconds| u64::try_from(seconds).ok());
        limit.map_or(OLDEST_AGE_LIMIT, Duration::from_secs)
    }
}

/// What is to change; what is `None` stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct QueueChange {
    /// Pause or resume.
    pub paused: Option<bool>,
    /// 1 second to a week.
    pub oldest_age_limit: Option<Duration>,
}

/// The settings of every queue that has any.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn all(connection: &mut AsyncPgConnection) -> QueryResult<HashMap<String, QueueSettings>> {
    let rows = table::table.select((table::queue, QueueSettings::as_select())).load(connection).await?;
    Ok(rows.into_iter().collect())
}

/// The settings of a queue.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn of(connection: &mut AsyncPgConnection, queue: &str) -> QueryResult<QueueSettings> {
    let row = table::table.find(queue).select(QueueSettings::as_select());
    Ok(row.first(connection).await.optional()?.unwrap_or_default())
}

/// Changes a queue's settings if they still are of the version `seen` (`None`: whatever they are). Answers the new ones,
/// or `None` if somebody else has changed them.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn change(
    connection: &mut AsyncPgConnection,
    queue: &str,
    seen: Option<i32>,
    change: QueueChange,
    by: Uuid,
) -> QueryResult<Option<QueueSettings>> {
    diesel::insert_into(table::table)
        .values((table::queue.eq(queue), table::version.eq(0)))
        .on_conflict_do_nothing()
        .execute(connection)
        .await?;
    let is_as_seen: Box<dyn BoxableExpression<table::table, diesel::pg::Pg, SqlType = Bool>> = match seen {
        Some(version) => Box::new(table::version.eq(version)),
        None => Box::new(sql::<Bool>("true")),
    };
    let paused_at = match change.paused {
        Some(true) => sql("coalesce(paused_at, now())"),
        Some(false) => sql("null"),
        None => sql("paused_at"),
    };
    let limit = change.oldest_age_limit.and_then(|limit| i32::try_from(limit.as_secs()).ok());
    diesel::update(table::table.find(queue))
        .filter(is_as_seen)
        .set((
            table::version.eq(table::version + 1),
            table::paused_at.eq::<diesel::expression::SqlLiteral<diesel::sql_types::Nullable<_>>>(paused_at),
            limit.map(|limit| table::oldest_age_limit_s.eq(limit)),
            table::changed_by.eq(by),
            table::changed_at.eq(diesel::dsl::now),
        ))
        .returning(QueueSettings::as_returning())
        .get_result(connection)
        .await
        .optional()
}
