//! Faults under a load of mixed jobs. After each, every accepted job reaches exactly one final state; only handlers whose
//! outcome had not reached the ledger ran again; and runs whose report came too late are visible as attempts.

mod counter;
mod trial;

use counter::Run;
use diesel_async::SimpleAsyncConnection;
use gotong_xtask::servers::RedisServer;
use harness::{Forwarder, LONG, eventually, jpeg, redis_command};
use std::collections::{HashMap, HashSet};
use trial::Trial;

const JOBS: usize = 600;
const PICTURES: u32 = 6;

/// Loads the platform, and breaks something in the middle.
macro_rules! under_load {
    ($trial:ident, $fault:block) => {{
        let known = $trial.accepted();
        $trial.upload(PICTURES).await;
        $trial.accept(JOBS).await;
        $trial.wait_for(known + 20).await;
        let (before, runs) = ($trial.ended().await, $trial.counter.runs());
        $fault
        $trial.accept(50).await;
        $trial.upload(1).await;
        $trial.comes_through(&before, &runs).await;
    }};
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_may_lose_everything_or_its_last_seconds() {
    let mut trial = Trial::start().await;
    under_load!(trial, {
        assert_eq!(redis_command(trial.redis.port(), &["FLUSHALL"]).unwrap(), "+OK");
    });
    under_load!(trial, {
        trial.redis.kill9();
        trial.redis.restart().unwrap();
    });
    // Files of some seconds ago: what happened since is gone, ends and all.
    let files = trial.redis.copy_files().unwrap();
    under_load!(trial, {
        trial.redis.restart_with(&files).unwrap();
    });
    // The same, with waiting jobs in the files that have ended since.
    trial.accept(JOBS).await;
    let files = trial.redis.copy_files().unwrap();
    under_load!(trial, {
        trial.redis.restart_with(&files).unwrap();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_lagged_may_take_over() {
    let mut trial = Trial::start().await;
    let link = Forwarder::to(trial.redis.port());
    let primary = link.port().to_string();
    let replica = RedisServer::start_with(&["--replicaof", "127.0.0.1", &primary]).unwrap();
    let reaches = |trial: &Trial| {
        let (key, value) = (format!("{}:a-word", trial.config().prefix), trial.accepted().to_string());
        redis_command(trial.redis.port(), &["SET", &key, &value]).unwrap();
        (key, format!("${}", value.len()))
    };
    trial.accept(JOBS).await;
    let (key, length) = reaches(&trial);
    eventually("the replica has caught up", LONG, async || {
        (redis_command(replica.port(), &["GET", &key]).ok()? == length).then_some(())
    })
    .await;
    // From here on it lags: what follows never reaches it.
    link.switch(0);
    under_load!(trial, {
        trial.redis.kill9();
        assert_eq!(redis_command(replica.port(), &["REPLICAOF", "NO", "ONE"]).unwrap(), "+OK");
        trial.forwarder.switch(replica.port());
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn every_program_and_the_ledger_may_be_killed() {
    let mut trial = Trial::start().await;
    under_load!(trial, {
        // Every worker, with pictures in hand.
        trial.upload(PICTURES).await;
        trial.start_worker();
        let victims: Vec<_> = trial.workers.drain(..).collect();
        victims.into_iter().for_each(harness::Process::kill9);
        trial.start_worker();
    });
    under_load!(trial, { kill_the_recorder(&mut trial).await });
    under_load!(trial, { kill_the_api_before_its_push(&mut trial).await });
    under_load!(trial, {
        trial.postgres.kill9();
        trial.postgres.restart().unwrap();
    });
}

/// Kills the scheduler while its statement waits for a row that somebody else has locked, so within its transaction.
async fn kill_the_recorder(trial: &mut Trial) {
    let mut side = trial.database.connection().await.unwrap();
    side.batch_execute("begin; select from jobs where finished_at is null for update").await.unwrap();
    let waits =
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%state = new.state%'";
    eventually("the recorder is within its transaction", LONG, async || {
        (trial.platform.database.count(waits).await > 0).then_some(())
    })
    .await;
    trial.scheduler.take().unwrap().kill9();
    side.batch_execute("rollback").await.unwrap();
    trial.start_scheduler();
}

/// Lets the API commit an upload, holds up what it sends to Redis then, and kills it: the push is never sent.
async fn kill_the_api_before_its_push(trial: &mut Trial) {
    let mut side = trial.database.connection().await.unwrap();
    // It has asked Redis for the time before its transaction begins, which then waits here.
    side.batch_execute("begin; lock table media in access exclusive mode").await.unwrap();
    let client = trial.platform.client().await;
    let upload = tokio::spawn(async move {
        let form = reqwest::multipart::Part::bytes(jpeg(200, 150, 4_000)).file_name("photo.jpg");
        let form = reqwest::multipart::Form::new().part("file", form);
        // Whether it still answers does not matter: it has committed.
        _ = client.request("POST", "/api/v1/media").multipart(form).send().await;
    });
    let waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ilike '%into%media%'";
    eventually("the API is within its transaction", LONG, async || {
        (trial.platform.database.count(waits).await > 0).then_some(())
    })
    .await;
    let jobs = "select count(*) from jobs";
    let before = trial.platform.database.count(jobs).await;
    trial.forwarder.hold();
    side.batch_execute("rollback").await.unwrap();
    let unpushed = "select count(*) from jobs where kind = 'thumbnail.generate' and not pushed and finished_at is null";
    eventually("the upload has committed", LONG, async || {
        (trial.platform.database.count(jobs).await > before).then_some(())
    })
    .await;
    trial.platform.kill_api();
    upload.await.unwrap();
    trial.forwarder.switch(trial.redis.port());
    assert!(trial.platform.database.count(unpushed).await > 0);
    trial.forwarder.release();
    trial.platform.start_api().await;
    let open = "select count(*) from media where state = 'processing'";
    eventually("it is carried out nevertheless", LONG, async || {
        (trial.platform.database.count(open).await == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_waiting_jobs_are_refilled() {
    const WAITING: usize = 10_000;
    let mut trial = Trial::start().await;
    // Nobody works on them before they are back.
    trial.stop_counter();
    trial.accept(WAITING).await;
    let maintenance = "maintenance".parse().unwrap();
    let all = u64::try_from(WAITING).unwrap();
    let waiting = async || trial.client().counts(&maintenance).await.ok().map(|counts| counts.alive);
    eventually("all wait", LONG, async || waiting().await.filter(|alive| *alive == all)).await;
    let unmarked = "select count(*) from jobs where not pushed";
    let database = &trial.platform.database;
    eventually("all are marked", LONG, async || (database.count(unmarked).await == 0).then_some(())).await;
    assert_eq!(redis_command(trial.redis.port(), &["FLUSHALL"]).unwrap(), "+OK");
    eventually("all wait again", LONG, async || waiting().await.filter(|alive| *alive == all)).await;
    trial.start_counter(200);
    trial.comes_through(&HashSet::new(), &HashMap::new()).await;
    let runs = trial.counter.runs();
    // On a machine so busy that a lease ran out, a job is run again, and its late report tells.
    let once = runs.values().filter(|runs| runs.iter().filter(|run| **run == Run::Taken).count() == 1).count();
    assert_eq!((runs.len(), once), (WAITING, WAITING), "the report of one run of each counted");
}
