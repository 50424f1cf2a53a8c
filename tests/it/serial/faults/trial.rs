//! A platform under a load of mixed jobs, with servers of its own behind addresses whose servers can be exchanged: real
//! processes of the API, the scheduler and a worker for pictures, and a worker that counts every start of the other jobs.

use super::counter::{Counter, Run};
use diesel_async::AsyncConnection;
use gotong_queue::{Client, Config};
use gotong_shared::{
    db::Database,
    enqueue::{Dispatcher, EnqueueError, NewJob, enqueue},
    jobs::MaintenancePurgeMedia,
};
use gotong_xtask::servers::{PostgresServer, RedisServer};
use harness::{Binary, Forwarder, Platform, Process, Servers, eventually, jpeg};
use reqwest::StatusCode;
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};
use uuid::Uuid;

/// How long a load may take from a fault to its end.
const BOUND: Duration = Duration::from_mins(2);

/// Jobs that the counter runs at once: few, so that faults meet waiting jobs too.
const SLOTS: usize = 8;

/// Everything of one trial.
pub struct Trial {
    pub platform: Platform,
    pub redis: RedisServer,
    pub postgres: PostgresServer,
    pub forwarder: Forwarder,
    pub scheduler: Option<Process>,
    pub workers: Vec<Process>,
    pub database: Database,
    pub counter: Counter,
    client: Client,
    accepted: HashSet<Uuid>,
    pictures: u32,
}

impl Trial {
    /// All of it runs, and the epochs are open.
    pub async fn start() -> Self {
        let (redis, postgres) = (RedisServer::start().unwrap(), PostgresServer::start().unwrap());
        let forwarder = Forwarder::to(redis.port());
        let address = format!("redis://127.0.0.1:{}/0", forwarder.port());
        let servers = Servers { redis: Some(address), database: Some(postgres.url()), ..Servers::default() };
        let platform = Platform::on(servers).await;
        let database = platform.database.pool();
        let client = platform.queue().await;
        let counter = Counter::start(client.clone(), &"maintenance".parse().unwrap(), SLOTS);
        let mut trial = Self {
            scheduler: None,
            workers: Vec::new(),
            accepted: HashSet::new(),
            pictures: 0,
            platform,
            redis,
            postgres,
            forwarder,
            database,
            counter,
            client,
        };
        trial.start_scheduler();
        trial.start_worker();
        trial.platform.settled().await;
        trial
    }

    pub fn start_scheduler(&mut self) {
        self.scheduler = Some(Process::spawn(Binary::Scheduler, &self.platform.variables(&[])));
    }

    pub fn start_worker(&mut self) {
        let variables = self.platform.variables(&[("GOTONG_WORKER_QUEUES", "images:2")]);
        self.workers.push(Process::spawn(Binary::Worker, &variables));
    }

    /// The counter fetches no more.
    pub fn stop_counter(&mut self) {
        self.counter.stop();
    }

    /// Another counter in its place, which begins at nothing.
    pub fn start_counter(&mut self, slots: usize) {
        self.counter = Counter::start(self.client.clone(), &"maintenance".parse().unwrap(), slots);
    }

