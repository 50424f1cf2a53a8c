//! What is too old to be told.

use diesel::sql_types::{BigInt, Integer};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// For how many days minutes, repairs, and failures since the last of their group are kept.
pub const KEPT_DAYS: i32 = 30;

const EXPIRED: [&str; 3] = [
    "delete from queue_minutes where ctid = any(array(
         select ctid from queue_minutes where minute < now() - make_interval(days => $1) limit $2))",
    "delete from failures where ctid = any(array(
         select ctid from failures where last_seen < now() - make_interval(days => $1) limit $2 for update skip locked))",
    "delete from repairs where ctid = any(array(
         select ctid from repairs where hour < now() - make_interval(days => $1) limit $2))",
];

/// Deletes what is older than [`KEPT_DAYS`], at most `limit` rows of each table. Answers how many, and whether there may
/// be more.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn prune(connection: &mut AsyncPgConnection, limit: i64) -> Result<(usize, bool), diesel::result::Error> {
    let (mut deleted, mut more) = (0, false);
    for statement in EXPIRED {
        let query = diesel::sql_query(statement).bind::<Integer, _>(KEPT_DAYS).bind::<BigInt, _>(limit);
        let rows = query.execute(connection).await?;
        deleted += rows;
        more |= i64::try_from(rows).is_ok_and(|rows| rows >= limit);
    }
    Ok((deleted, more))
}
