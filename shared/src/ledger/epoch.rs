//! A queue's epoch: which incarnation of Redis its entries belong to.

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::HashMap;

use crate::db::schema::queue_epochs;

/// The epochs that the ledger names for `queues`; a queue without one is missing from the map.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn epochs(
    connection: &mut AsyncPgConnection,
    queues: &[&str],
) -> Result<HashMap<String, (String, String)>, diesel::result::Error> {
    let rows: Vec<(String, String, String)> = queue_epochs::table
        .filter(queue_epochs::queue.eq_any(queues))
        .select((queue_epochs::queue, queue_epochs::name, queue_epochs::run_id))
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|(queue, name, run_id)| (queue, (name, run_id))).collect())
}

/// Commits a new epoch of a queue, unless somebody else has replaced `seen` meanwhile. From then on nothing that was
/// learnt from Redis under the old one can commit.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn announce_epoch(
    connection: &mut AsyncPgConnection,
    queue: &str,
    seen: Option<&str>,
    name: &str,
    run_id: &str,
) -> Result<bool, diesel::result::Error> {
    let statement = "insert into queue_epochs (queue, name, run_id) values ($1, $3, $4)
        on conflict (queue) do update set name = excluded.name, run_id = excluded.run_id, changed_at = now()
        where queue_epochs.name = $2";
    let changed = diesel::sql_query(statement)
        .bind::<Text, _>(queue)
        .bind::<diesel::sql_types::Nullable<Text>, _>(seen)
        .bind::<Text, _>(name)
        .bind::<Text, _>(run_id)
        .execute(connection)
        .await?;
    Ok(changed == 1)
}
