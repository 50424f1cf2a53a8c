//! A queue on the wire.

use super::WorkSummary;
use chrono::{DateTime, Utc};
use gotong_queue::{Counts, Timestamp, WorkerView};
use gotong_shared::{jobs, queue_settings::QueueSettings, statistics::Totals};
use poem_openapi::Object;

/// A queue.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Queue", skip_serializing_if_is_none)]
pub struct QueueResource {
    /// Its name.
    pub name: String,
    /// Whether an operator has stopped workers from fetching. What runs, runs on.
    pub paused: bool,
    /// Since when.
    pub paused_at: Option<DateTime<Utc>>,
    /// How long the oldest ready job may wait before that is an alert.
    pub oldest_age_limit_seconds: u64,
    /// The kinds of jobs that run on it.
    pub kinds: Vec<String>,
    /// What Redis holds of it; missing while Redis gives no answer.
    pub depth: Option<QueueDepth>,
    /// How many workers serve it; missing while Redis gives no answer.
    pub workers: Option<u64>,
    /// What happened in the last hour.
    pub last_hour: WorkSummary,
    /// What happened in the last day.
    pub last_day: WorkSummary,
    /// Where to go from here.
    pub links: QueueLinks,
}

/// What Redis holds of a queue. Jobs due in more than 10 minutes wait in the ledger and are not among them.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct QueueDepth {
    /// Jobs that could start now.
    pub ready: u64,
    /// The same by priority, 0 (lowest) first.
    pub ready_by_priority: Vec<u64>,
    /// Jobs that are due later.
    pub delayed: u64,
    /// Jobs that workers hold.
    pub running: u64,
    /// Jobs that an edit holds back right now.
    pub parked: u64,
    /// Ends that are not in the ledger yet.
    pub unrecorded: u64,
    /// Jobs that could not be read and were set aside.
    pub undecodable: u64,
    /// Since when the oldest ready job is due.
    pub oldest_ready_at: Option<DateTime<Utc>>,
    /// How long that is ago.
    pub oldest_ready_seconds: Option<u64>,
    /// Jobs of kinds that no worker knows.
    pub unknown_kinds: Vec<UnknownKind>,
}

/// Jobs of a kind that no worker knows.
#[derive(Clone, Debug, Object)]
pub struct UnknownKind {
    /// The kind.
    pub kind: String,
    /// How many wait.
    pub jobs: u64,
}

/// Where to go from a queue.
#[derive(Clone, Debug, Object)]
pub struct QueueLinks {
    /// This resource.
    #[oai(rename = "self")]
    pub this: String,
    /// What happened, per minute.
    pub minutes: String,
    /// Its jobs.
    pub jobs: String,
}

impl QueueResource {
    pub(super) fn of(
        name: &str,
        settings: &QueueSettings,
        counts: Option<&Counts>,
        workers: Option<&[WorkerView]>,
        totals: &Totals,
    ) -> Self {
        let serves = |worker: &&WorkerView| worker.queues.iter().any(|served| served.queue.as_ref() == name);
        Self {
            name: name.to_owned(),
            paused: settings.is_paused(),
            paused_at: settings.paused_at,
            oldest_age_limit_seconds: settings.oldest_age_limit().as_secs(),
            kinds: jobs::kinds().filter(|kind| kind.queue.name == name).map(|kind| kind.name.to_owned()).collect(),
            depth: counts.map(QueueDepth::of),
            workers: workers.map(|workers| workers.iter().filter(serves).count() as u64),
            last_hour: WorkSummary::of(&totals.hour, 60),
            last_day: WorkSummary::of(&totals.day, 24 * 60),
            links: QueueLinks {
                this: format!("/api/v1/queues/{name}"),
                minutes: format!("/api/v1/queues/{name}/minutes"),
                jobs: format!("/api/v1/jobs?queue={name}"),
            },
        }
    }
}

impl QueueDepth {
    pub(crate) fn of(counts: &Counts) -> Self {
        let ready = counts.ready.iter().sum();
        let unknown: u64 = counts.unknown_kinds.iter().map(|(_, jobs)| jobs).sum();
        let oldest = counts.oldest_ready.and_then(time);
        Self {
            ready,
            ready_by_priority: counts.ready.to_vec(),
            delayed: counts.delayed,
            running: counts.running,
            parked: counts.alive.saturating_sub(ready + counts.delayed + counts.running + unknown),
            unrecorded: counts.events,
            undecodable: counts.undecodable,
            oldest_ready_at: oldest,
            oldest_ready_seconds: oldest.map(|at| u64::try_from((Utc::now() - at).num_seconds()).unwrap_or(0)),
            unknown_kinds: counts
                .unknown_kinds
                .iter()
                .map(|(kind, jobs)| UnknownKind { kind: kind.clone(), jobs: *jobs })
                .collect(),
        }
    }
}

/// Redis time on the wire.
pub(in crate::routes) fn time(instant: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(i64::try_from(instant.0).ok()?)
}
