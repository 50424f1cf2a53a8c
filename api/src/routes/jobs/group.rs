//! Requests for single jobs that come at the same time are committed together, so that a crowd of clients costs the
//! ledger a few transactions and not one each. Nobody waits for company: a writer takes what is there.

use super::{
    accept::{Outcome, discard, write},
    request::{UniquePolicy, Wanted},
};
use crate::{
    AppState,
    problem::{Code, Problem},
    transaction::{Fault, transact},
};
use gotong_shared::enqueue::{NewJob, check_in};
use poem::http::StatusCode;
use std::{
    collections::{HashSet, VecDeque},
    slice,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// Transactions under way at once: while one waits for the disk, the next ones gather.
const WRITERS: usize = 2;
/// The most jobs in one transaction.
const MOST: usize = 200;
/// The most jobs that wait for a writer.
const ROOM: usize = 10_000;

/// The jobs that wait for a writer.
#[derive(Default)]
pub struct Group(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Pending>,
    writers: usize,
}

struct Pending {
    job: NewJob,
    policy: UniquePolicy,
    answer: oneshot::Sender<Result<Outcome, Fault>>,
}

impl Group {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Accepts one job.
///
/// # Errors
/// When it was not accepted; [`Fault::Unknown`] when nobody can know.
pub async fn accept_one(state: &AppState, Wanted { mut job, policy }: Wanted) -> Result<Outcome, Fault> {
    let objects = Box::pin(check_in(&state.storage, slice::from_mut(&mut job))).await?;
    let (answer, answered) = oneshot::channel();
    let enters = enter(state, Pending { job, policy, answer });
    let outcome = match enters {
        Ok(()) => answered.await.unwrap_or_else(|_| Err(Fault::Unknown(Problem::internal("a writer is gone")))),
        Err(problem) => Err(Fault::Clean(problem)),
    };
    // Where nobody knows, the objects stay: one too many is harmless, one too few is not.
    if matches!(outcome, Err(Fault::Clean(_)) | Ok(Outcome::Refused(_) | Outcome::Existing(_))) {
        discard(state, objects);
    }
    outcome
}

fn enter(state: &AppState, pending: Pending) -> Result<(), Problem> {
    let mut waiting = state.group.lock();
    if waiting.jobs.len() >= ROOM {
        return Err(Problem::new(Code::DatabaseUnavailable, "Too many jobs wait to be written."));
    }
    waiting.jobs.push_back(pending);
    if waiting.writers < WRITERS {
        waiting.writers += 1;
        let writer = Writer { state: state.clone(), is_counted: true };
        state.tasks.spawn(async move { writer.run().await });
    }
    Ok(())
}

/// One of the writers; it ends when nothing waits.
struct Writer {
    state: AppState,
    is_counted: bool,
}

impl Writer {
    async fn run(mut self) {
        while let Some(batch) = self.take() {
            commit(&self.state, batch).await;
        }
    }

    /// What waits, and each id once: whoever asks again under the same id is to find the row.
    fn take(&mut self) -> Option<Vec<Pending>> {
        let mut waiting = self.state.group.lock();
        let (mut ids, mut batch, mut again) = (HashSet::new(), Vec::new(), VecDeque::new());
        while batch.len() < MOST
            && let Some(pending) = waiting.jobs.pop_front()
        {
            if ids.insert(pending.job.id) { batch.push(pending) } else { again.push_back(pending) }
        }
        again.append(&mut waiting.jobs);
        waiting.jobs = again;
        if batch.is_empty() {
            // Under the same lock, so that whoever comes next starts another writer.
            waiting.writers -= 1;
            self.is_counted = false;
            return None;
        }
        Some(batch)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Still counted: a panic ended it.
        if self.is_counted {
            self.state.group.lock().writers -= 1;
        }
    }
}

async fn commit(state: &AppState, batch: Vec<Pending>) {
    let mut answers = Vec::with_capacity(batch.len());
    let (jobs, policies): (Vec<NewJob>, Vec<UniquePolicy>) = batch
        .into_iter()
        .map(|Pending { job, policy, answer }| {
            answers.push(answer);
            (job, policy)
        })
        .unzip();
    match commit_together(state, &jobs, &policies).await {
        Ok(outcomes) => outcomes.into_iter().zip(answers).for_each(|(outcome, answer)| tell(answer, Ok(outcome))),
        // One of them may be what the ledger cannot hold: the others are not to suffer.
        Err(Fault::Clean(problem)) if jobs.len() > 1 && problem.code().status() != StatusCode::SERVICE_UNAVAILABLE => {
            for ((job, policy), answer) in jobs.into_iter().zip(policies).zip(answers) {
                let outcome = commit_together(state, &[job], &[policy]).await;
                tell(answer, outcome.and_then(|mut outcomes| outcomes.pop().ok_or_else(nothing)));
            }
        }
        Err(fault) => {
            let is_unknown = matches!(fault, Fault::Unknown(_));
            let problem = fault.problem();
            for answer in answers {
                let problem = problem.clone();
                tell(answer, Err(if is_unknown { Fault::Unknown(problem) } else { Fault::Clean(problem) }));
            }
        }
    }
}

async fn commit_together(state: &AppState, jobs: &[NewJob], policies: &[UniquePolicy]) -> Result<Vec<Outcome>, Fault> {
    let clock = state.clock().await;
    let (outcomes, enqueued) = transact(state, async |session| write(session, jobs, policies).await).await?;
    state.push(clock, enqueued);
    Ok(outcomes)
}

/// A client that is gone is told nothing.
fn tell(answer: oneshot::Sender<Result<Outcome, Fault>>, outcome: Result<Outcome, Fault>) {
    _ = answer.send(outcome);
}

fn nothing() -> Fault {
    Fault::Clean(Problem::internal("a job has no outcome"))
}
