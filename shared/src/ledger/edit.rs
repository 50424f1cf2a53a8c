//! Edits of a waiting job. The row stays locked from [`begin_edit`] to the end of the caller's transaction; in between
//! the caller parks the entry in Redis, so that no worker takes what is about to change.

use super::State;
use crate::{
    db::{
        models::Job,
        schema::{job_fields, jobs, queue_epochs},
    },
    enqueue::Enqueued,
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

/// What is to change. `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct JobEdit {
    /// 0 (lowest) to 4 (highest).
    pub priority: Option<i16>,
    /// Not before.
    pub run_at: Option<DateTime<Utc>>,
    /// The kind's payload, and what the job is then found by.
    pub payload: Option<(Value, Vec<String>)>,
}

/// Locks the row of a job of a workspace.
///
/// # Errors
/// What PostgreSQL answers.
pub async fn begin_edit(connection: &mut AsyncPgConnection, workspace: Uuid, id: Uuid) -> QueryResult<Option<Job>> {
    jobs::table
        .find(id)
        .filter(jobs::workspace_id.eq(workspace))
        .for_update()
        .select(Job::as_select())
        .first(connection)
        .await
        .optional()
}

/// Changes a row that [`begin_edit`] has locked and whose entry is parked under `epoch`, with the attempts and crashes
/// that Redis counts. `None`: the ledger has another epoch by now, and nothing was changed.
///
/// # Errors
/// What PostgreSQL answers; the caller's transaction must then be rolled back.
pub async fn finish_edit(
    connection: &mut AsyncPgConnection,
    row: &Job,
    edit: &JobEdit,
    epoch: &str,
    (attempt, crashes): (i32, i32),
) -> QueryResult<Option<Enqueued>> {
    let held = queue_epochs::table
        .filter(queue_epochs::queue.eq(&row.queue).and(queue_epochs::name.eq(epoch)))
        .select(queue_epochs::name)
        .for_share()
        .first::<String>(connection)
        .await
        .optional()?;
    if held.is_none() {
        return Ok(None);
    }
    let run_at = edit.run_at.unwrap_or(row.run_at);
    let state = match row.state.parse() {
        Ok(state @ (State::Retryable | State::Snoozed)) => state,
        _ if run_at > Utc::now() => State::Scheduled,
        _ => State::Available,
    };
    let payload = edit.payload.as_ref().map_or(&row.payload, |(payload, _)| payload);
    let changed: Job = diesel::update(jobs::table.find(row.id))
        .set((
            jobs::generation.eq(row.generation + 1),
            jobs::version.eq(0),
            jobs::pushed.eq(false),
            jobs::attempt.eq(attempt),
            jobs::crashes.eq(crashes),
            jobs::priority.eq(edit.priority.unwrap_or(row.priority)),
            jobs::run_at.eq(run_at),
            jobs::state.eq(state.as_str()),
            jobs::payload.eq(payload),
        ))
        .returning(Job::as_returning())
        .get_result(connection)
        .await?;
    if let Some((_, fields)) = &edit.payload {
        diesel::delete(job_fields::table.filter(job_fields::job_id.eq(row.id))).execute(connection).await?;
        let fields = fields.iter().map(|field| {
            (job_fields::workspace_id.eq(row.workspace_id), job_fields::field.eq(field), job_fields::job_id.eq(row.id))
        });
        diesel::insert_into(job_fields::table).values(fields.collect::<Vec<_>>()).execute(connection).await?;
    }
    let mut enqueued = Enqueued::default();
    enqueued.add(changed, Some(epoch.to_owned()));
    Ok(Some(enqueued))
}
