//! The live view of the platform.

use super::View;
use crate::{
    AppState,
    problem::Problem,
    routes::{
        alerts::{self, Alert},
        operating::names,
        queues::{OutcomeCounts, QueueDepth},
        stats::{self, Backlog},
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use gotong_shared::statistics;
use poem_openapi::{Object, types::ToJSON};
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time::sleep};
use uuid::Uuid;

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What ended within this time is told.
const RECENT: TimeDelta = TimeDelta::minutes(2);

/// The platform as it stands. Each event is whole: whoever has the latest has missed nothing.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct PlatformEvent {
    /// When it was looked.
    pub generated_at: DateTime<Utc>,
    /// What waits and runs; missing while Redis gives no answer.
    pub backlog: Option<Backlog>,
    /// The queues.
    pub queues: Vec<QueueState>,
    /// What ended of late, by minute, queue and kind; oldest first.
    pub ended: Vec<RecentEnds>,
    /// What an operator should know now, the most urgent first.
    pub alerts: Vec<Alert>,
    #[oai(skip)]
    id: String,
}

/// A queue as it stands.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct QueueState {
    /// Its name.
    pub name: String,
    /// Whether an operator has paused it.
    pub paused: bool,
    /// Jobs that could start now; missing, like what follows, while Redis gives no answer.
    pub ready: Option<u64>,
    /// Jobs that are due later.
    pub delayed: Option<u64>,
    /// Jobs that workers hold.
    pub running: Option<u64>,
    /// Since when the oldest ready job is due.
    pub oldest_ready_at: Option<DateTime<Utc>>,
}

/// What ended of a kind on a queue in a minute.
#[derive(Clone, Debug, Object)]
pub struct RecentEnds {
    /// The start of the minute; the running one grows.
    pub minute: DateTime<Utc>,
    /// The queue.
    pub queue: String,
    /// The kind.
    pub kind: String,
    /// How it ended.
    pub outcomes: OutcomeCounts,
}

impl View for PlatformEvent {
    fn id(&self) -> String {
        self.id.clone()
    }

    fn is_last(&self) -> bool {
        false
    }
}

/// What one look has shown, of all workspaces.
pub struct Snapshot {
    event: PlatformEvent,
}

impl Snapshot {
    /// What a workspace may see of it.
    #[must_use]
    pub fn of(&self, workspace: Uuid) -> PlatformEvent {
        let mut event = self.event.clone();
        event.alerts = alerts::visible(&event.alerts, workspace);
        // The moment of looking is no news.
        let mut content = event.to_json();
        if let Some(members) = content.as_mut().and_then(|content| content.as_object_mut()) {
            members.remove("generated_at");
        }
        event.id = super::job::digest(&content.unwrap_or_default().to_string());
        event
    }
}

/// The live view of the platform; it is looked only while somebody listens.
pub struct PlatformFeed(watch::Sender<Option<Arc<Snapshot>>>);

impl Default for PlatformFeed {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl PlatformFeed {
    /// What is seen from now on.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Option<Arc<Snapshot>>> {
        self.0.subscribe()
    }
}

pub(super) async fn run(state: &AppState) {
    let latest = &state.feeds.platform.0;
    while !state.stopping.is_cancelled() {
        if latest.receiver_count() > 0 {
            match Box::pin(look(state)).await {
                Ok(snapshot) => drop(latest.send_replace(Some(Arc::new(snapshot)))),
                Err(problem) => tracing::debug!(%problem, "nothing new can be told"),
            }
        } else if latest.borrow().is_some() {
            // Whoever comes later is not told what was so long ago.
            latest.send_replace(None);
        }
        tokio::select! {
            () = sleep(LOOK_EVERY) => {}
            () = state.stopping.cancelled() => {}
        }
    }
}

async fn look(state: &AppState) -> Result<Snapshot, Problem> {
    let (settings, counts) = (state.figures.settings(state).await?, state.figures.counts(state).await);
    let queue = |name: &str| {
        let depth = counts.get(name).and_then(Option::as_ref).map(QueueDepth::of);
        QueueState {
            name: name.to_owned(),
            paused: settings.get(name).is_some_and(|settings| settings.paused_at.is_some()),
            ready: depth.as_ref().map(|depth| depth.ready),
            delayed: depth.as_ref().map(|depth| depth.delayed),
            running: depth.as_ref().map(|depth| depth.running),
            oldest_ready_at: depth.as_ref().and_then(|depth| depth.oldest_ready_at),
        }
    };
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let ended = deadline.bound(statistics::recent(connection, Utc::now() - RECENT)).await?;
    drop(session);
    let ended = ended.into_iter().map(|((minute, queue, kind), work)| {
        let outcomes = OutcomeCounts::of(&work);
        RecentEnds { minute, queue, kind, outcomes }
    });
    let event = PlatformEvent {
        generated_at: Utc::now(),
        backlog: stats::backlog(state).await,
        queues: names().map(queue).collect(),
        ended: ended.collect(),
        alerts: state.figures.alerts(state).await?.to_vec(),
        id: String::new(),
    };
    Ok(Snapshot { event })
}
