//! Edits of a waiting job: locked, parked, committed, pushed (ARCHITECTURE.md, "The protocol").

use super::{
    accept::discard,
    find,
    request::{invalid, within},
    resource::JobResource,
};
use crate::{
    AppState,
    auth::Actor,
    problem::{Code, Problem},
    state::Session,
    transaction::{Fault, transact},
};
use chrono::{DateTime, Utc};
use diesel_async::SimpleAsyncConnection;
use gotong_queue::{Parked, QueueName};
use gotong_shared::{
    db::models::Job,
    enqueue::{Enqueued, LARGEST_PAYLOAD, check_in_payload},
    jobs,
    ledger::{self, JobEdit},
};
use poem_openapi::{Object, types::Any};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

/// What is to change about a waiting job. What is left out stays as it is.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct JobPatch {
    /// 0 (lowest) to 4 (highest).
    #[oai(validator(minimum(value = "0"), maximum(value = "4")))]
    pub priority: Option<u8>,
    /// Not before.
    pub run_at: Option<DateTime<Utc>>,
    /// The whole payload of its kind.
    #[serde(default, deserialize_with = "some")]
    pub payload: Option<Any<Value>>,
}

/// A member that is there, even as `null`, is wanted.
fn some<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<Any<Value>>, D::Error> {
    Value::deserialize(input).map(|value| Some(Any(value)))
}

/// How long Redis may take to park an entry while the row is locked.
const PARK_PATIENCE: Duration = Duration::from_secs(2);

/// Which row the client has seen: its `ETag`.
#[must_use]
pub fn tag_of(row: &Job) -> String {
    format!("\"{}-{}\"", row.generation, row.version)
}

/// Edits a job.
///
/// # Errors
/// 404, 409 when it runs or has ended, 412 and 428 on `If-Match`, 422, and 503 when the ledger or Redis does not answer.
pub async fn edit(
    state: &AppState,
    actor: &Actor,
    id: Uuid,
    tag: Option<String>,
    patch: JobPatch,
) -> Result<JobResource, Problem> {
    let tag = tag.ok_or_else(|| {
        Problem::new(Code::PreconditionRequired, "Send If-Match with the job's ETag.").about("/header/If-Match")
    })?;
    let row = find::row(state, actor, id).await?;
    let mut change = change(&row, &patch)?;
    let mut objects = Vec::new();
    if let Some((payload, _)) = &mut change.payload
        && let Some((claim, checked)) = check_in_payload(&state.storage, id, payload).await?
    {
        objects.push(claim.key);
        *payload = checked;
    }
    let parking = Parking { state, actor, id, tag: &tag, token: Uuid::new_v4() };
    let clock = state.clock().await;
    let edited = transact(state, async |session| parking.write(session, &change).await).await;
    match edited {
        Ok((replaced, enqueued)) => {
            state.push(clock, enqueued);
            discard(state, replaced.into_iter().collect());
            find::find(state, actor, id).await
        }
        Err(fault) => {
            if matches!(fault, Fault::Clean(_)) {
                parking.give_back(&row.queue).await;
                discard(state, objects);
            }
            Err(fault.problem())
        }
    }
}

fn change(row: &Job, patch: &JobPatch) -> Result<JobEdit, Problem> {
    within("/priority", patch.priority.map(u64::from), 0..=4)?;
    if patch.run_at.is_some_and(|time| time > Utc::now() + chrono::TimeDelta::days(366)) {
        return Err(invalid("/run_at", "is more than 366 days ahead"));
    }
    let payload = match &patch.payload {
        None => None,
        Some(Any(payload)) => {
            let kind = jobs::kind(&row.kind)
                .ok_or_else(|| invalid("/payload", "this release does not know the job's kind"))?;
            kind.check(payload).map_err(|error| invalid(format!("/payload{}", error.pointer), error.message))?;
            if payload.to_string().len() > LARGEST_PAYLOAD {
                return Err(invalid("/payload", format!("is longer than {LARGEST_PAYLOAD} bytes")));
            }
            // What the job is about stays the same, so nothing has to be looked up again.
            for subject in ["media_id", "email_id"] {
                if payload.get(subject) != row.payload.get(subject) {
                    return Err(invalid(format!("/payload/{subject}"), "a job stays with what it is about"));
                }
            }
            Some((payload.clone(), kind.fields(payload)))
        }
    };
    Ok(JobEdit { priority: patch.priority.map(i16::from), run_at: patch.run_at, payload })
}

