//! `/jobs`: how the work stands.
//!
//! What waits or runs is known to Redis, what has ended to the ledger, and a job can move from one to the other between
//! two questions. So an open row is compared with Redis, and a job that Redis no longer knows is looked up again.

mod resource;

pub use resource::JobResource;

use super::{Reading, Tag};
use crate::{
    AppState,
    auth::{Actor, Reader},
    problem::{Problem, Refused},
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use gotong_queue::{EntryView, QueueName};
use gotong_shared::db::{
    models::{Job, JobAttempt},
    schema::{job_attempts, jobs},
};
use poem::web::Data;
use poem_openapi::{
    OpenApi,
    param::{Header, Path},
    payload::Json,
};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

/// How long Redis is waited for; without it the ledger's view stands.
const REDIS_PATIENCE: Duration = Duration::from_millis(500);
/// The longest wait that `Prefer: wait=N` is granted.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How often a waiting request looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The most attempts that are told, the latest ones.
const MOST_ATTEMPTS: i64 = 100;

/// The operations on jobs.
pub struct JobsApi;

#[OpenApi(prefix_path = "/jobs", tag = "Tag::Jobs")]
impl JobsApi {
    /// Get a job.
    ///
    /// With `Prefer: wait=N` the answer is held back until the job has ended, for N seconds at most (30 is the limit).
    #[oai(path = "/:id", method = "get", operation_id = "get_job")]
    async fn get(
        &self,
        Data(state): Data<&AppState>,
        caller: Reader,
        id: Path<Uuid>,
        /// `wait=N`: hold the answer back until the job has ended, at most N seconds (RFC 7240).
        #[oai(name = "Prefer")]
        prefer: Header<Option<String>>,
    ) -> Result<Json<JobResource>, Refused<Reading>> {
        let until = Instant::now() + prefer.as_deref().map_or(Duration::ZERO, wished_wait);
        let mut job = find(state, &caller, id.0).await?;
        let place = (!job.is_final()).then(|| state.wait_place()).flatten();
        while place.is_some() && !job.is_final() && Instant::now() < until && !state.stopping.is_cancelled() {
            sleep(LOOK_EVERY).await;
            job = find(state, &caller, id.0).await?;
        }
        Ok(Json(job))
    }
}

async fn find(state: &AppState, actor: &Actor, id: Uuid) -> Result<JobResource, Problem> {
    let (job, attempts) = in_ledger(state, actor, id).await?;
    let mut resource = JobResource::of(job, attempts);
    if resource.is_final() {
        return Ok(resource);
    }
    match in_redis(state, &resource.queue, id).await {
        Some(entry) if entry.is_alive() => resource.overlay(&entry),
        // Ended or gone meanwhile: the ledger may know by now.
        Some(entry) => {
            let (job, attempts) = in_ledger(state, actor, id).await?;
            resource = JobResource::of(job, attempts);
            if !resource.is_final() {
                resource.overlay(&entry);
            }
        }
        None => {}
    }
    Ok(resource)
}

async fn in_ledger(state: &AppState, actor: &Actor, id: Uuid) -> Result<(Job, Vec<JobAttempt>), Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let job = jobs::table.find(id).filter(jobs::workspace_id.eq(actor.workspace_id)).select(Job::as_select());
    let job = deadline.bound(async { job.first(connection).await.optional() }).await?;
    let job: Job = job.ok_or_else(|| Problem::not_found("job"))?;
    let attempts = job_attempts::table
        .filter(job_attempts::job_id.eq(id))
        .order((job_attempts::generation.desc(), job_attempts::version.desc()))
        .limit(MOST_ATTEMPTS)
        .select(JobAttempt::as_select());
    let attempts = deadline.bound(attempts.load(connection)).await?;
    Ok((job, attempts))
}

async fn in_redis(state: &AppState, queue: &str, id: Uuid) -> Option<EntryView> {
    let queue: QueueName = queue.parse().ok()?;
    let entries = timeout(REDIS_PATIENCE, state.dispatcher.client().entries(&queue, &[id])).await.ok()?;
    entries.inspect_err(|error| tracing::debug!(%error, "Redis gave no answer about a job")).ok()?.pop()
}

/// The wait of a `Prefer` header, bounded (RFC 7240, 4.3).
fn wished_wait(prefer: &str) -> Duration {
    let preferences = prefer.split([',', ';']).filter_map(|part| part.split_once('='));
    let wait = preferences
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))
        .find_map(|(_, value)| value.trim().trim_matches('"').parse().ok());
    Duration::from_secs(wait.unwrap_or(0)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_read_and_bounded() {
        for (header, seconds) in [
            ("wait=5", 5),
            ("respond-async, wait=10", 10),
            ("Wait = \"7\"", 7),
            ("wait=999999", 30),
            ("wait=-1", 0),
            ("x", 0),
        ] {
            assert_eq!(wished_wait(header), Duration::from_secs(seconds), "{header}");
        }
    }
}
