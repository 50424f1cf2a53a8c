//! Gotong's scheduler. Any number of them may run: whoever does a tick, a relay or a repair claims it with a row lock,
//! an advisory lock or one atomic script.
//!
//! - [`loops`]: one loop, one file; each has one bounded `pass`.
//! - [`doctor`]: what the doctor's loops and `gotong-scheduler doctor` have in common.
//! - [`built_in`]: the schedules that the platform brings along.
//! - [`runner`]: runs a loop: jittered, restarted after a panic, with health and metrics.

pub mod built_in;
pub mod commands;
pub mod doctor;
pub mod loops;
pub mod runner;

use gotong_queue::{Client, QueueName};
use gotong_shared::{
    config::{ConfigError, DatabaseConfig, ProcessConfig, QueueConfig, Reader},
    db::{Database, DatabaseError},
    probe,
};
use loops::{
    cron::Cron, doctor::Doctor, keys::Keys, observer::Observer, pruner::Pruner, reaper::Reaper, recorder::Recorder,
    relay::Relay, watchman::Watchman,
};
use runner::Fleet;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Everything a scheduler process is told.
pub struct Settings {
    /// Environment, logs, probe.
    pub process: ProcessConfig,
    /// The ledger.
    pub database: DatabaseConfig,
    /// The dispatcher.
    pub queue: QueueConfig,
}

impl Settings {
    /// Reads every variable.
    ///
    /// # Errors
    /// All that are missing or wrong.
    pub fn read(mut reader: Reader) -> Result<Self, ConfigError> {
        let settings = Self {
            process: ProcessConfig::read(&mut reader),
            database: DatabaseConfig::read(&mut reader),
            queue: QueueConfig::read(&mut reader),
        };
        reader.finish(settings)
    }
}

/// Why a scheduler could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The pool could not be built.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The engine refuses its settings.
    #[error("the queue engine cannot start: {0}")]
    Queue(#[from] gotong_queue::Error),
    /// The probe's address cannot be bound.
    #[error("GOTONG_PROBE_LISTEN cannot be used: {0}")]
    Probe(std::io::Error),
}

/// What loops work with. Cheap to clone.
#[derive(Clone)]
pub struct Resources {
    /// The ledger.
    pub database: Database,
    /// The dispatcher.
    pub client: Client,
}

impl Resources {
    /// The pool and the client of these settings; neither server needs to answer yet.
    ///
    /// # Errors
    /// When a setting can never work.
    pub async fn open(settings: &Settings) -> Result<Self, StartError> {
        let client = Client::connect(settings.queue.engine()).await?;
        Ok(Self { database: Database::new(&settings.database)?, client })
    }
}

/// Every queue that a kind runs on.
#[must_use]
pub fn queues() -> Vec<QueueName> {
    let names = gotong_shared::jobs::queues();
    names.map(|(name, _)| name.parse().expect("the registry names valid queues")).collect()
}

/// Runs every loop until `stop` fires and their passes have ended.
///
/// # Errors
/// When it cannot start; once started, no fault of a server ends it.
pub async fn run(settings: Settings, stop: CancellationToken) -> Result<(), StartError> {
    let resources = Resources::open(&settings).await?;
    let mut fleet = Fleet::new(stop);
    for queue in queues() {
        fleet.run(Relay::new(resources.clone(), queue.clone()));
        fleet.run(Recorder::new(resources.clone(), queue.clone()));
        fleet.run(Reaper::new(resources.clone(), queue.clone()));
        fleet.run(Observer::new(resources.clone(), queue.clone()));
        fleet.run(Doctor::new(resources.clone(), queue));
    }
    fleet.run(Cron::new(resources.clone()));
    fleet.run(Watchman::new(resources.clone(), fleet.health()));
    fleet.run(Keys::new(resources.clone()));
    fleet.run(Pruner::new(resources));
    if let Some(listen) = settings.process.probe {
        let health = fleet.health();
        probe::serve(listen, Arc::new(move || health.check())).await.map_err(StartError::Probe)?;
    }
    tracing::info!("scheduler started");
    fleet.join().await;
    tracing::info!("scheduler stopped");
    Ok(())
}
