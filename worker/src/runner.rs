//! One apalis worker per queue under one monitor, from start to drain.

use crate::{
    backup::Backups,
    jobs,
    mail::{Mailer, MailerError},
    report::Letterhead,
    search::Indexer,
    webhook::Webhooks,
};
use apalis::{
    layers::WorkerBuilderExt,
    prelude::{Monitor, WorkerBuilder},
};
use gotong_queue::{Backend, Client, Job, Outcome, Subscription, WorkerInfo};
use gotong_shared::{
    config::{
        BackupConfig, ConfigError, DatabaseConfig, MailConfig, ProcessConfig, QueueConfig, QueueSlots, Reader,
        ReportConfig, SearchConfig, StorageConfig, WorkerConfig,
    },
    db::{Database, DatabaseError},
    probe,
    reports::source::{ReportDatabase, SourceError},
    search::{Search, SearchError},
    storage::Storage,
};
use prometheus::{HistogramVec, IntCounterVec};
use std::{
    convert::Infallible,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// What handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct Resources {
    /// The ledger and its neighbours.
    pub database: Database,
    /// Objects.
    pub storage: Storage,
    /// The mail server.
    pub mailer: Mailer,
    /// Receivers of webhooks.
    pub webhooks: Webhooks,
    /// The search index.
    pub search: Search,
    /// Documents to be brought to it.
    pub indexer: Indexer,
    /// Where reports are read.
    pub reports: ReportDatabase,
    /// What messages about reports say of their sender.
    pub letterhead: Arc<Letterhead>,
    /// Backups.
    pub backups: Arc<Backups>,
}

impl Resources {
    /// Clients that connect when they are first used.
    ///
    /// # Errors
    /// When one of them cannot be built.
    pub fn new(settings: &Settings) -> Result<Self, RunError> {
        let database = Database::new(&settings.database)?;
        let search = Search::new(&settings.search)?;
        Ok(Self {
            storage: Storage::new(&settings.storage),
            backups: Arc::new(Backups::new(&settings.backups, &settings.storage)?),
            mailer: Mailer::new(&settings.mail)?,
            webhooks: Webhooks::new(settings.worker.private_webhooks),
            indexer: Indexer::start(database.clone(), search.clone()),
            reports: ReportDatabase::new(&settings.report.database_url)?,
            letterhead: Arc::new(Letterhead {
                from: settings.mail.from.clone(),
                return_path: settings.mail.return_path.clone(),
                public_url: settings.report.public_url.clone(),
            }),
            search,
            database,
        })
    }
}

/// Everything a worker process is told.
pub struct Settings {
    /// Environment, logs, probe.
    pub process: ProcessConfig,
    /// The ledger.
    pub database: DatabaseConfig,
    /// The dispatcher.
    pub queue: QueueConfig,
    /// Objects.
    pub storage: StorageConfig,
    /// The mail server.
    pub mail: MailConfig,
    /// The search index.
    pub search: SearchConfig,
    /// Reports.
    pub report: ReportConfig,
    /// Backups.
    pub backups: BackupConfig,
    /// Queues and slots.
    pub worker: WorkerConfig,
}

impl Settings {
    /// Reads every variable.
    ///
    /// # Errors
    /// All that are missing or wrong.
    pub fn read(mut reader: Reader) -> Result<Self, ConfigError> {
        let database = DatabaseConfig::read(&mut reader);
        let storage = StorageConfig::read(&mut reader);
        let settings = Self {
            process: ProcessConfig::read(&mut reader),
            queue: QueueConfig::read(&mut reader),
            mail: MailConfig::read(&mut reader),
            search: SearchConfig::read(&mut reader),
            report: ReportConfig::read(&mut reader),
            backups: BackupConfig::read(&mut reader, &database, &storage),
            database,
            storage,
            worker: WorkerConfig::read(&mut reader),
        };
        reader.finish(settings)
    }
}

