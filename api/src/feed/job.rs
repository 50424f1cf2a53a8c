//! The live view of single jobs.

use super::View;
use crate::{
    AppState,
    problem::Problem,
    routes::jobs::{JobFailure, JobProgress, JobResource, among},
};
use chrono::{DateTime, Utc};
use gotong_shared::ledger::State;
use poem_openapi::{Object, types::ToJSON};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, time::sleep};
use uuid::Uuid;

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// How a job stands. Each event is whole: whoever has the latest has missed nothing but what was in between.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct JobEvent {
    /// The job.
    pub id: Uuid,
    /// Where it stands.
    pub state: State,
    /// Whether it has ended; then no other event follows.
    pub finished: bool,
    /// Attempts begun so far, the running one included.
    pub attempt: i32,
    /// Attempts allowed.
    pub max_attempts: i32,
    /// Workers that died with it.
    pub crashes: i32,
    /// Raised by a manual retry and an edit.
    pub generation: i32,
    /// Not before.
    pub run_at: DateTime<Utc>,
    /// When its latest attempt started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Since when its cancellation is asked for.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// Who runs it, or ran its latest attempt.
    pub worker: Option<String>,
    /// How far its running attempt says it is.
    pub progress: Option<JobProgress>,
    /// Why its latest attempt failed.
    pub error: Option<JobFailure>,
}

impl JobEvent {
    /// What is told of a job.
    #[must_use]
    pub fn of(job: JobResource) -> Self {
        Self {
            id: job.id,
            state: job.state,
            finished: job.finished,
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            crashes: job.crashes,
            generation: job.generation,
            run_at: job.run_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            cancel_requested_at: job.cancel_requested_at,
            worker: job.worker,
            progress: job.progress,
            error: job.error,
        }
    }
}

impl View for JobEvent {
    fn id(&self) -> String {
        digest(&self.to_json_string())
    }

    fn is_last(&self) -> bool {
        self.finished
    }
}

/// 16 hexadecimal digits that tell one text from another.
pub(super) fn digest(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..8])
}

/// The jobs to which somebody listens.
#[derive(Default)]
pub struct JobFeed(Mutex<HashMap<Uuid, watch::Sender<Option<Arc<JobEvent>>>>>);

impl JobFeed {
    /// What is seen of a job from now on; its end, when the job is no longer there.
    #[must_use]
    pub fn subscribe(&self, id: Uuid) -> watch::Receiver<Option<Arc<JobEvent>>> {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.entry(id).or_insert_with(|| watch::Sender::new(None)).subscribe()
    }

    /// The jobs to which somebody still listens.
    fn watched(&self) -> Vec<Uuid> {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.retain(|_, news| news.receiver_count() > 0);
        jobs.keys().copied().collect()
    }

    fn publish(&self, asked: &[Uuid], found: Vec<JobResource>) {
        let mut found: HashMap<Uuid, JobResource> = found.into_iter().map(|job| (job.id, job)).collect();
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for id in asked {
            match found.remove(id) {
                Some(job) => {
                    if let Some(news) = jobs.get(id) {
                        news.send_replace(Some(Arc::new(JobEvent::of(job))));
                    }
                }
                // Deleted: its listeners learn that nothing follows.
                None => drop(jobs.remove(id)),
            }
        }
    }
}

pub(super) async fn run(state: &AppState) {
    let feed = &state.feeds.jobs;
    while !state.stopping.is_cancelled() {
        let watched = feed.watched();
        if !watched.is_empty() {
            let look: Result<_, Problem> = among(state, &watched).await;
            match look {
                Ok(found) => feed.publish(&watched, found),
                Err(problem) => tracing::debug!(%problem, "nothing new can be told of jobs"),
            }
        }
        tokio::select! {
            () = sleep(LOOK_EVERY) => {}
            () = state.stopping.cancelled() => {}
        }
    }
}
