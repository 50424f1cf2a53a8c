//! Reading jobs: the ledger's rows under what Redis knows better.
//!
//! What waits or runs is known to Redis, what has ended to the ledger, and a job can move from one to the other between
//! two questions. So an open row is compared with Redis, and a job that Redis no longer knows is looked up again.

use super::{filter::Listed, resource::JobResource};
use crate::{
    AppState,
    auth::{Actor, Role},
    page::Cursor,
    problem::{Code, Problem},
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use gotong_queue::{EntryView, QueueName};
use gotong_shared::{
    db::{
        models::{Job, JobAttempt},
        schema::{job_attempts, jobs},
    },
    jobs as kinds,
    ledger::{self, JobFilter, Start, State},
};
use std::{collections::HashMap, time::Duration};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

/// How long Redis is waited for; without it the ledger's view stands.
const REDIS_PATIENCE: Duration = Duration::from_millis(500);
/// The longest wait that `Prefer: wait=N` is granted.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How often a waiting request looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The most attempts that are told with a job, the latest ones.
const MOST_ATTEMPTS: i64 = 100;

/// A job that the caller may see, as it stands.
///
/// # Errors
/// 404 when there is none, 503 when the ledger does not answer.
pub async fn find(state: &AppState, actor: &Actor, id: Uuid) -> Result<JobResource, Problem> {
    let mut resource = in_ledger(state, actor, id).await?;
    if resource.finished {
        return Ok(resource);
    }
    match in_redis(state, &resource.queue, &[id]).await.and_then(|mut entries| entries.pop()) {
        Some(entry) if entry.is_alive() => resource.overlay(&entry),
        // Ended or gone meanwhile: the ledger may know by now.
        Some(entry) => {
            resource = in_ledger(state, actor, id).await?;
            if !resource.finished {
                resource.overlay(&entry);
            }
        }
        None => {}
    }
    Ok(resource)
}

/// As [`find`], held back until the job has ended, or as long as the client wishes.
///
/// # Errors
/// As [`find`].
pub async fn wait_for(state: &AppState, actor: &Actor, id: Uuid, wish: Wish) -> Result<JobResource, Problem> {
    let until = Instant::now() + wish.0;
    let mut job = find(state, actor, id).await?;
    let place = (!job.finished).then(|| state.wait_place()).flatten();
    while place.is_some() && !job.finished && Instant::now() < until && !state.stopping.is_cancelled() {
        sleep(LOOK_EVERY).await;
        job = find(state, actor, id).await?;
    }
    Ok(job)
}

/// The row of a job of the caller's workspace; an administrator also sees those that the platform's own schedules make.
///
/// # Errors
/// As [`find`].
pub async fn row(state: &AppState, actor: &Actor, id: Uuid) -> Result<Job, Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let platform = (actor.role == Role::Admin).then_some(Uuid::nil());
    let workspaces: Vec<Uuid> = platform.into_iter().chain([actor.workspace_id]).collect();
    let job = jobs::table.find(id).filter(jobs::workspace_id.eq_any(workspaces)).select(Job::as_select());
    let job = deadline.bound(async { job.first(connection).await.optional() }).await?;
    job.ok_or_else(|| Problem::not_found("job"))
}

async fn in_ledger(state: &AppState, actor: &Actor, id: Uuid) -> Result<JobResource, Problem> {
    let row = row(state, actor, id).await?;
    let attempts = attempts(state, id, None, MOST_ATTEMPTS).await?;
    Ok(JobResource::whole(row, attempts))
}

/// Attempts of a job, the latest first, or, before a cursor, the earliest first.
///
/// # Errors
/// 503 when the ledger does not answer.
pub async fn attempts(
    state: &AppState,
    id: Uuid,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<JobAttempt>, Problem> {
    use job_attempts::{generation, version};
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let all = job_attempts::table
        .filter(job_attempts::job_id.eq(id))
        .limit(limit)
        .select(JobAttempt::as_select())
        .into_boxed();
    let query = match cursor {
        None => all.order((generation.desc(), version.desc())),
        Some(Cursor::After(place)) => {
            let (g, v) = order_of(place);
            all.filter(generation.lt(g).or(generation.eq(g).and(version.lt(v))))
                .order((generation.desc(), version.desc()))
        }
        Some(Cursor::Before(place)) => {
            let (g, v) = order_of(place);
            all.filter(generation.gt(g).or(generation.eq(g).and(version.gt(v)))).order((generation, version))
        }
    };
    Ok(deadline.bound(query.load(connection)).await?)
}

/// An attempt's place in the order of transitions, as a cursor holds it.
#[must_use]
pub fn place_of(attempt: &JobAttempt) -> Uuid {
    let bits = |number: i64| u64::try_from(number).unwrap_or_default();
    Uuid::from_u64_pair(bits(attempt.generation.into()), bits(attempt.version))
}

fn order_of(place: Uuid) -> (i32, i64) {
    let (generation, version) = place.as_u64_pair();
    (i32::try_from(generation).unwrap_or(i32::MAX), i64::try_from(version).unwrap_or(i64::MAX))
}

/// Those of the jobs that exist, of any workspace, as they stand.
///
/// # Errors
/// 503 when the ledger does not answer.
pub async fn among(state: &AppState, ids: &[Uuid]) -> Result<Vec<JobResource>, Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let rows = jobs::table.filter(jobs::id.eq_any(ids)).select(Job::as_select());
    let rows = deadline.bound(rows.load(connection)).await?;
    drop(session);
    Ok(overlaid(state, rows, &[]).await.into_iter().filter_map(|listed| listed.job).collect())
}

