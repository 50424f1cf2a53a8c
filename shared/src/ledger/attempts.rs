//! `job_attempts`: every run that did not simply succeed at the first attempt, also one whose report came too late to
//! count.

use super::record::{ended, signed, time, version};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use gotong_queue::{Event, EventKind};
use serde_json::{Value, json};
use std::collections::HashSet;
use uuid::Uuid;

/// Names a run: the primary key of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, QueryableByName)]
pub(super) struct Run {
    #[diesel(sql_type = SqlUuid)]
    job_id: Uuid,
    #[diesel(sql_type = Integer)]
    generation: i32,
    #[diesel(sql_type = BigInt)]
    version: i64,
}

impl Run {
    pub(super) fn of(event: &Event) -> Self {
        Self { job_id: event.job_id, generation: signed(event.generation), version: version(event) }
    }
}

/// Keeps the attempts among `events`, and answers those that were not kept before. An event that is delivered twice is kept once; and a worker that does not know
/// whether its report arrived sends it again, so a stale report of a run that is recorded already is that run's echo,
/// not another attempt.
pub(super) async fn insert(connection: &mut AsyncPgConnection, events: &[Event]) -> QueryResult<HashSet<Run>> {
    let kept = events.iter().filter(|event| is_kept(event));
    let (stale, told): (Vec<&Event>, Vec<&Event>) = kept.partition(|event| event.kind == EventKind::StaleReport);
    let mut runs = insert_where(connection, &told, "").await?;
    let not_an_echo = "
        where not exists (select from jobs
                where id = new.job_id and worker = new.worker and started_at = new.started_at)
          and not exists (select from job_attempts old where old.job_id = new.job_id
                and old.worker = new.worker and old.started_at = new.started_at)";
    runs.extend(insert_where(connection, &stale, not_an_echo).await?);
    Ok(runs.into_iter().collect())
}

async fn insert_where(connection: &mut AsyncPgConnection, kept: &[&Event], condition: &str) -> QueryResult<Vec<Run>> {
    if kept.is_empty() {
        return Ok(Vec::new());
    }
    let text = |get: fn(&Event) -> Option<&str>| kept.iter().map(|e| get(e)).collect::<Vec<_>>();
    let columns = "job_id, generation, version, attempt, outcome, worker, started_at, ended_at, error_class,
        error_message, logs";
    let statement = format!(
        "insert into job_attempts ({columns})
         select * from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as new ({columns})
         {condition} on conflict do nothing returning job_id, generation, version"
    );
    let insert = diesel::sql_query(statement)
        .bind::<Array<SqlUuid>, _>(kept.iter().map(|e| e.job_id).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(kept.iter().map(|e| signed(e.generation)).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(kept.iter().map(|e| version(e)).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(kept.iter().map(|e| signed(e.attempt)).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(kept.iter().map(|e| outcome(e.kind)).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(kept.iter().map(|e| e.worker.map(|id| id.to_string())).collect::<Vec<_>>())
        .bind::<Array<Nullable<Timestamptz>>, _>(kept.iter().map(|e| e.started_at.and_then(time)).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(kept.iter().map(|e| ended(e)).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(text(|e| e.error_class.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(text(|e| e.error_message.as_deref()))
        .bind::<Array<Nullable<Jsonb>>, _>(kept.iter().map(|e| logs(e)).collect::<Vec<_>>());
    insert.load(connection).await
}

/// A first attempt that succeeded is on the job's row; what never ran is no attempt.
pub(super) fn is_kept(event: &Event) -> bool {
    event.started_at.is_some() && !(event.kind == EventKind::Completed && event.attempt == 1 && event.crashes == 0)
}

fn outcome(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Completed => "completed",
        EventKind::Retried => "retried",
        EventKind::Crashed => "crashed",
        EventKind::Dead => "dead",
        EventKind::Cancelled => "cancelled",
        EventKind::Snoozed => "snoozed",
        EventKind::Quarantined => "quarantined",
        EventKind::Expired => "expired",
        EventKind::StaleReport => "stale",
    }
}

fn logs(event: &Event) -> Option<Value> {
    (!event.log.is_empty()).then(|| json!(event.log))
}
