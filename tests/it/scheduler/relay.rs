//! What was accepted and not pushed is brought to Redis by the relay.

use diesel_async::AsyncConnection;
use gotong_shared::{
    db::DatabaseError,
    enqueue::{EnqueueError, NewJob, enqueue},
    jobs::MaintenancePurgeMedia,
};
use harness::{LONG, Platform, eventually};

async fn accept(platform: &Platform, job: NewJob) {
    let mut connection = platform.database.pool().connection().await.unwrap();
    let enqueued = connection.transaction(async |connection| enqueue(connection, &[job]).await);
    // Dropped without a push, as by a process that dies right after its commit.
    drop(enqueued.await.unwrap());
}

fn purge() -> MaintenancePurgeMedia {
    MaintenancePurgeMedia { grace_s: 60 }
}

#[tokio::test]
async fn a_job_whose_push_never_happened_still_runs_once() {
    let platform = Platform::start().await;
    let (_worker, _one, _two) = (platform.worker(), platform.scheduler(), platform.scheduler());
    platform.settled().await;
    accept(&platform, NewJob::of(platform.workspace, &purge()).unwrap()).await;
    eventually("the job completes", LONG, async || (platform.jobs_in("completed").await == 1).then_some(())).await;
    assert_eq!(platform.database.count("select count(*) from job_attempts").await, 0, "one attempt, which succeeded");
}

#[tokio::test]
async fn a_far_job_stays_in_the_ledger() {
    let platform = Platform::start().await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let far = chrono::Utc::now() + chrono::TimeDelta::hours(2);
    accept(&platform, NewJob::of(platform.workspace, &purge()).unwrap().run_at(far)).await;
    accept(&platform, NewJob::of(platform.workspace, &purge()).unwrap()).await;
    let pushed = "select count(*) from jobs where pushed";
    eventually("the near job is pushed", LONG, async || (platform.database.count(pushed).await == 1).then_some(()))
        .await;
    assert_eq!(platform.jobs_in("scheduled").await, 1);
    let waiting = platform.database.count("select count(*) from jobs where pushed and state = 'available'").await;
    assert_eq!(waiting, 1, "only the near one");
}

#[tokio::test]
async fn a_live_job_keeps_its_unique_key_and_an_ended_one_frees_it() {
    let platform = Platform::start().await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let job = || NewJob::of(platform.workspace, &purge()).unwrap().unique("nightly");
    let mut connection = platform.database.pool().connection().await.unwrap();
    let first = job();
    let enqueued = connection.transaction(async |c| enqueue(c, std::slice::from_ref(&first)).await).await.unwrap();
    assert!(enqueued.duplicates.is_empty());
    let second = job();
    let enqueued = connection.transaction(async |c| enqueue(c, std::slice::from_ref(&second)).await).await.unwrap();
    assert_eq!(enqueued.duplicates.get(&second.id), Some(&first.id));
    let _worker = platform.worker();
    eventually("the first completes", LONG, async || (platform.jobs_in("completed").await == 1).then_some(())).await;
    let third = job();
    let enqueued = connection.transaction(async |c| enqueue(c, std::slice::from_ref(&third)).await).await.unwrap();
    assert!(enqueued.duplicates.is_empty(), "the key is free again");
}

#[tokio::test]
async fn an_id_off_the_clock_or_known_already_is_refused() {
    let platform = Platform::start().await;
    let mut connection = platform.database.pool().connection().await.unwrap();
    let mut old = NewJob::of(platform.workspace, &purge()).unwrap();
    let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(1);
    let since = hour_ago.duration_since(std::time::UNIX_EPOCH).unwrap();
    old.id = uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, since.as_secs(), 0));
    let refused = connection.transaction(async |c| enqueue(c, std::slice::from_ref(&old)).await).await;
    assert!(matches!(refused, Err(EnqueueError::Id)), "{refused:?}");
    let job = NewJob::of(platform.workspace, &purge()).unwrap();
    let once = connection.transaction(async |c| enqueue(c, std::slice::from_ref(&job)).await).await;
    assert!(once.is_ok());
    let twice = connection.transaction(async |c| enqueue(c, std::slice::from_ref(&job)).await).await;
    assert!(matches!(twice, Err(EnqueueError::Id)), "{twice:?}");
    drop(connection);
    assert_eq!(platform.database.count("select count(*) from jobs").await, 1);
    assert!(!DatabaseError::Statement(diesel::result::Error::NotFound).is_transient());
}