/// Up to `per_page + 1` jobs: newest first, or, before a cursor, oldest first.
///
/// # Errors
/// 503 when the ledger does not answer, or when what runs is asked for and Redis does not.
pub async fn list(
    state: &AppState,
    filter: &JobFilter,
    cursor: Option<Cursor>,
    per_page: u32,
) -> Result<Vec<Listed>, Problem> {
    let start = cursor.map_or(Start::Newest, |cursor| match cursor {
        Cursor::After(id) => Start::After(id),
        Cursor::Before(id) => Start::Before(id),
    });
    let limit = i64::from(per_page) + 1;
    let mut rows = Vec::new();
    let waiting = JobFilter {
        states: filter.states.iter().copied().filter(|state| *state != State::Running).collect(),
        ..filter.clone()
    };
    let wants_running = filter.states.contains(&State::Running);
    if !wants_running || !waiting.states.is_empty() {
        rows = page(state, &waiting, start, limit).await?;
    }
    if wants_running {
        let running = JobFilter { states: Vec::new(), among: Some(running(state, filter).await?), ..filter.clone() };
        rows.extend(page(state, &running, start, limit).await?);
        rows.sort_unstable_by_key(|row| row.id);
        rows.dedup_by_key(|row| row.id);
        if !matches!(start, Start::Before(_)) {
            rows.reverse();
        }
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(overlaid(state, rows, &filter.states).await)
}

async fn page(state: &AppState, filter: &JobFilter, start: Start, limit: i64) -> Result<Vec<Job>, Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    Ok(deadline.bound(ledger::list_jobs(connection, filter, start, limit)).await?)
}

/// The jobs that run on the queues of a filter.
async fn running(state: &AppState, filter: &JobFilter) -> Result<Vec<Uuid>, Problem> {
    let unavailable = || Problem::new(Code::QueueUnavailable, "Redis does not answer, so nobody knows what runs.");
    let mut ids = Vec::new();
    for (queue, _) in kinds::queues().filter(|(name, _)| filter.queue.as_deref().is_none_or(|queue| queue == *name)) {
        let queue: QueueName = queue.parse().map_err(Problem::internal)?;
        let answer = timeout(REDIS_PATIENCE, state.dispatcher.client().running(&queue, MOST_RUNNING)).await;
        let answer = answer.map_err(|_| unavailable())?;
        ids.extend(
            answer.inspect_err(|error| tracing::warn!(%error, "what runs is not known")).map_err(|_| unavailable())?,
        );
    }
    Ok(ids)
}

/// The most running jobs of a queue that are looked at.
const MOST_RUNNING: usize = 1_000;

/// The rows under what Redis knows of them; one whose state turns out to be another one than asked for is left out of
/// sight, and still counts for the cursor.
async fn overlaid(state: &AppState, rows: Vec<Job>, states: &[State]) -> Vec<Listed> {
    let mut open: HashMap<String, Vec<Uuid>> = HashMap::new();
    for row in rows.iter().filter(|row| row.finished_at.is_none()) {
        open.entry(row.queue.clone()).or_default().push(row.id);
    }
    let mut entries: HashMap<Uuid, EntryView> = HashMap::new();
    for (queue, ids) in open {
        let known = in_redis(state, &queue, &ids).await.unwrap_or_default();
        entries.extend(ids.into_iter().zip(known));
    }
    let shown = rows.into_iter().map(|row| {
        let id = row.id;
        let mut job = JobResource::of(row);
        if let Some(entry) = entries.get(&id) {
            job.overlay(entry);
        }
        let visible = states.is_empty() || states.contains(&job.state);
        Listed { id, job: visible.then_some(job) }
    });
    shown.collect()
}

async fn in_redis(state: &AppState, queue: &str, ids: &[Uuid]) -> Option<Vec<EntryView>> {
    let queue: QueueName = queue.parse().ok()?;
    let entries = timeout(REDIS_PATIENCE, state.dispatcher.client().entries(&queue, ids)).await.ok()?;
    entries.inspect_err(|error| tracing::debug!(%error, "Redis gave no answer about jobs")).ok()
}

/// How long a client wishes its answer to be held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish(Duration);

impl Wish {
    /// The wait of a `Prefer` header, bounded (RFC 7240, 4.3).
    #[must_use]
    pub fn read(prefer: Option<&str>) -> Self {
        let preferences = prefer.unwrap_or_default().split([',', ';']).filter_map(|part| part.split_once('='));
        let wait = preferences
            .filter(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))
            .find_map(|(_, value)| value.trim().trim_matches('"').parse().ok());
        Self(Duration::from_secs(wait.unwrap_or(0)).min(LONGEST_WAIT))
    }

    /// Whether there is any.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.0.is_zero()
    }
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
            assert_eq!(Wish::read(Some(header)), Wish(Duration::from_secs(seconds)), "{header}");
        }
    }
}