/// Why a worker could not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The pool could not be built.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The address of Elasticsearch can never work.
    #[error("GOTONG_ELASTICSEARCH_URL: {0}")]
    Search(#[from] SearchError),
    /// The address where reports are read can never work.
    #[error("GOTONG_REPORT_DATABASE_URL: {0}")]
    Reports(#[from] SourceError),
    /// The engine refuses its settings.
    #[error("the queue engine cannot start: {0}")]
    Queue(#[from] gotong_queue::Error),
    /// Mail cannot be handed over as it is configured.
    #[error(transparent)]
    Mail(#[from] MailerError),
    /// Backups cannot be made as they are configured.
    #[error("GOTONG_BACKUP_RECIPIENTS: {0}")]
    Backups(#[from] gotong_backup::Error),
    /// The probe's address cannot be bound.
    #[error("GOTONG_PROBE_LISTEN cannot be used: {0}")]
    Probe(std::io::Error),
    /// apalis ended in an error.
    #[error("the monitor ended: {0}")]
    Monitor(String),
}

/// Runs until `stop` fires, then drains.
///
/// # Errors
/// When it cannot start; once started, no fault of a server ends it.
pub async fn run(settings: Settings, stop: CancellationToken) -> Result<(), RunError> {
    let client = Client::connect(settings.queue.engine()).await?;
    let resources = Resources::new(&settings)?;
    let readiness = Readiness::watch(client.clone(), stop.clone());
    if let Some(listen) = settings.process.probe {
        probe::serve(listen, Arc::new(move || readiness.get().into())).await.map_err(RunError::Probe)?;
    }
    let worker = WorkerInfo::new(env!("CARGO_PKG_VERSION"));
    let WorkerConfig { queues, drain, .. } = settings.worker;
    let listed: Vec<_> = queues.iter().map(|QueueSlots { queue, slots }| format!("{queue}:{slots}")).collect();
    tracing::info!(worker = %worker.id, queues = listed.join(","), "worker started");
    let mut monitor = Monitor::new().shutdown_timeout(drain + DRAIN_MARGIN);
    for QueueSlots { queue, slots } in queues {
        let kinds = jobs::kinds_of(queue.as_ref()).into_iter().map(str::to_owned).collect();
        let subscription =
            Subscription { queue: queue.clone(), concurrency: slots, kinds, worker: worker.clone(), drain };
        let (client, resources) = (client.clone(), resources.clone());
        monitor = monitor.register(move |_| {
            let resources = resources.clone();
            WorkerBuilder::new(format!("{queue}-{}", worker.id))
                .backend(Backend::new(client.clone(), subscription.clone()))
                .concurrency(slots)
                .build(move |job: Job| run_job(job, resources.clone()))
        });
    }
    let stopped = async move {
        stop.cancelled().await;
        tracing::info!("worker drains");
        Ok(())
    };
    monitor.run_with_signal(stopped).await.map_err(|error| RunError::Monitor(error.to_string()))?;
    tracing::info!("worker stopped");
    Ok(())
}

/// What acks may take after the last handler ended.
const DRAIN_MARGIN: Duration = Duration::from_secs(5);

async fn run_job(job: Job, resources: Resources) -> Result<Outcome, Infallible> {
    let span = tracing::info_span!(
        "job", id = %job.id, kind = %job.kind, attempt = job.attempt, traceparent = job.trace.as_deref());
    let run = async {
        let started = Instant::now();
        let outcome = jobs::dispatch(&job, &resources).await;
        SECONDS.with_label_values(&[&*job.kind]).observe(started.elapsed().as_secs_f64());
        ENDED.with_label_values(&[&*job.kind, tell(&outcome)]).inc();
        outcome
    };
    Ok(run.instrument(span).await)
}

static ENDED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Handlers that returned, by what they returned; panics and time-outs are not among them.";
    prometheus::register_int_counter_vec!("gotong_handlers_total", help, &["kind", "outcome"])
        .expect("the metric's name is unique and valid")
});
static SECONDS: LazyLock<HistogramVec> = LazyLock::new(|| {
    prometheus::register_histogram_vec!("gotong_handler_seconds", "How long handlers ran.", &["kind"])
        .expect("the metric's name is unique and valid")
});

/// Logs how a handler ended; answers the word for it.
fn tell(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done(_) => {
            tracing::info!("done");
            "done"
        }
        Outcome::Retry { error, .. } => {
            tracing::warn!(%error, "failed, to be retried");
            "retry"
        }
        Outcome::Dead(error) => {
            tracing::warn!(%error, "failed for good");
            "dead"
        }
        Outcome::Cancel(reason) => {
            tracing::info!(reason, "cancelled itself");
            "cancel"
        }
        Outcome::Snooze(_) => {
            tracing::info!("snoozed");
            "snooze"
        }
    }
}

/// Whether Redis is reachable and safe to keep jobs in.
#[derive(Clone)]
struct Readiness(Arc<Mutex<Result<(), String>>>);

impl Readiness {
    fn watch(client: Client, stop: CancellationToken) -> Self {
        let readiness = Self(Arc::new(Mutex::new(Err("Redis has not answered yet".into()))));
        let watched = readiness.clone();
        tokio::spawn(async move {
            let mut last = Ok(());
            while !stop.is_cancelled() {
                let now = check(&client).await;
                if let (Err(why), true) = (&now, now != last) {
                    tracing::warn!(why, "not ready");
                }
                watched.set(now.clone());
                last = now;
                tokio::select! {
                    () = tokio::time::sleep(CHECK_EVERY) => {}
                    () = stop.cancelled() => {}
                }
            }
            watched.set(Err("the worker drains".into()));
        });
        readiness
    }

    fn set(&self, now: Result<(), String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    fn get(&self) -> Result<(), String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

const CHECK_EVERY: Duration = Duration::from_secs(5);

async fn check(client: &Client) -> Result<(), String> {
    let report = client.server_check().await.map_err(|error| format!("Redis does not answer: {error}"))?;
    if report.is_fit() {
        return Ok(());
    }
    Err(report.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}