struct Parking<'a> {
    state: &'a AppState,
    actor: &'a Actor,
    id: Uuid,
    tag: &'a str,
    token: Uuid,
}

impl Parking<'_> {
    /// Answers the object that the old payload claimed, if it claimed one, and what is to be pushed.
    async fn write(&self, session: &mut Session, change: &JobEdit) -> Result<(Option<String>, Enqueued), Fault> {
        let (connection, deadline) = session.ledger();
        let settings = "set local lock_timeout = '2s'; set local idle_in_transaction_session_timeout = '5s'";
        deadline.bound(connection.batch_execute(settings)).await?;
        let row = deadline.bound(ledger::begin_edit(connection, self.actor.workspace_id, self.id)).await?;
        let row = row.ok_or_else(|| Problem::not_found("job"))?;
        self.check(&row)?;
        let (epoch, counts) = self.park(&row).await?;
        let finish = ledger::finish_edit(connection, &row, change, &epoch, counts);
        let Some(enqueued) = deadline.bound(finish).await? else {
            let detail = "Redis has just come back; nothing was changed. Try again.";
            return Err(Problem::new(Code::QueueUnavailable, detail).into());
        };
        let replaced = gotong_shared::enqueue::Claim::of(&row.payload).filter(|_| change.payload.is_some());
        Ok((replaced.map(|claim| claim.key), enqueued))
    }

    fn check(&self, row: &Job) -> Result<(), Problem> {
        if self.tag != "*" && !self.tag.split(',').any(|tag| tag.trim() == tag_of(row)) {
            let detail = "The job is no longer as you saw it; look again.";
            return Err(Problem::new(Code::PreconditionFailed, detail).about("/header/If-Match"));
        }
        if row.finished_at.is_some() {
            return Err(ended());
        }
        if row.cancel_requested_at.is_some() {
            return Err(Problem::new(Code::JobEnded, "The job is being cancelled."));
        }
        Ok(())
    }

    async fn park(&self, row: &Job) -> Result<(String, (i32, i32)), Problem> {
        let unavailable = |why: String| {
            tracing::debug!(why, "a job could not be parked");
            Problem::new(Code::QueueUnavailable, "Redis does not answer, so that the job may run. Nothing was changed.")
        };
        let queue: QueueName = row.queue.parse().map_err(Problem::internal)?;
        let job = ledger::to_push(row);
        let park = self.state.dispatcher.client().park(&queue, &job, self.token);
        let parked = timeout(PARK_PATIENCE, park).await.map_err(|_| unavailable("no answer".into()))?;
        let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        match parked.map_err(|error| unavailable(error.to_string()))? {
            Parked::Parked { epoch, attempt, crashes, .. } => Ok((epoch, (number(attempt), number(crashes)))),
            Parked::Running => Err(Problem::new(Code::JobRunning, "The job runs right now.")),
            Parked::Ended => Err(ended()),
            Parked::Newer => Err(Problem::new(Code::PreconditionFailed, "The job was changed meanwhile; look again.")),
            Parked::EpochMissing => Err(unavailable("Redis has no epoch".into())),
        }
    }

    /// What could not be committed is given back at once; if even that fails, the doctor does it.
    async fn give_back(&self, queue: &str) {
        let Ok(queue) = queue.parse::<QueueName>() else { return };
        let unpark = self.state.dispatcher.client().unpark(&queue, self.id, self.token);
        _ = timeout(PARK_PATIENCE, unpark).await;
    }
}

fn ended() -> Problem {
    Problem::new(Code::JobEnded, "The job has ended.")
}
