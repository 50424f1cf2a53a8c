//! What goes wrong in the field, one thing a test, each with a server of its own; each asserts how often every job ran,
//! that none was lost, and how each ended.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gotong_queue::{
    Config, EntryView, EventKind, Job, ManualWorker, NewJob, Outcome, Pushed, Renewed, Reported, WorkerInfo,
};

use crate::fixture::{Fixture, Runs, job, kinds, number, until, work};
use crate::process::Process;
use crate::server::Server;

const LEASE: Duration = Duration::from_millis(900);

fn quick(config: &mut Config) {
    (config.lease, config.renew_every) = (LEASE, LEASE / 3);
}

async fn quick_ledger(server: Server) -> Fixture {
    let fixture = Fixture::on(server, |config| {
        quick(config);
        config.ledger = true;
    })
    .await;
    fixture.open("e1").await;
    fixture
}

fn told(payloads: impl IntoIterator<Item = String>) -> Vec<NewJob> {
    payloads.into_iter().map(|payload| NewJob { payload: payload.into(), ..job(0) }).collect()
}

/// A handler that counts its runs and takes a moment.
fn counting(runs: &Runs, moment: Duration) -> impl Fn(Job) -> Boxed + Clone + Send + Sync + 'static {
    let runs = runs.clone();
    move |job| {
        runs.count(number(&job));
        Box::pin(async move {
            tokio::time::sleep(moment).await; // the handler's work
            Outcome::Done(None)
        })
    }
}

