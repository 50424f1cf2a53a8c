//! Accepts jobs: rows, fields, unique keys and the idempotency key commit together; the push follows.

use super::{
    batch::ItemProblem,
    request::{UniquePolicy, Wanted, invalid},
    resource::JobResource,
};
use crate::{
    AppState,
    idempotency::KeyedRequest,
    problem::{Code, Problem},
    state::Session,
    transaction::{Done, Fault, Made, once},
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use gotong_shared::{
    db::{
        models::Job,
        schema::{jobs, media},
    },
    enqueue::{Enqueued, NewJob, check_in, enqueue_each},
    jobs::{Contract, ThumbnailGenerate},
};
use poem_openapi::types::{ParseFromJSON, ToJSON};
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};
use uuid::Uuid;

/// What became of one wanted job.
pub enum Outcome {
    /// Accepted now, or before under the same id.
    Accepted(Box<Job>),
    /// A live job has its unique key, and the client wanted to be told that one.
    Existing(Uuid),
    /// Refused.
    Refused(Problem),
}

/// Accepts jobs, each for itself. The outcomes are in the order of the jobs.
///
/// # Errors
/// When nothing was accepted; [`Fault::Unknown`] when nobody can know.
pub async fn accept<A: ToJSON + ParseFromJSON + Send>(
    state: &AppState,
    wanted: Vec<Wanted>,
    request: Option<&KeyedRequest>,
    answer: impl AsyncFnOnce(&mut Session, Vec<Outcome>) -> Result<Made<A>, Fault>,
) -> Result<Done<A>, Fault> {
    let (mut jobs, policies): (Vec<NewJob>, Vec<UniquePolicy>) =
        wanted.into_iter().map(|wanted| (wanted.job, wanted.policy)).unzip();
    let objects = Box::pin(check_in(&state.storage, &mut jobs)).await?;
    let done = once(state, request, async |session| {
        let (outcomes, enqueued) = write(session, &jobs, &policies).await?;
        Ok(answer(session, outcomes).await?.with(enqueued))
    })
    .await;
    // Where nobody knows, the objects stay: one too many is harmless, one too few is not.
    if matches!(done, Ok(Done { replayed: Some(_), .. }) | Err(Fault::Clean(_))) {
        discard(state, objects);
    }
    done
}

/// Removes payloads that no row claims.
pub fn discard(state: &AppState, objects: Vec<String>) {
    if objects.is_empty() {
        return;
    }
    let storage = state.storage.clone();
    state.tasks.spawn(async move {
        if let Err(error) = storage.delete(&objects).await {
            tracing::warn!(%error, "payloads without a job remain until their day goes");
        }
    });
}

/// Writes the rows of jobs that may be accepted, within the session's transaction; outcomes in the order of the jobs.
///
/// # Errors
/// When nothing can be written.
pub async fn write(
    session: &mut Session,
    jobs: &[NewJob],
    policies: &[UniquePolicy],
) -> Result<(Vec<Outcome>, Enqueued), Fault> {
    let missing = missing_media(session, jobs).await?;
    let is_missing = |job: &NewJob| subject(job).is_some_and(|id| missing.contains(&(job.workspace_id, id)));
    let new: Cow<'_, [NewJob]> =
        if missing.is_empty() { jobs.into() } else { jobs.iter().filter(|job| !is_missing(job)).cloned().collect() };
    let (connection, deadline) = session.ledger();
    let mut enqueued = deadline.within(enqueue_each(connection, &new)).await??;
    let mut rows: HashMap<Uuid, Job> = enqueued.rows.drain(..).map(|row| (row.id, row)).collect();
    let unwritten = new.iter().map(|job| job.id);
    let unwritten: Vec<Uuid> =
        unwritten.filter(|id| !rows.contains_key(id) && !enqueued.duplicates.contains_key(id)).collect();
    let before = if unwritten.is_empty() { HashMap::new() } else { known(session, &unwritten).await? };
    let outcomes = jobs.iter().zip(policies).map(|(job, policy)| {
        if let Some(row) = rows.remove(&job.id) {
            return Outcome::Accepted(Box::new(row));
        }
        if let Some(owner) = enqueued.duplicates.get(&job.id) {
            return duplicate(*owner, *policy);
        }
        if is_missing(job) {
            return Outcome::Refused(invalid("/payload/media_id", "there is no such image"));
        }
        match before.get(&job.id) {
            Some(row) if is_same(row, job) => Outcome::Accepted(Box::new(row.clone())),
            Some(_) => Outcome::Refused(Problem::new(Code::Duplicate, "Another job has this id.").about("/id")),
            None => Outcome::Refused(invalid(
                "/id",
                "is not within a minute of the server's clock, or twice in the request",
            )),
        }
    });
    Ok((outcomes.collect(), enqueued))
}

