//! From push to end, without a ledger.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gotong_queue::{Config, EntryView, EventKind, Job, JobError, NewJob, Outcome, Priority, Timestamp, Until};
use uuid::Uuid;

use crate::fixture::{Fixture, Runs, SOON, job, number, until, work};

fn retry(class: &str) -> Outcome {
    Outcome::Retry { after: None, error: JobError::new(class, "as told") }
}

async fn tombstone(fixture: &Fixture, id: Uuid) -> (Option<EventKind>, Option<Bytes>) {
    match fixture.client.entries(&fixture.queue, &[id]).await.unwrap().remove(0) {
        EntryView::Tombstone { ended, result, .. } => (ended, result),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_job_runs_once() {
    let fixture = Fixture::new().await;
    fixture.push_many(2_500).await;
    let runs = Runs::default();
    let worker = fixture.work(20, {
        let runs = runs.clone();
        move |job| {
            runs.count(number(&job));
            async { Outcome::Done(None) }
        }
    });
    fixture.drained().await;
    worker.stop().await;
    assert_eq!((runs.distinct(), runs.total()), (2_500, 2_500));
    assert_eq!(fixture.client.workers().await.unwrap(), []);
    let counts = fixture.client.counts(&fixture.queue).await.unwrap();
    assert_eq!((counts.alive, counts.bytes, counts.running, counts.events), (0, 0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_kept_and_its_generation_refused() {
    let fixture = Fixture::new().await;
    let jobs = fixture.push_many(1).await;
    let worker = fixture.work(1, |_| async { Outcome::Done(Some("{\"pages\":3}".into())) });
    fixture.drained().await;
    let (ended, result) = tombstone(&fixture, jobs[0].id).await;
    assert_eq!((ended, result.as_deref()), (Some(EventKind::Completed), Some(&b"{\"pages\":3}"[..])));
    assert_eq!(fixture.push(&jobs).await, [gotong_queue::Pushed::Known]);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tombstones_and_results_go_by_their_time() {
    let fixture = Fixture::with(|c| c.tombstone_ttl = Duration::from_millis(300)).await;
    let jobs = fixture.push_many(3).await;
    let worker = fixture.work(3, |_| async { Outcome::Done(None) });
    fixture.drained().await;
    until("the tombstones to go", async || {
        let ids: Vec<Uuid> = jobs.iter().map(|j| j.id).collect();
        let views = fixture.client.entries(&fixture.queue, &ids).await.unwrap();
        views.iter().all(|v| *v == EntryView::Unknown)
    })
    .await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_retried_until_the_last_attempt() {
    let fixture = Fixture::new().await;
    let mut jobs: Vec<NewJob> = (0..4).map(job).collect();
    for job in &mut jobs {
        job.max_attempts = 3;
    }
    fixture.push(&jobs).await;
    let runs = Runs::default();
    let worker = fixture.work(4, {
        let runs = runs.clone();
        move |job: Job| {
            let n = number(&job);
            let nth = runs.count(n);
            assert_eq!((job.attempt, job.max_attempts), (nth, 3));
            async move {
                match n {
                    0 => retry("always"),
                    1 if nth == 1 => retry("once"),
                    2 => Outcome::Dead(JobError::new("no_such_user", "")),
                    3 => panic!("boom"),
                    _ => Outcome::Done(None),
                }
            }
        }
    });
    fixture.drained().await;
    worker.stop().await;
    assert_eq!([0, 1, 2, 3].map(|n| runs.of(n)), [3, 2, 1, 3]);
    let mut ends = Vec::new();
    for job in &jobs {
        ends.push(tombstone(&fixture, job.id).await.0.unwrap());
    }
    assert_eq!(ends, [EventKind::Dead, EventKind::Completed, EventKind::Dead, EventKind::Dead]);
    let minutes = fixture.client.minutes(&fixture.queue, 2).await.unwrap();
    let sum = minutes.iter().fold((0, 0), |s, m| (s.0 + m.completed, s.1 + m.failed));
    assert_eq!(sum, (1, 8));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_never_returns_is_timed_out_and_retried() {
    let fixture = Fixture::new().await;
    let mut stuck = job(0);
    (stuck.timeout, stuck.max_attempts) = (Duration::from_millis(50), 2);
    fixture.push(&[stuck.clone(), job(1)]).await;
    let runs = Runs::default();
    let worker = fixture.work(1, {
        let runs = runs.clone();
        move |job| {
            let n = number(&job);
            runs.count(n);
            async move {
                if n == 0 {
                    std::future::pending::<()>().await;
                }
                Outcome::Done(None)
            }
        }
    });
    fixture.drained().await;
    worker.stop().await;
    assert_eq!([runs.of(0), runs.of(1)], [2, 1]);
    assert_eq!(tombstone(&fixture, stuck.id).await.0, Some(EventKind::Dead));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_the_handler_asks_for_is_honoured() {
    let fixture = Fixture::new().await;
    fixture.push_many(1).await;
    let times = Arc::new(Mutex::new(Vec::new()));
    let worker = fixture.work(1, {
        let times = times.clone();
        move |job: Job| {
            times.lock().unwrap().push(Instant::now());
            async move {
                match job.attempt {
                    1 => Outcome::Retry { after: Some(Duration::from_millis(300)), error: JobError::new("busy", "") },
                    _ => Outcome::Done(None),
                }
            }
        }
    });
    fixture.drained().await;
    worker.stop().await;
    let times = times.lock().unwrap();
    assert!(times.len() == 2 && times[1] - times[0] >= Duration::from_millis(299));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snooze_spends_no_attempt() {
    let fixture = Fixture::new().await;
    let mut once = job(0);
    once.max_attempts = 1;
    fixture.push(&[once]).await;
    let runs = Runs::default();
    let worker = fixture.work(1, {
        let (runs, client) = (runs.clone(), fixture.client.clone());
        move |job: Job| {
            assert_eq!(job.attempt, 1);
            let (nth, client) = (runs.count(0), client.clone());
            async move {
                match nth {
                    1 => Outcome::Snooze(Until::After(Duration::from_millis(20))),
                    2 => {
                        let now = client.time().await.unwrap().timestamp();
                        Outcome::Snooze(Until::At(now.after(Duration::from_millis(20))))
                    }
                    _ => Outcome::Done(None),
                }
            }
        }
    });
    fixture.drained().await;
    worker.stop().await;
    assert_eq!(runs.total(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_most_urgent_goes_first_and_the_least_is_not_starved() {
    let fixture = Fixture::new().await;
    let mut jobs: Vec<NewJob> = (0..100).map(job).collect();
    for (n, job) in (0u8..).zip(&mut jobs) {
        job.priority = Priority::new(n).unwrap_or(Priority::HIGHEST);
    }
    fixture.push(&jobs).await;
    let counts = fixture.client.counts(&fixture.queue).await.unwrap();
    assert_eq!(counts.ready, [1, 1, 1, 1, 96]);
    let order = Arc::new(Mutex::new(Vec::new()));
    let worker = fixture.work(1, {
        let order = order.clone();
        move |job| {
            order.lock().unwrap().push(number(&job));
            async { Outcome::Done(None) }
        }
    });
    fixture.drained().await;
    worker.stop().await;
    let order = order.lock().unwrap();
    assert_eq!(order[..6], [4, 5, 6, 7, 8, 9], "first come, first served, within the highest");
    let place = |n: u32| order.iter().position(|o| *o == n).unwrap();
    assert!(place(0) < 20, "one fetch in eight goes upwards: {order:?}");
    assert!(place(0) < place(1) && place(1) < place(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_job_waits_for_its_time_even_while_workers_sleep() {
    let fixture = Fixture::new().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let worker = fixture.work(2, {
        let (seen, client) = (seen.clone(), fixture.client.clone());
        move |job| {
            let (seen, client) = (seen.clone(), client.clone());
            async move {
                let now = client.time().await.unwrap().timestamp();
                seen.lock().unwrap().push((number(&job), now));
                Outcome::Done(None)
            }
        }
    });
    let now = fixture.client.time().await.unwrap().timestamp();
    let mut jobs = [job(0), job(1), job(2)];
    let due = [400, 150, 0].map(|ms| now.after(Duration::from_millis(ms)));
    for (job, due) in jobs.iter_mut().zip(due) {
        job.run_at = Some(due);
    }
    fixture.push(&jobs).await;
    fixture.drained().await;
    worker.stop().await;
    let seen = seen.lock().unwrap();
    assert_eq!(seen.iter().map(|s| s.0).collect::<Vec<_>>(), [2, 1, 0]);
    assert!(seen.iter().all(|(n, at)| *at >= due[*n as usize]), "{seen:?} {due:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_its_time_never_starts() {
    let fixture = Fixture::new().await;
    let past = Some(Timestamp(1));
    let soon = Some(fixture.client.time().await.unwrap().timestamp().after(Duration::from_millis(50)));
    let far = Some(Timestamp::now().after(Duration::from_hours(1)));
    let mut jobs = [job(0), job(1), job(2)];
    (jobs[0].expires_at, jobs[1].expires_at, jobs[2].expires_at) = (past, soon, far);
    fixture.push(&jobs).await;
    until("both to expire", async || {
        fixture.client.reap(&fixture.queue, 100).await.unwrap();
        fixture.client.counts(&fixture.queue).await.unwrap().alive == 1
    })
    .await;
    let runs = Runs::default();
    let worker = fixture.work(1, {
        let runs = runs.clone();
        move |job| {
            runs.count(number(&job));
            async { Outcome::Done(None) }
        }
    });
    fixture.drained().await;
    worker.stop().await;
    assert_eq!((runs.of(2), runs.total()), (1, 1));
    assert_eq!(tombstone(&fixture, jobs[0].id).await.0, Some(EventKind::Expired));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_kind_waits_for_a_worker_that_knows_it() {
    let fixture = Fixture::new().await;
    let mut jobs: Vec<NewJob> = (0..10).map(job).collect();
    jobs.iter_mut().step_by(2).for_each(|j| j.kind = "test.newer".into());
    fixture.push(&jobs).await;
    let runs = Runs::default();
    let handler = {
        let runs = runs.clone();
        move |job: Job| {
            runs.count(number(&job));
            async { Outcome::Done(None) }
        }
    };
    let mut old = fixture.subscription(2);
    old.kinds = vec!["test.count".into()];
    let old = work(fixture.client.clone(), old, handler.clone());
    until("the new kind to be set aside", async || {
        let counts = fixture.client.counts(&fixture.queue).await.unwrap();
        counts.unknown_kinds == [("test.newer".to_owned(), 5)] && counts.alive == 5
    })
    .await;
    assert_eq!(runs.total(), 5);
    let mut new = fixture.subscription(2);
    new.kinds = vec!["test.count".into(), "test.newer".into()];
    let new = work(fixture.client.clone(), new, handler);
    fixture.drained().await;
    old.stop().await;
    new.stop().await;
    assert_eq!((runs.distinct(), runs.total()), (10, 10));
    assert!(fixture.client.counts(&fixture.queue).await.unwrap().unknown_kinds.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_can_be_watched_and_cancelled() {
    let fixture = Fixture::new().await;
    let jobs = fixture.push_many(1).await;
    let worker = fixture.work(1, |job: Job| async move {
        job.progress(0.25, "a quarter");
        job.log("begun");
        job.cancelled().cancelled().await;
        assert!(job.is_current(), "a cancelled job is still ours");
        Outcome::Cancel("asked to".into())
    });
    let view = async || fixture.client.entries(&fixture.queue, &[jobs[0].id]).await.unwrap().remove(0);
    until("the progress to show", async || {
        matches!(view().await, EntryView::Running { attempt: 1, progress: Some(p), .. } if p.message == "a quarter")
    })
    .await;
    let cancelled = fixture.client.cancel(&fixture.queue, jobs[0].id, 1, 0, None).await.unwrap();
    assert_eq!(cancelled, gotong_queue::Cancelled::Flagged);
    fixture.drained().await;
    assert_eq!(tombstone(&fixture, jobs[0].id).await.0, Some(EventKind::Cancelled));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_result_of_a_cancelled_handler_that_does_not_stop_is_discarded() {
    let fixture = Fixture::with(|c| c.cancel_grace = Duration::from_millis(50)).await;
    let jobs = fixture.push_many(1).await;
    let ended = Arc::new(AtomicU32::new(0));
    let worker = fixture.work(1, {
        let ended = ended.clone();
        move |job: Job| {
            let ended = ended.clone();
            async move {
                while !job.cancelled().is_cancelled() {
                    std::thread::sleep(Duration::from_millis(5)); // a handler that never yields
                }
                std::thread::sleep(Duration::from_millis(500)); // and takes its time
                ended.fetch_add(1, Ordering::SeqCst);
                Outcome::Done(None)
            }
        }
    });
    until("the job to run", async || fixture.client.counts(&fixture.queue).await.unwrap().running == 1).await;
    fixture.client.cancel(&fixture.queue, jobs[0].id, 1, 0, None).await.unwrap();
    fixture.drained().await;
    assert_eq!(tombstone(&fixture, jobs[0].id).await.0, Some(EventKind::Cancelled));
    until("the handler to end", async || ended.load(Ordering::SeqCst) == 1).await;
    assert_eq!(tombstone(&fixture, jobs[0].id).await.0, Some(EventKind::Cancelled));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_a_cancelled_job_is_not_retried() {
    let fixture = Fixture::new().await;
    let jobs = fixture.push_many(1).await;
    let worker = fixture.work(1, |job: Job| async move {
        job.cancelled().cancelled().await;
        retry("interrupted")
    });
    until("the job to run", async || fixture.client.counts(&fixture.queue).await.unwrap().running == 1).await;
    fixture.client.cancel(&fixture.queue, jobs[0].id, 1, 0, None).await.unwrap();
    fixture.drained().await;
    assert_eq!(tombstone(&fixture, jobs[0].id).await.0, Some(EventKind::Cancelled));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrency_is_the_subscriptions() {
    let fixture = Fixture::new().await;
    fixture.push_many(60).await;
    let (now, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let worker = fixture.work(7, {
        let (now, most) = (now.clone(), most.clone());
        move |_| {
            let (now, most) = (now.clone(), most.clone());
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(10)).await; // the handler's work
                now.fetch_sub(1, Ordering::SeqCst);
                Outcome::Done(None)
            }
        }
    });
    fixture.drained().await;
    worker.stop().await;
    assert_eq!(most.load(Ordering::SeqCst), 7);
}

#[tokio::test]
async fn a_server_reports_on_itself() {
    let fixture = Fixture::new().await;
    assert!(fixture.client.ping().await.unwrap() < SOON);
    let report = fixture.client.server_check().await.unwrap();
    assert!(report.version.starts_with(|c: char| c >= '7') && report.run_id.len() == 40, "{report:?}");
    let words = Config { url: "redis://:hush@127.0.0.1:99999999".into(), ..Config::default() };
    let error = gotong_queue::Client::connect(words.clone()).await.unwrap_err();
    assert!(!error.to_string().contains("hush") && !format!("{words:?}").contains("hush"));
}
