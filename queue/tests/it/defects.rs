//! What the same scenarios show in other queues (see `bench/defects/`), as far as no other test here covers it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gotong_queue::{Job, JobError, NewJob, Outcome, WorkerInfo};

use crate::fixture::{Fixture, Runs, job, number, until, work};
use crate::server::Server;

fn counting(runs: &Runs) -> impl Fn(Job) -> std::future::Ready<Outcome> + Clone + Send + Sync + 'static {
    let runs = runs.clone();
    move |job| {
        runs.count(number(&job));
        std::future::ready(Outcome::Done(None))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_look_works_whatever_the_queue_holds() {
    let fixture = Fixture::new().await;
    let (client, queue) = (&fixture.client, &fixture.queue);
    let later = client.time().await.unwrap().timestamp().after(Duration::from_mins(5));
    let running = Arc::new(tokio::sync::Semaphore::new(0));
    let held = running.clone();
    let worker = fixture.work(2, move |job| {
        let held = held.clone();
        async move {
            match number(&job) {
                0 => Outcome::Done(Some("1".into())),
                1 => Outcome::Dead(JobError::new("no", "")),
                _ => held.acquire().await.map(|_| Outcome::Done(None)).unwrap(),
            }
        }
    });
    let jobs: Vec<NewJob> = (0..6).map(|n| NewJob { run_at: (n == 5).then_some(later), ..job(n) }).collect();
    fixture.push(&jobs).await;
    until("two to run, one to wait, one for its time", async || {
        let counts = client.counts(queue).await.unwrap();
        (counts.running, counts.ready[2], counts.delayed, counts.alive) == (2, 1, 1, 4)
    })
    .await;
    let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
    assert_eq!(client.entries(queue, &ids).await.unwrap().iter().filter(|view| view.is_alive()).count(), 4);
    assert_eq!(client.scan_entries(queue, 0, 100).await.unwrap().1.len(), 4);
    let minutes = client.minutes(queue, 2).await.unwrap();
    assert_eq!(minutes.iter().fold((0, 0), |sum, m| (sum.0 + m.completed, sum.1 + m.failed)), (1, 1));
    until("the worker to show itself", async || client.workers().await.unwrap().len() == 1).await;
    assert!(client.undecodable(queue, 10).await.unwrap().is_empty());
    assert!(client.unreadable_events(queue, 10).await.unwrap().is_empty());
    running.add_permits(10);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_without_a_result_is_in_nobodys_hands() {
    let fixture = Fixture::new().await;
    let runs = Runs::default();
    let worker = fixture.work(2, counting(&runs));
    fixture.push_many(5).await;
    fixture.drained().await;
    let counts = fixture.client.counts(&fixture.queue).await.unwrap();
    assert_eq!((counts.running, counts.alive, counts.bytes), (0, 0, 0));
    worker.stop().await;
    assert_eq!(runs.total(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_may_start_at_once_under_the_name_of_one_that_crashed() {
    let fixture = Fixture::new().await;
    let runs = Runs::default();
    let named = || {
        let mut subscription = fixture.subscription(1);
        subscription.worker = WorkerInfo { host: "same".into(), ..WorkerInfo::new("test") };
        work(fixture.client.clone(), subscription, counting(&runs))
    };
    let crashed = named();
    until("it to show itself", async || fixture.client.workers().await.unwrap().len() == 1).await;
    drop(crashed);
    for n in 0..2 {
        let next = named();
        fixture.push(&[job(n)]).await;
        fixture.drained().await;
        next.stop().await;
    }
    assert_eq!((runs.distinct(), runs.total()), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn upkeep_takes_nothing_from_a_job_that_waits_for_its_next_attempt() {
    let fixture = Fixture::new().await;
    let runs = Runs::default();
    let worker = fixture.work(1, {
        let runs = runs.clone();
        move |job| {
            let first = runs.count(number(&job)) == 1;
            let error = JobError::new("again", "");
            let again = Outcome::Retry { after: Some(Duration::from_millis(500)), error };
            std::future::ready(if first { again } else { Outcome::Done(None) })
        }
    });
    let jobs = fixture.push_many(1).await;
    until("it to wait again", async || fixture.client.counts(&fixture.queue).await.unwrap().delayed == 1).await;
    for _ in 0..20 {
        fixture.client.reap(&fixture.queue, 1_000).await.unwrap();
        let healed = fixture.client.heal(&fixture.queue, 1_000).await.unwrap();
        assert_eq!(healed, gotong_queue::Healed::default());
        assert!(!fixture.client.purge(&fixture.queue, jobs[0].id, 1).await.unwrap());
    }
    fixture.drained().await;
    worker.stop().await;
    assert_eq!(runs.total(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_is_used_whose_cost_grows_with_the_backlog() {
    let fixture = Fixture::on(Server::start(), |_| {}).await;
    fixture.push_many(3_000).await;
    let runs = Runs::default();
    let worker = fixture.work(10, counting(&runs));
    fixture.drained().await;
    worker.stop().await;
    let info: String = fixture.server.as_ref().unwrap().command(&["INFO", "commandstats"]);
    let used: BTreeSet<&str> =
        info.lines().filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(':')).map(|part| part.0).collect();
    assert!(used.contains("evalsha") && used.contains("rpush"), "{used:?}");
    for command in ["lrem", "lpos", "linsert", "lset", "keys", "scan", "hgetall", "hvals", "zrank", "zrevrank", "sort"]
    {
        assert!(!used.contains(command), "{command} of {used:?}");
    }
    assert_eq!(runs.total(), 3_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn handlers_that_compute_run_on_several_threads() {
    let fixture = Fixture::new().await;
    let (inside, threads) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(BTreeSet::new())));
    let worker = fixture.work(2, {
        let (inside, threads) = (inside.clone(), threads.clone());
        move |_| {
            let (inside, threads) = (inside.clone(), threads.clone());
            async move {
                inside.fetch_add(1, Ordering::SeqCst);
                // neither awaits, so they meet only if each has a thread
                let end = Instant::now() + Duration::from_secs(10);
                while inside.load(Ordering::SeqCst) < 2 && Instant::now() < end {
                    std::hint::spin_loop();
                }
                threads.lock().unwrap().insert(format!("{:?}", std::thread::current().id()));
                Outcome::Done(None)
            }
        }
    });
    fixture.push_many(2).await;
    fixture.drained().await;
    worker.stop().await;
    assert_eq!(threads.lock().unwrap().len(), 2);
}
