//! `repairs`: what the doctor found wrong and put right.

use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Repairs of one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repaired {
    /// Where; empty for what is of no queue.
    pub queue: String,
    /// A stable word for what was wrong, each once a queue.
    pub repair: &'static str,
    /// How many.
    pub count: usize,
}

/// Adds repairs to those of the current hour.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn note_repairs(
    connection: &mut AsyncPgConnection,
    repairs: &[Repaired],
) -> Result<(), diesel::result::Error> {
    if repairs.is_empty() {
        return Ok(());
    }
    let counts = repairs.iter().map(|one| i64::try_from(one.count).unwrap_or(i64::MAX));
    diesel::sql_query(
        "insert into repairs as old (hour, queue, repair, count)
         select date_trunc('hour', now()), queue, repair, sum(count)::bigint
         from unnest($1, $2, $3) as new (queue, repair, count) where count > 0 group by queue, repair
         order by queue, repair
         on conflict (hour, queue, repair) do update set count = old.count + excluded.count, last_at = now()",
    )
    .bind::<Array<Text>, _>(repairs.iter().map(|one| one.queue.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(repairs.iter().map(|one| one.repair).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(counts.collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}
