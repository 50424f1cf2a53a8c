//! A job on the wire.

use super::{edit::tag_of, filter::Listed};
use crate::page::{Page, PageLinks, PageMeta};
use chrono::{DateTime, Utc};
use gotong_queue::{EntryView, Timestamp};
use gotong_shared::{
    db::models::{Job, JobAttempt},
    enqueue::Claim,
    jobs::{BackupCreate, BackupRestore, BackupVerify, Contract, EmailSend, ReportGenerate},
    ledger::State,
};
use poem_openapi::{Object, types::Any};
use serde_json::Value;
use uuid::Uuid;

/// A piece of work.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Job", skip_serializing_if_is_none)]
pub struct JobResource {
    /// Its id, a UUIDv7.
    pub id: Uuid,
    /// Its kind, such as `thumbnail.generate`.
    pub kind: String,
    /// Its queue.
    pub queue: String,
    /// 0 (lowest) to 4 (highest).
    pub priority: i16,
    /// Where it stands.
    pub state: State,
    /// Whether it has ended.
    pub finished: bool,
    /// Attempts begun so far, the running one included.
    pub attempt: i32,
    /// Attempts allowed.
    pub max_attempts: i32,
    /// Workers that died with it.
    pub crashes: i32,
    /// The longest that one attempt may take, in milliseconds.
    pub timeout_ms: i32,
    /// Not before.
    pub run_at: DateTime<Utc>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When its latest attempt started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// How long its latest attempt took, in milliseconds; known when the job has ended.
    pub duration_ms: Option<i64>,
    /// Since when its cancellation is asked for.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// Who runs it, or ran its latest attempt.
    pub worker: Option<String>,
    /// How far its running attempt says it is.
    pub progress: Option<JobProgress>,
    /// Why its latest attempt failed.
    pub error: Option<JobFailure>,
    /// Asked for by that many retries and edits, this request included.
    pub generation: i32,
    /// The schedule that made it.
    pub schedule_id: Option<Uuid>,
    /// At most one live job of its kind has it.
    pub unique_key: Option<String>,
    /// What it was asked to do. A large payload, and in lists any, is at `links.payload`.
    pub payload: Option<Any<Value>>,
    /// What came of it; not in lists.
    pub result: Option<Any<Value>>,
    /// Its latest attempts that did not simply succeed, latest first; not in lists.
    pub attempts: Option<Vec<Run>>,
    /// Where to go from here.
    pub links: JobLinks,
    /// Which state of the job this is: its `ETag`.
    #[oai(rename = "etag")]
    pub tag: String,
}

/// How far a running attempt says it is.
#[derive(Clone, Debug, Object)]
pub struct JobProgress {
    /// From 0 to 1.
    pub fraction: f32,
    /// What it is doing.
    pub message: String,
}

/// Why an attempt failed.
#[derive(Clone, Debug, Object)]
pub struct JobFailure {
    /// A stable word, such as `invalid_image`.
    pub class: String,
    /// A sentence.
    pub message: String,
}

/// One run of a job.
#[derive(Clone, Debug, Object)]
#[oai(rename = "JobAttempt", skip_serializing_if_is_none)]
pub struct Run {
    /// The job's generation when it ran: a retry by hand and an edit begin the next one.
    pub generation: i32,
    /// Its number, from 1.
    pub attempt: i32,
    /// How it ended, such as `retried` or `crashed`.
    pub outcome: String,
    /// Who ran it.
    pub worker: Option<String>,
    /// When it started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// Why it failed.
    pub error: Option<JobFailure>,
    /// What its handler said, at most 100 lines.
    pub log: Option<Any<Value>>,
}

/// Where to go from a job.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct JobLinks {
    /// This resource.
    #[oai(rename = "self")]
    pub this: String,
    /// Its payload.
    pub payload: String,
    /// Its attempts.
    pub attempts: String,
    /// The file it is about.
    pub media: Option<String>,
    /// The e-mail that it sends.
    pub email: Option<String>,
    /// The report that it makes.
    pub report: Option<String>,
    /// The schedule that made it.
    pub schedule: Option<String>,
    /// The backup that it makes, proves or restores.
    pub backup: Option<String>,
}

/// A page of jobs, newest first.
#[derive(Clone, Debug, Object)]
pub struct JobList {
    data: Vec<JobResource>,
    meta: PageMeta,
    links: PageLinks,
}

/// A page of attempts, the latest first.
#[derive(Clone, Debug, Object)]
pub struct JobAttemptList {
    data: Vec<Run>,
    meta: PageMeta,
    links: PageLinks,
}

impl JobList {
    /// Of a page of rows.
    pub fn of(page: Page<Listed>) -> Self {
        Self { data: page.rows.into_iter().filter_map(|row| row.job).collect(), meta: page.meta, links: page.links }
    }
}

