//! One job, a real ledger, a real queue, and everybody who takes part.

use super::participants::{DoctorHand, EditHand, Message, RelayHand};
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::{AsyncConnection, RunQueryDsl};
use gotong_queue::{
    Client, Config, EventBatch, Job, ManualWorker, Micros, PushTerms, QueueName, Subscription, WorkerInfo,
};
use gotong_scheduler::{
    Resources,
    doctor::{Doctor, Mode},
};
use gotong_shared::{
    db::{Database, models, schema::jobs},
    enqueue::{NewJob, enqueue},
    jobs::MaintenancePurgeMedia,
    ledger,
};
use harness::{Services, TestDatabase, port_of};
use std::{collections::HashMap, time::Duration};
use uuid::Uuid;

/// Servers that one course of events after the other uses.
pub struct Ground {
    database: TestDatabase,
}

impl Ground {
    pub async fn prepare() -> Self {
        Self { database: TestDatabase::create().await }
    }
}

/// Everything of one course of events.
pub struct World {
    pub pool: Database,
    pub client: Client,
    pub queue: QueueName,
    /// Port of Redis.
    pub redis: u16,
    pub doctor: Doctor,
    pub job: Uuid,
    pub is_accepted: bool,
    /// Real names of the model's epochs.
    pub epochs: HashMap<u8, String>,
    pub workers: Vec<ManualWorker>,
    pub runs: [Option<Job>; 3],
    pub recorders: [Option<EventBatch>; 2],
    pub relays: [RelayHand; 2],
    pub doctors: [DoctorHand; 2],
    pub edit: Option<EditHand>,
    /// What was sent, by number; what is under way is known to the replay.
    pub messages: Vec<Option<Message>>,
}

impl World {
    /// An empty ledger and an empty queue.
    pub async fn new(ground: &Ground) -> Self {
        let empty = "delete from jobs; delete from job_attempts; delete from queue_epochs; delete from unique_keys";
        TestDatabase::execute(&ground.database, empty).await;
        let queue: QueueName = "maintenance".parse().unwrap();
        let lease = Duration::from_secs(1);
        let config = Config {
            url: Services::get().redis.clone(),
            prefix: format!("t{}", &Uuid::new_v4().simple().to_string()[..12]),
            ledger: true,
            lease,
            renew_every: lease / 4,
            max_crashes: 255,
            // Tombstones go when the model says so.
            tombstone_hold: Duration::from_hours(1),
            ..Config::default()
        };
        let client = Client::connect(config).await.unwrap();
        let pool = ground.database.pool();
        let resources = Resources { database: pool.clone(), client: client.clone() };
        let worker = || {
            let subscription = Subscription::new(queue.clone(), 1, WorkerInfo::new("test"));
            ManualWorker::new(client.clone(), &subscription)
        };
        Self {
            doctor: Doctor::new(resources, queue.clone(), Mode::Repair),
            workers: (0..4).map(|_| worker()).collect(),
            redis: port_of(&Services::get().redis),
            job: Uuid::nil(),
            is_accepted: false,
            epochs: HashMap::new(),
            runs: [None, None, None],
            recorders: [None, None],
            relays: [RelayHand::Idle, RelayHand::Idle],
            doctors: [DoctorHand::Idle, DoctorHand::Idle],
            edit: None,
            messages: Vec::new(),
            pool,
            client,
            queue,
        }
    }

    /// The row commits.
    pub async fn accept(&mut self) {
        let mut job = NewJob::of(Uuid::nil(), &MaintenancePurgeMedia { grace_s: 60 }).unwrap();
        job.expires_at = Some(chrono::Utc::now() + chrono::TimeDelta::hours(1));
        job.limits.max_attempts = 100;
        (self.job, self.is_accepted) = (job.id, true);
        let mut connection = self.pool.connection().await.unwrap();
        let enqueued = connection.transaction(async |c| enqueue(c, std::slice::from_ref(&job)).await).await;
        drop(enqueued.unwrap());
    }

    /// The row as it is pushed.
    pub async fn row(&self) -> gotong_queue::NewJob {
        let mut connection = self.pool.connection().await.unwrap();
        let row = jobs::table.find(self.job).select(models::Job::as_select());
        ledger::to_push(&row.first(&mut connection).await.unwrap())
    }

    /// Under what a command is sent now; a late one arrives after its deadline.
    pub async fn terms(&self, epoch: &str, late: bool) -> PushTerms {
        let now = self.client.time().await.unwrap();
        let deadline = if late { Micros(now.0 - 1) } else { now.after(Duration::from_mins(1)) };
        PushTerms { epoch: epoch.to_owned(), deadline }
    }

    /// Deletes the row.
    pub async fn prune(&self) {
        let mut connection = self.pool.connection().await.unwrap();
        diesel::delete(jobs::table.filter(jobs::id.eq(self.job))).execute(&mut connection).await.unwrap();
    }
}