fn duplicate(owner: Uuid, policy: UniquePolicy) -> Outcome {
    match policy {
        UniquePolicy::KeepExisting => Outcome::Existing(owner),
        UniquePolicy::Reject => {
            let detail = format!("The live job {owner} has this unique key.");
            Outcome::Refused(Problem::new(Code::Duplicate, detail).about("/unique_key"))
        }
    }
}

/// The image that a job is about.
fn subject(job: &NewJob) -> Option<Uuid> {
    if job.kind != ThumbnailGenerate::KIND {
        return None;
    }
    job.payload.get("media_id")?.as_str()?.parse().ok()
}

/// The images among the jobs' subjects that their workspaces do not have.
async fn missing_media(session: &mut Session, jobs: &[NewJob]) -> Result<HashSet<(Uuid, Uuid)>, Problem> {
    let mut missing: HashSet<_> = jobs.iter().filter_map(|job| Some((job.workspace_id, subject(job)?))).collect();
    if missing.is_empty() {
        return Ok(missing);
    }
    let (connection, deadline) = session.ledger();
    let ids: Vec<Uuid> = missing.iter().map(|(_, id)| *id).collect();
    let there = media::table
        .filter(media::id.eq_any(ids))
        .filter(media::deleted_at.is_null().and(media::category.eq("image")))
        .select((media::workspace_id, media::id));
    for one in deadline.bound(there.load::<(Uuid, Uuid)>(connection)).await? {
        missing.remove(&one);
    }
    Ok(missing)
}

async fn known(session: &mut Session, ids: &[Uuid]) -> Result<HashMap<Uuid, Job>, Problem> {
    let (connection, deadline) = session.ledger();
    let rows = jobs::table.filter(jobs::id.eq_any(ids)).select(Job::as_select());
    Ok(deadline.bound(rows.load(connection)).await?.into_iter().map(|row: Job| (row.id, row)).collect())
}

/// Whether a row was accepted from an equal request. What an edit or a run has changed since does not count.
fn is_same(row: &Job, job: &NewJob) -> bool {
    row.workspace_id == job.workspace_id && row.kind == job.kind && (row.payload == job.payload || row.generation > 1)
}

/// How the acceptance of one job is answered: 202, or 200 with the live job that stands for it.
///
/// # Errors
/// When it is refused.
pub async fn single(session: &mut Session, mut outcomes: Vec<Outcome>) -> Result<Made<JobResource>, Fault> {
    let (status, row) = match outcomes.pop() {
        Some(Outcome::Accepted(row)) => (202, *row),
        Some(Outcome::Existing(owner)) => {
            let mut rows = known(session, &[owner]).await?;
            (200, rows.remove(&owner).ok_or_else(|| Problem::not_found("job"))?)
        }
        Some(Outcome::Refused(problem)) => return Err(Fault::Clean(problem)),
        None => return Err(Fault::Clean(Problem::internal("no job has no outcome"))),
    };
    let resource = JobResource::of(row);
    let location = resource.links.this.clone();
    Ok(Made::new(status, resource).at(location))
}

impl Outcome {
    /// How a batch tells it: status, job and problem.
    pub fn told(&self) -> (u16, Option<Uuid>, Option<ItemProblem>) {
        match self {
            Self::Accepted(row) => (202, Some(row.id), None),
            Self::Existing(owner) => (200, Some(*owner), None),
            Self::Refused(problem) => (problem.code().status().as_u16(), None, Some(ItemProblem::of(problem))),
        }
    }
}
