//! Telling how far it is.

use serde::{Deserialize, Serialize};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Told now and then; from any thread, so it must be quick.
pub type Observer = Arc<dyn Fn(Progress) + Send + Sync>;

/// How often an [`Observer`] is told while bytes flow.
const PACE: Duration = Duration::from_secs(1);

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The stage.
    pub stage: Stage,
    /// Bytes of the plain dump so far, or of objects copied; tables while checking.
    pub done: u64,
    /// What `done` will be at the end, where that is known.
    pub total: Option<u64>,
}

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The database is read and written into the store.
    Dumping,
    /// The object is read and restored.
    Restoring,
    /// What was restored is compared.
    Checking,
    /// Objects are copied.
    Copying,
}

impl Stage {
    /// Its name in data.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dumping => "dumping",
            Self::Restoring => "restoring",
            Self::Checking => "checking",
            Self::Copying => "copying",
        }
    }
}

/// Counts, and tells an observer at a steady pace.
pub(crate) struct Meter {
    observer: Option<Observer>,
    progress: Progress,
    told: Instant,
}

impl Meter {
    pub fn new(observer: Option<&Observer>, stage: Stage, total: Option<u64>) -> Self {
        let meter =
            Self { observer: observer.cloned(), progress: Progress { stage, done: 0, total }, told: Instant::now() };
        meter.tell();
        meter
    }

    pub fn add(&mut self, more: u64) {
        self.progress.done += more;
        if self.told.elapsed() >= PACE {
            self.told = Instant::now();
            self.tell();
        }
    }

    /// Tells how far it came in the end.
    pub fn finish(self) {
        self.tell();
    }

    fn tell(&self) {
        if let Some(observer) = &self.observer {
            observer(self.progress);
        }
    }
}