    /// The engine's settings, for looking at Redis.
    pub fn config(&self) -> &Config {
        self.client.config()
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Accepts so many jobs that the counter runs, in batches, as the API does: commit, then push.
    pub async fn accept(&mut self, count: usize) {
        let mut left = count;
        while left > 0 {
            let batch = left.min(250);
            if let Ok(ids) = self.accept_batch(batch).await {
                self.accepted.extend(ids);
                left -= batch;
            } else {
                tokio::time::sleep(Duration::from_millis(50)).await; // while PostgreSQL is away
            }
        }
    }

    async fn accept_batch(&self, count: usize) -> Result<Vec<Uuid>, EnqueueError> {
        let payload = MaintenancePurgeMedia { grace_s: 60 };
        let jobs: Vec<NewJob> = (0..count).map(|_| NewJob::of(self.platform.workspace, &payload).unwrap()).collect();
        let dispatcher = Dispatcher::new(self.client.clone());
        let clock = dispatcher.clock().await;
        let mut connection = self.database.connection().await.map_err(|_| EnqueueError::TooMany)?;
        let enqueued = connection.transaction(async |c| enqueue(c, &jobs).await).await?;
        drop(connection);
        dispatcher.push(clock, enqueued).await;
        Ok(jobs.iter().map(|job| job.id).collect())
    }

    /// Uploads so many pictures; what is answered otherwise than by 202 is not accepted, and tried again.
    pub async fn upload(&mut self, count: u32) {
        let client = self.platform.client().await;
        for _ in 0..count {
            self.pictures += 1;
            let picture = jpeg(200, 150, self.pictures);
            let job = eventually("an upload is accepted", BOUND, async || {
                let (status, media) = client.upload("photo.jpg", picture.clone()).await;
                (status == StatusCode::ACCEPTED).then(|| media["job_id"].as_str().unwrap().parse().unwrap())
            })
            .await;
            self.accepted.insert(job);
        }
    }

    /// The jobs whose end is in the ledger.
    pub async fn ended(&self) -> HashSet<Uuid> {
        let ids = "select id::text as value from jobs where finished_at is not null";
        self.platform.database.values(ids).await.iter().map(|id| id.parse().unwrap()).collect()
    }

    /// Waits until at least so many of the jobs accepted now have ended in the ledger, so that a fault meets every kind.
    pub async fn wait_for(&self, count: usize) {
        eventually("some jobs end", BOUND, async || (self.ended().await.len() >= count).then_some(())).await;
    }

    /// Number of jobs accepted so far.
    pub fn accepted(&self) -> usize {
        self.accepted.len()
    }

    /// After a fault at which `before` had ended: every accepted job reaches its one final state; what had ended did not run
    /// again; runs whose report came too late are visible as attempts.
    pub async fn comes_through(&self, before: &HashSet<Uuid>, runs_before: &HashMap<Uuid, Vec<Run>>) {
        let open = "select count(*) from jobs where finished_at is null";
        eventually("every accepted job ends", BOUND, async || {
            (self.platform.database.count(open).await == 0).then_some(())
        })
        .await;
        assert!(self.accepted.is_subset(&self.ended().await), "what was accepted is in the ledger, ended");
        let wrong = "select count(*) from jobs where finished_at is not null and state <> 'completed'";
        assert_eq!(self.platform.database.count(wrong).await, 0, "every one of them completes");
        let runs = self.counter.runs();
        for id in before {
            assert_eq!(runs.get(id).map(Vec::len), runs_before.get(id).map(Vec::len), "{id} had ended, and ran again");
        }
        self.leaves_nothing_behind().await;
        self.late_reports_are_visible().await;
    }

    async fn leaves_nothing_behind(&self) {
        for queue in gotong_scheduler::queues() {
            eventually("nothing is left in Redis, nor to be recorded", BOUND, async || {
                let counts = self.client.counts(&queue).await.ok()?;
                (counts.alive + counts.running + counts.events == 0).then_some(())
            })
            .await;
        }
    }

    /// A run that reported too late, and another whose report counted: the ledger knows of both.
    async fn late_reports_are_visible(&self) {
        let runs = self.counter.runs();
        let late = runs.iter().filter(|(_, runs)| runs.contains(&Run::Stale)).map(|(id, _)| *id);
        for id in late {
            let attempts = format!("select count(*) from job_attempts where job_id = '{id}'");
            let told = eventually("the late run is an attempt", BOUND, async || {
                let told = self.platform.database.count(&attempts).await;
                (told > 0).then_some(told)
            })
            .await;
            assert!(usize::try_from(told).unwrap() < runs[&id].len() + 1, "{id}: {told} attempts of {:?}", runs[&id]);
        }
    }
}
