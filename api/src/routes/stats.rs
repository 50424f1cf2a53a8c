//! `/stats`: the platform in numbers.

use super::{
    Tag,
    operating::names,
    queues::{Looking, QueueDepth, QueueMinutes, Series, WorkSummary, read_minutes},
    workers::Watching,
};
use crate::{AppState, auth::Reader, problem::Refused};
use chrono::{DateTime, Utc};
use gotong_shared::statistics::Totals;
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Query, payload::Json};
use std::collections::BTreeMap;

/// The platform in numbers.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct PlatformStats {
    /// When they were put together; parts of them may be some seconds older.
    pub generated_at: DateTime<Utc>,
    /// What waits and runs; missing while Redis gives no answer.
    pub backlog: Option<Backlog>,
    /// What happened in the last hour.
    pub last_hour: WorkSummary,
    /// What happened in the last day.
    pub last_day: WorkSummary,
    /// The same by queue and kind, where something happened in the last day.
    pub kinds: Vec<KindStats>,
}

/// What waits and runs on all queues. Jobs due in more than 10 minutes wait in the ledger and are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Object)]
pub struct Backlog {
    /// Jobs that could start now.
    pub ready: u64,
    /// Jobs that are due later.
    pub delayed: u64,
    /// Jobs that workers hold.
    pub running: u64,
    /// Jobs that edits hold back right now.
    pub parked: u64,
    /// Jobs of kinds that no worker knows.
    pub unknown: u64,
    /// Ends that are not in the ledger yet.
    pub unrecorded: u64,
}

/// What happened to jobs of a kind on a queue.
#[derive(Clone, Debug, Object)]
pub struct KindStats {
    /// The queue.
    pub queue: String,
    /// The kind.
    pub kind: String,
    /// In the last hour.
    pub last_hour: WorkSummary,
    /// In the last day.
    pub last_day: WorkSummary,
}

/// The operations on the platform's numbers.
pub struct StatsApi;

#[OpenApi(tag = "Tag::Platform")]
impl StatsApi {
    /// Tell the platform in numbers.
    #[oai(path = "/stats", method = "get", operation_id = "get_stats")]
    async fn get(
        &self,
        Data(state): Data<&AppState>,
        _caller: Reader,
    ) -> Result<Json<PlatformStats>, Refused<Watching>> {
        let totals = state.figures.totals(state).await?;
        let mut all = Totals::default();
        totals.values().for_each(|total| all.merge(total));
        Ok(Json(PlatformStats {
            generated_at: Utc::now(),
            backlog: backlog(state).await,
            last_hour: WorkSummary::of(&all.hour, 60),
            last_day: WorkSummary::of(&all.day, 24 * 60),
            kinds: kinds(&totals),
        }))
    }

    /// Tell what happened on the platform, per minute.
    ///
    /// Steps in which nothing happened are left out. Minutes are kept for 30 days; one answer spans a day at most.
    #[oai(path = "/stats/minutes", method = "get", operation_id = "list_minutes")]
    async fn minutes(
        &self,
        Data(state): Data<&AppState>,
        _caller: Reader,
        /// From this minute on; an hour before `to` unless it is said.
        from: Query<Option<DateTime<Utc>>>,
        /// Before this minute; now unless it is said.
        to: Query<Option<DateTime<Utc>>>,
        /// Only jobs of this kind.
        kind: Query<Option<String>>,
        /// How many minutes stand together, 1 to 60; 1 unless it is said.
        step_minutes: Query<Option<u32>>,
    ) -> Result<Json<QueueMinutes>, Refused<Looking>> {
        let kind = kind.0.as_deref();
        let asked = Series { queue: None, kind, from: from.0, to: to.0, step_minutes: step_minutes.0 };
        Ok(Json(read_minutes(state, asked).await?))
    }
}

fn kinds(totals: &BTreeMap<(String, String), Totals>) -> Vec<KindStats> {
    let kind = |((queue, kind), total): (&(String, String), &Totals)| KindStats {
        queue: queue.clone(),
        kind: kind.clone(),
        last_hour: WorkSummary::of(&total.hour, 60),
        last_day: WorkSummary::of(&total.day, 24 * 60),
    };
    totals.iter().map(kind).collect()
}

/// What waits and runs on all queues; `None` unless Redis answers about every one.
pub async fn backlog(state: &AppState) -> Option<Backlog> {
    let counts = state.figures.counts(state).await;
    let mut sum = Backlog::default();
    for name in names() {
        let depth = QueueDepth::of(counts.get(name)?.as_ref()?);
        sum.ready += depth.ready;
        sum.delayed += depth.delayed;
        sum.running += depth.running;
        sum.parked += depth.parked;
        sum.unknown += depth.unknown_kinds.iter().map(|unknown| unknown.jobs).sum::<u64>();
        sum.unrecorded += depth.unrecorded;
    }
    Some(sum)
}
