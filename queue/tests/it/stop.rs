//! Holding, draining, stopping and restarting workers; and what apalis brings along.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apalis_core::worker::builder::WorkerBuilder;
use gotong_queue::{Backend, Job, Outcome};
use uuid::Uuid;

use crate::fixture::{Fixture, Runs, SOON, number, until, work};

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_queue_is_not_fetched_and_a_drained_worker_does_not_fetch() {
    let fixture = Fixture::new().await;
    assert!(fixture.client.pause(&fixture.queue).await.unwrap());
    assert!(!fixture.client.pause(&fixture.queue).await.unwrap());
    let runs = Runs::default();
    let subscription = fixture.subscription(1);
    let id = subscription.worker.id;
    let worker = work(fixture.client.clone(), subscription, {
        let runs = runs.clone();
        move |job| {
            runs.count(number(&job));
            async { Outcome::Done(None) }
        }
    });
    fixture.push_many(3).await;
    until("the worker to show itself", async || fixture.client.workers().await.unwrap().len() == 1).await;
    let view = fixture.client.workers().await.unwrap().remove(0);
    assert_eq!((view.id, view.queues[0].concurrency, view.pid), (id, 1, std::process::id()));
    assert!(view.memory > 0 && !view.host.is_empty());
    let counts = fixture.client.counts(&fixture.queue).await.unwrap();
    assert!(counts.paused && counts.ready[2] == 3 && counts.oldest_ready.is_some());

    assert!(fixture.client.drain(id, true).await.unwrap());
    assert!(!fixture.client.drain(Uuid::new_v4(), true).await.unwrap());
    // it hears of it when it shows itself the next time
    let asked = fixture.client.time().await.unwrap().timestamp();
    until("the worker to hear of it", async || {
        let view = fixture.client.workers().await.unwrap().remove(0);
        view.draining && view.seen_at > asked
    })
    .await;
    assert!(fixture.client.resume(&fixture.queue).await.unwrap());
    assert_eq!(runs.total(), 0, "paused, then drained");
    fixture.client.drain(id, false).await.unwrap();
    fixture.drained().await;
    assert_eq!(runs.total(), 3);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_worker_finishes_what_it_can_and_hands_back_the_rest() {
    let fixture = Fixture::new().await;
    fixture.push_many(20).await;
    let runs = Runs::default();
    let mut subscription = fixture.subscription(4);
    subscription.drain = Duration::from_millis(300);
    let worker = work(fixture.client.clone(), subscription, {
        let runs = runs.clone();
        move |job: Job| {
            let n = number(&job);
            runs.count(n);
            async move {
                if n.is_multiple_of(2) {
                    tokio::time::sleep(Duration::from_millis(100)).await; // the handler's work
                } else {
                    std::future::pending::<()>().await;
                }
                Outcome::Done(None)
            }
        }
    });
    until("four to run", async || runs.distinct() == 4).await;
    worker.stop().await;
    let counts = fixture.client.counts(&fixture.queue).await.unwrap();
    assert_eq!((counts.running, counts.alive + 2), (0, 20), "two finished: {counts:?}");
    let attempts = Arc::new(Mutex::new(BTreeSet::new()));
    let worker = fixture.work(4, {
        let attempts = attempts.clone();
        move |job: Job| {
            attempts.lock().unwrap().insert((job.attempt, job.crashes));
            async { Outcome::Done(None) }
        }
    });
    fixture.drained().await;
    worker.stop().await;
    assert_eq!(*attempts.lock().unwrap(), BTreeSet::from([(1, 0)]), "no attempt was spent, no crash counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_neither_loses_nor_repeats_a_job() {
    let fixture = Fixture::new().await;
    fixture.push_many(3_000).await;
    let runs = Runs::default();
    let handler = {
        let runs = runs.clone();
        move |job: Job| {
            let runs = runs.clone();
            async move {
                tokio::time::sleep(Duration::from_millis(20)).await; // the handler's work
                runs.count(number(&job));
                Outcome::Done(None)
            }
        }
    };
    let mut workers: Vec<_> = (0..3).map(|_| fixture.work(10, handler.clone())).collect();
    for _ in 0..6 {
        let before = runs.total();
        until("some work", async || runs.total() > before + 50).await;
        workers.push(fixture.work(10, handler.clone()));
        workers.remove(0).stop().await;
    }
    fixture.drained().await;
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!((runs.distinct(), runs.total()), (3_000, 3_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn apalis_layers_and_its_monitor_work_over_it() {
    use apalis_core::monitor::Monitor;
    use tower::layer::layer_fn;
    let fixture = Fixture::new().await;
    fixture.push_many(50).await;
    let through = Arc::new(AtomicU32::new(0));
    let succeeded = Arc::new(AtomicU32::new(0));
    let (client, subscription, counter, events) =
        (fixture.client.clone(), fixture.subscription(5), through.clone(), succeeded.clone());
    let monitor = Monitor::new()
        .register(move |_| {
            let counter = counter.clone();
            WorkerBuilder::new("monitored")
                .backend(Backend::new(client.clone(), subscription.clone()))
                .layer(layer_fn(move |inner| {
                    let counter = counter.clone();
                    tower::util::MapRequest::new(inner, move |task: apalis_core::task::Task<Job>| {
                        counter.fetch_add(1, Ordering::SeqCst);
                        task
                    })
                }))
                .build(|_: Job| async { Ok::<Outcome, std::io::Error>(Outcome::Done(None)) })
        })
        .on_event(move |_, event| {
            if matches!(event, apalis_core::worker::event::Event::Success(_)) {
                events.fetch_add(1, Ordering::SeqCst);
            }
        });
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let monitor = tokio::spawn(monitor.run_with_signal(async move {
        let _ = stopped.await;
        Ok(())
    }));
    fixture.drained().await;
    stop.send(()).unwrap();
    tokio::time::timeout(SOON, monitor).await.unwrap().unwrap().unwrap();
    assert_eq!(through.load(Ordering::SeqCst), 50);
    assert_eq!(succeeded.load(Ordering::SeqCst), 50);
}
