//! Waking: a job is never between a worker that was woken and its fetch, and no worker keeps what it was given as it stopped.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gotong_queue::{EntryView, EventKind, Job, Outcome};
use uuid::Uuid;

use crate::fixture::{Fixture, Runs, job, kinds, number, until};
use crate::process::Process;
use crate::server::Server;

const LEASE: Duration = Duration::from_millis(900);

async fn quick_ledger() -> Fixture {
    let fixture = Fixture::on(Server::start(), |config| {
        (config.lease, config.renew_every, config.ledger) = (LEASE, LEASE / 3, true);
    })
    .await;
    fixture.open("e1").await;
    fixture
}

/// Waits until as many workers wait for jobs.
async fn waiting(fixture: &Fixture, workers: usize) {
    until("workers to wait", async || {
        let clients: String = fixture.server.as_ref().unwrap().command(&["CLIENT", "LIST"]);
        // a waiting worker's fetch stands behind its wait, in the buffer of the connection
        let waits = |line: &&str| line.contains(" cmd=blpop ") && !line.contains(" qbuf=0 ");
        clients.lines().filter(waits).count() == workers
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_cut_off_as_it_is_woken_holds_a_lease_and_no_token() {
    let fixture = quick_ledger().await;
    let first = Process::start(&fixture);
    waiting(&fixture, 1).await;
    first.signal("STOP");
    let jobs = [crate::fixture::job(0)].map(|job| gotong_queue::NewJob { payload: "sleep 1".into(), ..job });
    fixture.push(&jobs).await;
    let cut_off = fixture.client.workers().await.unwrap().remove(0).id;
    until("the job to be leased to it", async || holder(&fixture, jobs[0].id).await == Some(cut_off)).await;

    let runs = Arc::new(Mutex::new(Vec::new()));
    let second = fixture.work(5, {
        let runs = runs.clone();
        move |job: Job| {
            runs.lock().unwrap().push((job.attempt, job.crashes));
            async { Outcome::Done(None) }
        }
    });
    fixture.ended(1).await;
    second.stop().await;
    first.signal("CONT");
    let again = [job(1)].map(|job| gotong_queue::NewJob { payload: "sleep 2".into(), ..job });
    fixture.push(&again).await;
    fixture.ended(2).await;
    // A busy machine may cost the second worker a lease as well, before it starts.
    let ran = runs.lock().unwrap().clone();
    assert!(matches!(ran[..], [(1, 1..)]), "{ran:?}");
    let begun: Vec<String> = first.begun().into_iter().map(|run| run.0).collect();
    assert_eq!(begun, ["sleep 2"], "what it was given was too old to be started");
    let mut all = kinds(&fixture.events().await);
    all.dedup();
    assert_eq!(all, [EventKind::Crashed, EventKind::Completed]);
}

async fn holder(fixture: &Fixture, id: Uuid) -> Option<Uuid> {
    match fixture.client.entries(&fixture.queue, &[id]).await.unwrap()[..] {
        [EntryView::Running { worker, .. }] => Some(worker),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_killed_as_they_are_woken_cost_a_lease_at_most() {
    let fixture = quick_ledger().await;
    let runs = Runs::default();
    let survivor = fixture.work(5, {
        let runs = runs.clone();
        move |job| {
            runs.count(number(&job));
            async { Outcome::Done(None) }
        }
    });
    for round in 0..5 {
        let mut victim = Process::start(&fixture);
        waiting(&fixture, 2).await;
        // one of the two is woken by each push; the victim dies in the middle
        for n in 0..4 {
            fixture.push(&[gotong_queue::NewJob { payload: format!("{}", round * 4 + n).into(), ..job(0) }]).await;
            if n == 1 {
                victim.kill();
            }
        }
    }
    let events = fixture.ended(20).await;
    survivor.stop().await;
    assert!(events.iter().all(|event| event.kind == EventKind::Completed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_while_it_waits_keeps_nothing() {
    let fixture = quick_ledger().await;
    let runs = Runs::default();
    let handler = {
        let runs = runs.clone();
        move |job| {
            runs.count(number(&job));
            async { Outcome::Done(None) }
        }
    };
    for round in 0..10 {
        let worker = fixture.work(5, handler.clone());
        waiting(&fixture, 1).await;
        let jobs: Vec<_> = (0..3).map(|n| job(round * 3 + n)).collect();
        tokio::join!(fixture.push(&jobs), worker.stop());
    }
    let last = fixture.work(5, handler);
    fixture.ended(30).await;
    last.stop().await;
    assert_eq!((runs.distinct(), runs.total()), (30, 30));
    assert_eq!(kinds(&fixture.events().await), [EventKind::Completed; 30], "none of their leases had to run out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_drained_while_it_waits_takes_nothing_more() {
    let fixture = quick_ledger().await;
    let mut subscription = fixture.subscription(2);
    let id = subscription.worker.id;
    subscription.drain = Duration::ZERO;
    let runs = Runs::default();
    let worker = crate::fixture::work(fixture.client.clone(), subscription, {
        let runs = runs.clone();
        move |job| {
            runs.count(number(&job));
            async { Outcome::Done(None) }
        }
    });
    waiting(&fixture, 1).await;
    assert!(fixture.client.drain(id, true).await.unwrap());
    let asked = fixture.client.time().await.unwrap().timestamp();
    until("it to hear of it", async || fixture.client.workers().await.unwrap()[0].seen_at > asked).await;
    fixture.push_many(1).await;
    until("the job to be back", async || fixture.client.counts(&fixture.queue).await.unwrap().ready[2] == 1).await;
    let other = fixture.work(1, |_| async { Outcome::Done(None) });
    fixture.ended(1).await;
    other.stop().await;
    worker.stop().await;
    assert_eq!(runs.total(), 0);
}
