//! `gotong-queue`, without a ledger.

use std::time::Duration;

use anyhow::Result;
use apalis_core::worker::builder::WorkerBuilder;
use gotong_queue::{
    Backend, Backoff, Client, Config, Job, JobError, NewJob, OnConflict, Outcome, Priority, Pushed, QueueName,
    Subscription, Unique, WorkerInfo,
};
use uuid::Uuid;

use crate::peer::{Handler, Left, Peer, Push, Settings, Work};

pub struct Gotong {
    client: Client,
    queue: QueueName,
    settings: Settings,
}

impl Gotong {
    fn job(&self, push: Push) -> NewJob {
        let mut job = NewJob::new(Uuid::now_v7(), "defect", push.n.to_string());
        job.timeout = self.settings.timeout;
        job.max_attempts = self.settings.attempts;
        job.backoff = Backoff { base: Duration::from_millis(100), cap: Duration::from_secs(1) };
        job.unique = push.unique.map(|key| Unique { key: key.into(), on_conflict: OnConflict::Reject });
        job.priority = push.priority.and_then(Priority::new).unwrap_or(job.priority);
        job
    }
}

impl Peer for Gotong {
    const NAME: &'static str = "gotong-queue";

    async fn open(url: &str, settings: Settings) -> Result<Self> {
        let mut config = Config { url: url.into(), ..Config::default() };
        if settings.quick {
            (config.lease, config.renew_every) = (Duration::from_secs(2), Duration::from_millis(600));
        }
        Ok(Self { client: Client::connect(config).await?, queue: "defects".parse()?, settings })
    }

    async fn push(&self, jobs: &[Push]) -> Result<usize> {
        let jobs: Vec<NewJob> = jobs.iter().map(|push| self.job(*push)).collect();
        let answers = self.client.push(&self.queue, &jobs, None).await?;
        Ok(answers.iter().filter(|answer| **answer != Pushed::Accepted).count())
    }

    async fn work(&self, name: &str, concurrency: Option<usize>, handler: Handler) -> Result<Work> {
        let info = WorkerInfo { host: name.into(), ..WorkerInfo::new("1") };
        let subscription = Subscription::new(self.queue.clone(), concurrency.unwrap_or(10), info);
        let backend = Backend::new(self.client.clone(), subscription);
        let worker = WorkerBuilder::new(name).backend(backend).build(move |job: Job| {
            let n = std::str::from_utf8(&job.payload).ok().and_then(|n| n.parse().ok()).unwrap_or(u64::MAX);
            let run = handler(n);
            async move {
                Ok::<_, std::io::Error>(match run.await {
                    Ok(()) => Outcome::Done(None),
                    Err(error) => Outcome::Retry { after: None, error: JobError::new("failed", error) },
                })
            }
        });
        Ok(tokio::spawn(worker.run()))
    }

    async fn spoil(&self) -> Result<()> {
        let job = self.job(Push::default());
        self.client.push(&self.queue, std::slice::from_ref(&job), None).await?;
        let config = self.client.config();
        let mut connection = redis::Client::open(config.url.as_str())?.get_multiplexed_async_connection().await?;
        let mut set = redis::cmd("HSET");
        set.arg(format!("{}:{{{}}}:jobs", config.prefix, self.queue)).arg(job.id.as_bytes()).arg("not a job");
        set.query_async::<u32>(&mut connection).await?;
        Ok(())
    }

    async fn maintain(&self) -> Result<()> {
        self.client.reap(&self.queue, 1_000).await?;
        self.client.heal(&self.queue, 1_000).await?;
        Ok(())
    }

    async fn inspect(&self) -> Vec<(&'static str, Result<(), String>)> {
        let said = |result: gotong_queue::Result<()>| result.map_err(|error| error.to_string());
        let (client, queue) = (&self.client, &self.queue);
        vec![
            ("counts", said(client.counts(queue).await.map(drop))),
            ("minutes", said(client.minutes(queue, 5).await.map(drop))),
            ("scan_entries", said(client.scan_entries(queue, 0, 10).await.map(drop))),
            ("workers", said(client.workers().await.map(drop))),
            ("undecodable", said(client.undecodable(queue, 10).await.map(drop))),
        ]
    }

    async fn left(&self) -> Result<Left> {
        let counts = self.client.counts(&self.queue).await?;
        let failed: u64 = self.client.minutes(&self.queue, 2).await?.iter().map(|minute| minute.failed).sum();
        let waiting = counts.ready.iter().sum::<u64>() + counts.delayed;
        // nothing is alive, and so many attempts failed: whatever was tried so often is dead
        let dead = u64::from(counts.alive == 0 && failed >= u64::from(self.settings.attempts));
        Ok(Left { waiting, running: counts.running, dead })
    }
}