type Boxed = std::pin::Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// The ends of all jobs, each of which must have one.
async fn ends(fixture: &Fixture, jobs: &[NewJob]) -> Vec<EventKind> {
    let ids: Vec<_> = jobs.iter().map(|j| j.id).collect();
    let views = fixture.client.entries(&fixture.queue, &ids).await.unwrap();
    let end = |view: EntryView| match view {
        EntryView::Tombstone { ended: Some(kind), .. } => kind,
        other => panic!("it has not ended: {other:?}"),
    };
    views.into_iter().map(end).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_loses_nothing() {
    let fixture = quick_ledger(Server::start()).await;
    let mut first = Process::start(&fixture);
    let jobs = told((0..10).map(|n| format!("sleep 60000 {n}")));
    fixture.push(&jobs).await;
    until("all to run", async || first.begun().len() == 10).await;
    first.kill();
    let runs = Arc::new(Mutex::new(Vec::new()));
    let second = fixture.work(10, {
        let runs = runs.clone();
        move |job: Job| {
            runs.lock().unwrap().push((job.id, job.attempt, job.crashes));
            async { Outcome::Done(None) }
        }
    });
    fixture.ended(10).await;
    second.stop().await;
    let runs = runs.lock().unwrap().clone();
    assert_eq!(runs.iter().map(|r| r.0).collect::<BTreeSet<_>>(), jobs.iter().map(|j| j.id).collect());
    assert!(
        runs.len() == 10 && runs.iter().all(|r| (r.1, r.2) == (1, 1)),
        "one crash each, no attempt spent: {runs:?}"
    );
    let all = kinds(&fixture.events().await);
    let count = |kind| all.iter().filter(|k| **k == kind).count();
    assert_eq!((count(EventKind::Crashed), count(EventKind::Completed), all.len()), (10, 10, 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_late_report_of_a_stopped_worker_changes_nothing() {
    let fixture = quick_ledger(Server::start()).await;
    let first = Process::start(&fixture);
    let jobs = told((0..5).map(|n| format!("sleep 500 {n}")));
    fixture.push(&jobs).await;
    until("all to run", async || first.begun().len() == 5).await;
    first.signal("STOP");
    let runs = Arc::new(Mutex::new(0));
    let second = fixture.work(5, {
        let runs = runs.clone();
        move |_| {
            *runs.lock().unwrap() += 1;
            async { Outcome::Done(Some("\"second\"".into())) }
        }
    });
    let ended = fixture.ended(5).await;
    first.signal("CONT");
    until("the late reports", async || {
        kinds(&fixture.events().await).iter().filter(|k| **k == EventKind::StaleReport).count() == 5
    })
    .await;
    second.stop().await;
    assert_eq!((*runs.lock().unwrap(), first.begun().len()), (5, 5));
    assert!(ended.iter().all(|e| e.result.as_deref() == Some(b"\"second\"")));
    assert_eq!(fixture.ended(5).await, ended);
    assert_eq!(ends(&fixture, &jobs).await, [EventKind::Completed; 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_worker_is_quarantined_and_the_others_go_on() {
    let fixture = quick_ledger(Server::start()).await;
    let mut jobs = told((0..4).map(|n| format!("sleep 1 {n}")));
    jobs.extend(told(["die 300".to_owned()]));
    fixture.push(&jobs).await;
    let mut deaths = 0;
    while deaths < 3 {
        let mut process = Process::start(&fixture);
        until("the worker to die", async || process.has_ended()).await;
        let died: Vec<_> = process.begun().into_iter().filter(|b| b.0 == "die 300").collect();
        assert_eq!(died, [("die 300".to_owned(), 1, deaths)]);
        deaths += 1;
    }
    let last = Process::start(&fixture);
    let events = fixture.ended(5).await;
    let poison = events.iter().find(|e| e.job_id == jobs[4].id).unwrap();
    assert_eq!((poison.kind, poison.crashes, poison.attempts_used), (EventKind::Quarantined, 3, 0));
    assert_eq!(events.iter().filter(|e| e.kind == EventKind::Completed).count(), 4);
    assert!(last.begun().iter().all(|b| b.0 != "die 300"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_computes_longer_than_its_lease_keeps_it() {
    let fixture = quick_ledger(Server::start()).await;
    let process = Process::start(&fixture);
    // both threads of the worker's runtime are taken for three leases
    let jobs = told((0..2).map(|n| format!("spin 2700 {n}")));
    fixture.push(&jobs).await;
    until("both to run", async || process.begun().len() == 2).await;
    let other = fixture.work(4, |_| async { Outcome::Done(Some("\"stolen\"".into())) });
    let events = fixture.ended(2).await;
    other.stop().await;
    assert_eq!(kinds(&fixture.events().await), [EventKind::Completed; 2]);
    assert!(events.iter().all(|e| e.attempt == 1 && e.result.as_deref() != Some(b"\"stolen\"")));
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_workers_side_by_side_run_each_job_once() {
    let fixture = Fixture::on(Server::start(), quick).await;
    fixture.push_many(4).await;
    let runs = Runs::default();
    let handler = counting(&runs, 2 * LEASE);
    let host = WorkerInfo { host: "same".into(), ..WorkerInfo::new("test") };
    let mut subscription = fixture.subscription(1);
    subscription.worker = host.clone();
    let one = work(fixture.client.clone(), subscription.clone(), handler.clone());
    subscription.worker = WorkerInfo { id: WorkerInfo::new("").id, ..host };
    let two = work(fixture.client.clone(), subscription, handler);
    until("both to show themselves", async || fixture.client.workers().await.unwrap().len() == 2).await;
    fixture.drained().await;
    assert_eq!((runs.distinct(), runs.total()), (4, 4));
    one.stop().await;
    assert_eq!(fixture.client.workers().await.unwrap().len(), 1, "the other of the same host stays");
    fixture.push(&[job(9)]).await;
    fixture.drained().await;
    two.stop().await;
    assert_eq!(runs.of(9), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_killed_and_restarted_from_its_file() {
    let mut fixture = Fixture::on(Server::with_aof(), quick).await;
    let jobs = fixture.push_many(1_500).await;
    let runs = Runs::default();
    let workers = [
        fixture.work(10, counting(&runs, Duration::from_millis(5))),
        fixture.work(10, counting(&runs, Duration::from_millis(5))),
    ];
    for share in [300, 700] {
        until("some work", async || runs.total() >= share).await;
        fixture.server().kill();
        tokio::time::sleep(LEASE + LEASE / 2).await; // the outage: longer than a lease
        fixture.server().restart();
    }
    fixture.drained().await;
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!((runs.distinct(), runs.total()), (1_500, 1_500));
    assert!(ends(&fixture, &jobs).await.iter().all(|e| *e == EventKind::Completed));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_ledger_nothing_runs_after_a_restart_until_the_epoch_is_open_again() {
    let mut fixture = quick_ledger(Server::with_aof()).await;
    let jobs = fixture.push_many(300).await;
    let runs = Runs::default();
    let worker = fixture.work(4, counting(&runs, Duration::from_millis(5)));
    until("some work", async || runs.total() >= 100).await;
    fixture.server().kill();
    fixture.server().restart();
    until("the server to answer", async || fixture.client.epoch(&fixture.queue).await.is_ok()).await;
    let view = fixture.client.epoch(&fixture.queue).await.unwrap();
    assert!(view.name.as_deref() == Some("e1") && !view.is_open());
    until("what ran to end", async || fixture.client.counts(&fixture.queue).await.is_ok_and(|c| c.running == 0)).await;
    let before = runs.total();
    until("refused fetches", async || {
        let info = fixture.server.as_ref().unwrap().command::<String>(&["INFO", "commandstats"]);
        let line = info.lines().find(|l| l.starts_with("cmdstat_evalsha:")).unwrap_or_default().to_owned();
        line.split(&['=', ','][..]).nth(1).and_then(|n| n.parse::<u32>().ok()).unwrap_or(0) > 10
    })
    .await;
    assert_eq!(runs.total(), before);
    assert!(fixture.client.set_epoch(&fixture.queue, "e2", None, Some("e1")).await.unwrap());
    assert!(fixture.client.open_epoch(&fixture.queue, "e2", &view.run_id).await.unwrap());
    fixture.drained().await;
    worker.stop().await;
    assert_eq!((runs.distinct(), runs.total()), (300, 300));
    assert!(ends(&fixture, &jobs).await.iter().all(|e| *e == EventKind::Completed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_starts_before_redis_waits_for_it() {
    let mut server = Server::start();
    server.kill();
    let mut fixture = Fixture::on(server, quick).await;
    let error = fixture.client.push(&fixture.queue, &[job(0)], None).await.unwrap_err();
    assert!(error.is_transient());
    let runs = Runs::default();
    let worker = fixture.work(2, counting(&runs, Duration::ZERO));
    fixture.server().restart();
    until("a push to arrive", async || fixture.client.push(&fixture.queue, &[job(0)], None).await.is_ok()).await;
    fixture.drained().await;
    worker.stop().await;
    assert_eq!((runs.of(0), runs.total()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn stalls_of_the_server_change_nothing() {
    let fixture = Fixture::on(Server::start(), |_| {}).await;
    let jobs = fixture.push_many(1_000).await;
    let runs = Runs::default();
    let worker = fixture.work(10, counting(&runs, Duration::from_millis(5)));
    let server = fixture.server.as_ref().unwrap();
    for (share, stall) in [(100, "150"), (300, "1000"), (500, "150")] {
        until("some work", async || runs.total() >= share).await;
        let () = server.command(&["CLIENT", "PAUSE", stall, "ALL"]);
    }
    fixture.drained().await;
    worker.stop().await;
    assert_eq!((runs.distinct(), runs.total()), (1_000, 1_000));
    assert!(ends(&fixture, &jobs).await.iter().all(|e| *e == EventKind::Completed));
}

#[tokio::test(flavor = "multi_thread")]
async fn storms_of_connection_resets_change_nothing() {
    let fixture = Fixture::on(Server::start(), |config| {
        quick(config);
        config.max_crashes = 255;
    })
    .await;
    let jobs = fixture.push_many(1_000).await;
    let runs = Runs::default();
    let worker = fixture.work(10, counting(&runs, Duration::from_millis(10)));
    let server = fixture.server.as_ref().unwrap();
    let end = Instant::now() + Duration::from_secs(1);
    while Instant::now() < end {
        let _: u32 = server.command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        tokio::time::sleep(Duration::from_millis(20)).await; // the pace of the storm
    }
    fixture.drained().await;
    worker.stop().await;
    assert_eq!((runs.distinct(), runs.total()), (1_000, 1_000));
    assert!(ends(&fixture, &jobs).await.iter().all(|e| *e == EventKind::Completed));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_jobs_delayed_beyond_the_lease_come_due_in_the_same_millisecond() {
    let fixture = Fixture::on(Server::start(), quick).await;
    let due = fixture.client.time().await.unwrap().timestamp().after(2 * LEASE);
    let jobs: Vec<NewJob> = (0..10_000).map(job).map(|j| NewJob { run_at: Some(due), ..j }).collect();
    let runs = Runs::default();
    let handler = counting(&runs, Duration::ZERO);
    let workers = [fixture.work(50, handler.clone()), fixture.work(50, handler)];
    assert!(fixture.push(&jobs).await.iter().all(|p| *p == Pushed::Accepted));
    assert_eq!((fixture.client.counts(&fixture.queue).await.unwrap().delayed, runs.total()), (10_000, 0));
    fixture.drained().await;
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!((runs.distinct(), runs.total()), (10_000, 10_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_bytes_among_good_ones_are_dead_and_kept() {
    let fixture = quick_ledger(Server::start()).await;
    let jobs = fixture.push_many(6).await;
    let config = fixture.client.config();
    let key = format!("{}:{{{}}}:jobs", config.prefix, fixture.queue);
    let mut connection = redis::Client::open(config.url.as_str()).unwrap().get_connection().unwrap();
    let whole: Vec<u8> = redis::cmd("HGET").arg(&key).arg(jobs[1].id.as_bytes()).query(&mut connection).unwrap();
    let spoilt = [b"garbage".to_vec(), whole[..20].to_vec(), [&whole[..30], &[0xff; 40]].concat()];
    for (job, bytes) in jobs.iter().zip(&spoilt) {
        // the tag is the entry's own, so that its place in the list is valid
        let mut bytes = bytes.clone();
        if bytes[0] == b'W' {
            let value: Vec<u8> = redis::cmd("HGET").arg(&key).arg(job.id.as_bytes()).query(&mut connection).unwrap();
            bytes[1..5].copy_from_slice(&value[1..5]);
        }
        let () = redis::cmd("HSET")
            .arg(&key)
            .arg(job.id.as_bytes())
            .arg(bytes)
            .query::<u32>(&mut connection)
            .map(|_| ())
            .unwrap();
    }
    let runs = Runs::default();
    let worker = fixture.work(2, counting(&runs, Duration::ZERO));
    let events = fixture.ended(6).await;
    worker.stop().await;
    let dead: BTreeSet<_> = events.iter().filter(|e| e.kind == EventKind::Dead).map(|e| e.job_id).collect();
    assert_eq!(dead, jobs[..3].iter().map(|j| j.id).collect());
    assert!(
        events.iter().filter(|e| e.kind == EventKind::Dead).all(|e| e.error_class.as_deref() == Some("undecodable"))
    );
    assert_eq!((runs.distinct(), runs.total()), (3, 3));
    let kept = fixture.client.undecodable(&fixture.queue, 10).await.unwrap();
    assert_eq!(kept.len(), 3);
    assert!(kept.iter().any(|(id, bytes)| id[..] == *jobs[0].id.as_bytes() && &bytes[..] == b"garbage"));
    let ids: Vec<_> = kept.iter().map(|k| k.0.clone()).collect();
    assert_eq!(fixture.client.drop_undecodable(&fixture.queue, &ids).await.unwrap(), 3);
}

#[tokio::test]
async fn a_stale_heartbeat_racing_the_completion_leaves_no_lease() {
    let fixture = quick_ledger(Server::start()).await;
    fixture.push_many(1).await;
    let worker = ManualWorker::new(fixture.client.clone(), &fixture.subscription(1));
    let job = worker.fetch(1).await.unwrap().remove(0);
    assert_eq!(worker.renew(&job).await.unwrap(), Renewed::Held);
    assert_eq!(worker.report(&job, Outcome::Done(None)).await.unwrap(), Reported::Taken);
    assert_eq!(worker.renew(&job).await.unwrap(), Renewed::Lost);
    assert_eq!(worker.report(&job, Outcome::Done(None)).await.unwrap(), Reported::Stale);
    let healed = fixture.client.heal(&fixture.queue, 100).await.unwrap();
    assert_eq!((healed.leases, healed.adopted), (0, 0));
    let key = format!("{}:{{{}}}:leases", fixture.client.config().prefix, fixture.queue);
    let leases: u32 = fixture.server.as_ref().unwrap().command(&["ZCOUNT", &key, "0", "9e15"]);
    assert_eq!(leases, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_returns_after_flushall_and_refill_is_stale() {
    let fixture = quick_ledger(Server::start()).await;
    let jobs = fixture.push_many(1).await;
    let worker = ManualWorker::new(fixture.client.clone(), &fixture.subscription(1));
    let old = worker.fetch(1).await.unwrap().remove(0);
    let () = fixture.server.as_ref().unwrap().command(&["FLUSHALL"]);
    assert_eq!(fixture.client.epoch(&fixture.queue).await.unwrap().name, None);
    fixture.open("e2").await;
    let terms = fixture.terms("e2").await;
    let late = fixture.terms("e1").await;
    assert_eq!(fixture.client.push(&fixture.queue, &jobs, Some(&late)).await.unwrap(), [Pushed::Stale]);
    assert_eq!(fixture.client.push(&fixture.queue, &jobs, Some(&terms)).await.unwrap(), [Pushed::Accepted]);
    let new = worker.fetch(1).await.unwrap().remove(0);
    assert_eq!((new.attempt, old.attempt), (1, 1), "the attempt repeats, so it is no token");
    assert_eq!(worker.report(&old, Outcome::Done(Some("\"old\"".into()))).await.unwrap(), Reported::Stale);
    assert!(!old.is_current() && new.is_current());
    assert_eq!(worker.report(&new, Outcome::Done(Some("\"new\"".into()))).await.unwrap(), Reported::Taken);
    let events = fixture.events().await;
    assert_eq!(kinds(&events), [EventKind::StaleReport, EventKind::Completed]);
    assert_eq!(events[1].result.as_deref(), Some(&b"\"new\""[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_out_of_memory_refuses_pushes_and_still_drains() {
    let fixture = quick_ledger(Server::start()).await;
    let jobs = fixture.push_many(500).await;
    let server = fixture.server.as_ref().unwrap();
    let () = server.command(&["CONFIG", "SET", "maxmemory", "1mb"]);
    let terms = fixture.terms("e1").await;
    let error = fixture.client.push(&fixture.queue, &[job(9)], Some(&terms)).await.unwrap_err();
    assert!(matches!(error, gotong_queue::Error::Server(_)), "{error}");
    let runs = Runs::default();
    let worker = fixture.work(10, counting(&runs, Duration::ZERO));
    fixture.ended(500).await;
    worker.stop().await;
    assert_eq!((runs.distinct(), runs.total()), (500, 500));
    assert!(ends(&fixture, &jobs).await.iter().all(|e| *e == EventKind::Completed));
}

#[tokio::test(flavor = "multi_thread")]
async fn forgotten_scripts_are_loaded_again() {
    let fixture = Fixture::on(Server::start(), quick).await;
    let runs = Runs::default();
    let worker = fixture.work(2, counting(&runs, Duration::ZERO));
    for round in 0..5 {
        let () = fixture.server.as_ref().unwrap().command(&["SCRIPT", "FLUSH"]);
        fixture.push(&[job(round)]).await;
        fixture.drained().await;
    }
    worker.stop().await;
    assert_eq!((runs.distinct(), runs.total()), (5, 5));
}
