//! A worker that counts every start of every job, and how its report was taken.

use gotong_queue::{Client, ManualWorker, Outcome, QueueName, Reported, Subscription, WorkerInfo};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// Not yet, or nobody knows.
    Open,
    /// Its report counted.
    Taken,
    /// Its report came too late to count; it is on its way to the ledger as an attempt.
    Stale,
}

type Runs = Arc<Mutex<HashMap<Uuid, Vec<Run>>>>;

/// The worker. It stops with its value.
pub struct Counter {
    runs: Runs,
    task: JoinHandle<()>,
}

impl Counter {
    pub fn start(client: Client, queue: &QueueName, slots: usize) -> Self {
        let subscription = Subscription::new(queue.clone(), slots, WorkerInfo::new("counter"));
        let worker = ManualWorker::new(client, &subscription);
        let runs = Runs::default();
        let task = tokio::spawn(work(worker, slots, Arc::clone(&runs)));
        Self { runs, task }
    }

    /// Fetches no more.
    pub fn stop(&self) {
        self.task.abort();
    }

    /// The runs of each job so far.
    pub fn runs(&self) -> HashMap<Uuid, Vec<Run>> {
        self.runs.lock().unwrap().clone()
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn work(worker: ManualWorker, slots: usize, runs: Runs) {
    loop {
        let jobs = worker.fetch(slots).await.unwrap_or_default();
        for job in &jobs {
            runs.lock().unwrap().entry(job.id).or_default().push(Run::Open);
        }
        tokio::time::sleep(Duration::from_millis(15)).await; // the handlers' work, in which faults happen
        for job in &jobs {
            // Reporting again after an unknown result is harmless.
            let reported = loop {
                match worker.report(job, Outcome::Done(None)).await {
                    Ok(reported) => break reported,
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await, // while Redis is away
                }
            };
            let end = if reported == Reported::Stale { Run::Stale } else { Run::Taken };
            let mut runs = runs.lock().unwrap();
            let run = runs.get_mut(&job.id).and_then(|runs| runs.last_mut());
            *run.expect("it was noted at its start") = end;
        }
    }
}
