//! A worker that is killed loses nothing, and only what it had in flight runs again.

use harness::{Binary, Platform, Process, eventually, jpeg};
use reqwest::StatusCode;
use std::time::Duration;

const UPLOADS: u32 = 500;
const SLOTS: usize = 2;

async fn upload_all(platform: &Platform) {
    let client = platform.client().await;
    let uploads = (0..8).map(|part| {
        let client = client.clone();
        tokio::spawn(async move {
            for seed in (part..UPLOADS).step_by(8) {
                let (status, body) = client.upload(&format!("{seed}.jpg"), jpeg(360, 270, seed)).await;
                assert_eq!(status, StatusCode::ACCEPTED, "{body}");
            }
        })
    });
    for upload in uploads.collect::<Vec<_>>() {
        upload.await.unwrap();
    }
}

fn spawn_worker(platform: &Platform) -> Process {
    Process::spawn(Binary::Worker, &platform.variables(&[("GOTONG_WORKER_QUEUES", "images:2")]))
}

async fn all_completed(platform: &Platform) {
    let bound = Duration::from_mins(4);
    eventually("500 jobs complete", bound, async || {
        (platform.jobs_in("completed").await == i64::from(UPLOADS)).then_some(())
    })
    .await;
    assert_eq!(platform.database.count("select count(*) from media_thumbnails").await, i64::from(UPLOADS));
    assert_eq!(platform.database.count("select count(*) from media where state = 'ready'").await, i64::from(UPLOADS));
}

/// The jobs that ran more than once, in words.
async fn repeated(platform: &Platform) -> Vec<String> {
    let words =
        "select concat_ws(' ', state, 'generation', generation, 'attempt', attempt, 'crashes', crashes, 'worker',
                                  worker, id, pushed, started_at, 'to', finished_at, error_class, version) as value
                 from jobs where attempt <> 1 or crashes > 0";
    platform.database.values(words).await
}

fn count(rows: &[String]) -> i64 {
    i64::try_from(rows.len()).unwrap()
}

/// The attempts that have rows of their own, in words.
async fn attempts(platform: &Platform) -> Vec<String> {
    let words = "select concat_ws(' ', outcome, 'of attempt', attempt, started_at, 'to', ended_at, error_class,
                                  error_message) as value
                 from job_attempts order by started_at";
    platform.database.values(words).await
}

#[tokio::test]
async fn five_hundred_uploads_on_three_workers_run_once_each() {
    let platform = Platform::start().await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let _workers = [spawn_worker(&platform), spawn_worker(&platform), spawn_worker(&platform)];
    upload_all(&platform).await;
    all_completed(&platform).await;
    assert_eq!(attempts(&platform).await, Vec::<String>::new(), "no attempt but the first");
    assert_eq!(repeated(&platform).await, Vec::<String>::new(), "no job ran again");
}

#[tokio::test]
async fn a_killed_worker_loses_nothing_and_repeats_only_what_was_in_flight() {
    let platform = Platform::start().await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let victim = spawn_worker(&platform);
    let _others = [spawn_worker(&platform), spawn_worker(&platform)];
    let uploads = upload_all(&platform);
    let kill = async {
        eventually("some are done", harness::LONG, async || (platform.jobs_in("completed").await >= 50).then_some(()))
            .await;
        victim.kill9();
    };
    tokio::join!(uploads, kill);
    all_completed(&platform).await;
    let again = repeated(&platform).await;
    assert!(again.len() <= SLOTS, "only {SLOTS} can have been in flight, and these ran again: {again:?}");
    let crashed = platform.database.count("select count(*) from job_attempts where outcome = 'crashed'").await;
    assert_eq!(crashed, count(&again), "every lost attempt is visible: {again:?}, {:?}", attempts(&platform).await);
}