impl JobAttemptList {
    /// Of a page of rows.
    pub fn of(page: Page<JobAttempt>) -> Self {
        Self { data: page.rows.into_iter().map(Run::of).collect(), meta: page.meta, links: page.links }
    }
}

impl JobResource {
    /// The ledger's view of a job alone.
    #[must_use]
    pub fn whole(job: Job, attempts: Vec<JobAttempt>) -> Self {
        let payload = Claim::of(&job.payload).is_none().then(|| Any(job.payload.clone()));
        let result = job.result.clone().map(Any);
        let attempts = Some(attempts.into_iter().map(Run::of).collect());
        Self { payload, result, attempts, ..Self::of(job) }
    }

    /// The ledger's view of a job among others.
    #[must_use]
    pub fn of(job: Job) -> Self {
        let state = match job.state.parse().unwrap_or(State::Available) {
            State::Scheduled if job.run_at <= Utc::now() => State::Available,
            state => state,
        };
        let took = job.started_at.zip(job.finished_at).map(|(start, end)| (end - start).num_milliseconds());
        let media = job.payload.get("media_id").and_then(Value::as_str).map(|id| format!("/api/v1/media/{id}"));
        Self {
            tag: tag_of(&job),
            id: job.id,
            links: JobLinks {
                payload: format!("/api/v1/jobs/{}/payload", job.id),
                attempts: format!("/api/v1/jobs/{}/attempts", job.id),
                this: format!("/api/v1/jobs/{}", job.id),
                media,
                email: (job.kind == EmailSend::KIND).then(|| format!("/api/v1/emails/{}", job.id)),
                report: (job.kind == ReportGenerate::KIND).then(|| format!("/api/v1/reports/{}", job.id)),
                backup: backup_of(&job).map(|id| format!("/api/v1/backups/{id}")),
                schedule: job.schedule_id.map(|id| format!("/api/v1/schedules/{id}")),
            },
            kind: job.kind,
            queue: job.queue,
            priority: job.priority,
            state,
            finished: state.is_final(),
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            crashes: job.crashes,
            timeout_ms: job.timeout_ms,
            run_at: job.run_at,
            created_at: job.created_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            duration_ms: took,
            cancel_requested_at: job.cancel_requested_at,
            worker: job.worker,
            progress: None,
            error: failure(job.error_class, job.error_message),
            generation: job.generation,
            schedule_id: job.schedule_id,
            unique_key: job.unique_key,
            payload: None,
            result: None,
            attempts: None,
        }
    }

    /// What Redis knows better: whether it runs, and since when.
    pub fn overlay(&mut self, entry: &EntryView) {
        match entry {
            EntryView::Running { attempt, crashes, worker, started_at, progress, .. } => {
                self.state = State::Running;
                self.attempt = i32::try_from(*attempt).unwrap_or(i32::MAX);
                self.crashes = i32::try_from(*crashes).unwrap_or(i32::MAX);
                self.worker = Some(worker.to_string());
                self.started_at = time(*started_at).or(self.started_at);
                self.progress = progress
                    .as_ref()
                    .map(|progress| JobProgress { fraction: progress.fraction, message: progress.message.clone() });
            }
            EntryView::Waiting { attempt, crashes, run_at, .. } => {
                self.attempt = i32::try_from(*attempt).unwrap_or(i32::MAX);
                self.crashes = i32::try_from(*crashes).unwrap_or(i32::MAX);
                self.run_at = time(*run_at).unwrap_or(self.run_at);
                if self.state == State::Scheduled && self.run_at <= Utc::now() {
                    self.state = State::Available;
                }
            }
            // It has ended, and its end is on its way to the ledger.
            EntryView::Tombstone { ended: Some(_), .. } => self.state = State::Running,
            EntryView::Tombstone { .. } | EntryView::Unknown => {}
        }
    }
}

impl Run {
    fn of(row: JobAttempt) -> Self {
        Self {
            generation: row.generation,
            attempt: row.attempt,
            outcome: row.outcome,
            worker: row.worker,
            started_at: row.started_at,
            ended_at: row.ended_at,
            error: failure(row.error_class, row.error_message),
            log: row.logs.map(Any),
        }
    }
}

/// The backup that a job is about; one that makes backups of every target makes none itself.
fn backup_of(job: &Job) -> Option<Uuid> {
    match job.kind.as_str() {
        BackupCreate::KIND => job.payload.get("target").map(|_| job.id),
        BackupVerify::KIND | BackupRestore::KIND => job.payload.get("backup_id")?.as_str()?.parse().ok(),
        _ => None,
    }
}

fn failure(class: Option<String>, message: Option<String>) -> Option<JobFailure> {
    class.map(|class| JobFailure { class, message: message.unwrap_or_default() })
}

fn time(instant: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(i64::try_from(instant.0).ok()?)
}
