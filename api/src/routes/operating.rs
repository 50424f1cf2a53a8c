//! What operators look at: the operations, and the figures that they share.

use super::{
    alerts::{self, Alert, AlertsApi},
    events::EventsApi,
    failures::FailuresApi,
    health,
    queues::QueuesApi,
    stats::StatsApi,
    workers::WorkersApi,
};
use crate::{AppState, cached::Cached, problem::Problem};
use chrono::{DateTime, Utc};
use gotong_queue::{Counts, QueueName, WorkerView};
use gotong_shared::{
    jobs,
    queue_settings::{self, QueueSettings},
    statistics::{self, Totals},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::timeout;

/// The operations.
pub type OperatingApi = (QueuesApi, WorkersApi, StatsApi, FailuresApi, AlertsApi, EventsApi);
/// The operations.
pub const APIS: OperatingApi = (QueuesApi, WorkersApi, StatsApi, FailuresApi, AlertsApi, EventsApi);

/// How long Redis is waited for.
const REDIS_PATIENCE: Duration = Duration::from_millis(1_500);

/// What is read once for everybody who asks within a second or some.
pub struct Figures {
    counts: Cached<HashMap<String, Option<Counts>>>,
    workers: Cached<Option<Vec<WorkerView>>>,
    settings: Cached<HashMap<String, QueueSettings>>,
    totals: Cached<BTreeMap<(String, String), Totals>>,
    down: Cached<BTreeMap<&'static str, DateTime<Utc>>>,
    /// Since when this process has seen each part down.
    down_since: Mutex<BTreeMap<&'static str, DateTime<Utc>>>,
    alerts: Cached<Vec<Alert>>,
}

impl Default for Figures {
    fn default() -> Self {
        let second = Duration::from_secs(1);
        Self {
            counts: Cached::new(second),
            workers: Cached::new(second),
            settings: Cached::new(second),
            totals: Cached::new(5 * second),
            down: Cached::new(5 * second),
            down_since: Mutex::default(),
            alerts: Cached::new(second),
        }
    }
}

impl Figures {
    /// What Redis holds of each queue; `None` of one about which it gives no answer.
    pub async fn counts(&self, state: &AppState) -> Arc<HashMap<String, Option<Counts>>> {
        let client = state.dispatcher.client();
        let count = async |name: &'static str| {
            let counted = async { client.counts(&name.parse::<QueueName>().ok()?).await.ok() };
            (name.to_owned(), timeout(REDIS_PATIENCE, counted).await.unwrap_or(None))
        };
        let all = async { Ok::<_, Problem>(futures::future::join_all(names().map(count)).await.into_iter().collect()) };
        self.counts.get(all).await.unwrap_or_default()
    }

    /// The workers; `None` when Redis gives no answer.
    pub async fn workers(&self, state: &AppState) -> Arc<Option<Vec<WorkerView>>> {
        let ask = async {
            let workers = timeout(REDIS_PATIENCE, state.dispatcher.client().workers()).await;
            Ok::<_, Problem>(workers.ok().and_then(Result::ok))
        };
        self.workers.get(ask).await.unwrap_or_default()
    }

    /// What operators decided about queues.
    ///
    /// # Errors
    /// 503 when the ledger gives no answer.
    pub async fn settings(&self, state: &AppState) -> Result<Arc<HashMap<String, QueueSettings>>, Problem> {
        let read = async {
            let mut session = state.session().await?;
            let (connection, deadline) = session.ledger();
            Ok::<_, Problem>(deadline.bound(queue_settings::all(connection)).await?)
        };
        self.settings.get(read).await
    }

    /// What happened in the last hour and day, by queue and kind.
    ///
    /// # Errors
    /// 503 when the ledger gives no answer.
    pub async fn totals(&self, state: &AppState) -> Result<Arc<BTreeMap<(String, String), Totals>>, Problem> {
        let read = async {
            let mut session = state.session().await?;
            let (connection, deadline) = session.ledger();
            Ok::<_, Problem>(deadline.bound(statistics::totals(connection)).await?)
        };
        self.totals.get(read).await
    }

    /// The parts that are down, and since when this process has seen them so.
    pub async fn down(&self, state: &AppState) -> Arc<BTreeMap<&'static str, DateTime<Utc>>> {
        let look = async {
            let down = health::down(state).await;
            let mut since = self.down_since.lock().unwrap_or_else(PoisonError::into_inner);
            since.retain(|part, _| down.contains(part));
            for part in down {
                since.entry(part).or_insert_with(Utc::now);
            }
            Ok::<_, Problem>(since.clone())
        };
        self.down.get(look).await.unwrap_or_default()
    }

    /// What an operator should know now, of all workspaces.
    ///
    /// # Errors
    /// 503 when the ledger gives no answer.
    pub async fn alerts(&self, state: &AppState) -> Result<Arc<Vec<Alert>>, Problem> {
        self.alerts.get(Box::pin(alerts::current(state))).await
    }

    /// Forgets what a decision about a queue changes.
    pub async fn forget_decisions(&self) {
        self.settings.forget().await;
        self.counts.forget().await;
        self.alerts.forget().await;
    }

    /// Forgets what the draining of a worker changes.
    pub async fn forget_workers(&self) {
        self.workers.forget().await;
    }
}

/// Every queue.
pub fn names() -> impl Iterator<Item = &'static str> {
    jobs::queues().map(|(name, _)| name)
}
