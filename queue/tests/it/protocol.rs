//! The rules under which a ledger works with the queue.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gotong_queue::{
    Cancelled, EntryView, EventKind, Job, JobError, Micros, NewJob, Outcome, Parked, PushTerms, Pushed,
};
use uuid::Uuid;

use crate::fixture::{Fixture, Runs, job, kinds, number, until};
use crate::push::remove_entry;

async fn view(fixture: &Fixture, id: Uuid) -> EntryView {
    fixture.client.entries(&fixture.queue, &[id]).await.unwrap().remove(0)
}

async fn cancel(fixture: &Fixture, id: Uuid, generation: u32) -> Cancelled {
    let terms = fixture.terms("e1").await;
    fixture.client.cancel(&fixture.queue, id, generation, 0, Some(&terms)).await.unwrap()
}

/// Runs so many jobs and waits for their ends.
async fn run(fixture: &Fixture, ends: usize, outcome: impl Fn(&Job) -> Outcome + Clone + Send + Sync + 'static) {
    let worker = fixture.work(4, move |job| {
        let outcome = outcome(&job);
        async move { outcome }
    });
    fixture.ended(ends).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_push_and_a_cancel_name_the_epoch_and_arrive_in_time() {
    let fixture = Fixture::ledger().await;
    let (client, queue) = (&fixture.client, &fixture.queue);
    let good = fixture.terms("e1").await;
    let other = PushTerms { epoch: "e2".into(), ..good.clone() };
    let late = PushTerms { deadline: Micros(good.deadline.0 - 60_000_000), ..good.clone() };
    for terms in [&other, &late] {
        assert_eq!(client.push(queue, &[job(0)], Some(terms)).await.unwrap(), [Pushed::Stale]);
        assert_eq!(client.cancel(queue, Uuid::now_v7(), 1, 0, Some(terms)).await.unwrap(), Cancelled::Stale);
    }
    assert!(client.push(queue, &[job(0)], None).await.is_err());
    assert_eq!(client.push(queue, &[job(0)], Some(&good)).await.unwrap(), [Pushed::Accepted]);
    assert_eq!(fixture.events().await, []);
}

#[tokio::test]
async fn without_an_epoch_nothing_is_pushed_parked_or_fetched() {
    let fixture = Fixture::with(|c| c.ledger = true).await;
    let (client, queue) = (&fixture.client, &fixture.queue);
    let terms = fixture.terms("e1").await;
    assert_eq!(client.push(queue, &[job(0)], Some(&terms)).await.unwrap(), [Pushed::Stale]);
    assert_eq!(client.park(queue, &job(0), Uuid::now_v7()).await.unwrap(), Parked::EpochMissing);
    let view = client.epoch(queue).await.unwrap();
    assert!(view.name.is_none() && !view.is_open());
    assert!(!client.open_epoch(queue, "e1", &view.run_id).await.unwrap());
    assert!(!client.set_epoch(queue, "e2", None, Some("e1")).await.unwrap());
    assert!(client.set_epoch(queue, "e1", None, None).await.unwrap());
    assert!(!client.epoch(queue).await.unwrap().is_open());
    assert_eq!(client.push(queue, &[job(0)], Some(&terms)).await.unwrap(), [Pushed::Accepted]);
    assert!(!client.set_epoch(queue, "e2", None, None).await.unwrap(), "the key is no longer missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_fetched_unless_the_epoch_is_open_for_this_run_of_the_server() {
    let fixture = Fixture::with(|c| c.ledger = true).await;
    let (client, queue) = (&fixture.client, &fixture.queue);
    let view = client.epoch(queue).await.unwrap();
    client.set_epoch(queue, "e1", Some("another run"), None).await.unwrap();
    fixture.push_many(5).await;
    let runs = Runs::default();
    let worker = fixture.work(2, {
        let runs = runs.clone();
        move |job| {
            runs.count(number(&job));
            async { Outcome::Done(None) }
        }
    });
    until("the worker to be there", async || client.workers().await.unwrap().len() == 1).await;
    until("it to have looked", async || fetches_refused(&fixture) > 3).await;
    assert_eq!(runs.total(), 0);
    assert!(client.open_epoch(queue, "e1", &view.run_id).await.unwrap());
    fixture.ended(5).await;
    worker.stop().await;
    assert_eq!(runs.total(), 5);
}

/// How many scripts the server has run: a closed gate lets none through, so they are refused fetches and upkeep.
fn fetches_refused(fixture: &Fixture) -> u32 {
    let mut connection = redis::Client::open(fixture.client.config().url.as_str()).unwrap().get_connection().unwrap();
    let info: String = redis::cmd("INFO").arg("commandstats").query(&mut connection).unwrap();
    let line = info.lines().find(|l| l.starts_with("cmdstat_evalsha:")).unwrap_or_default().to_owned();
    line.split(&['=', ','][..]).nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transition_is_an_event_with_a_growing_version() {
    let fixture = Fixture::ledger().await;
    let started = fixture.client.time().await.unwrap();
    let mut first = job(0);
    (first.version, first.max_attempts) = (started.0 + 5_000_000, 2);
    fixture.push(std::slice::from_ref(&first)).await;
    run(&fixture, 1, |job| {
        job.progress(0.5, "half");
        job.log("line one");
        match job.attempt {
            1 => Outcome::Retry { after: None, error: JobError::new("http_500", "the server said so") },
            _ => Outcome::Done(Some("[1]".into())),
        }
    })
    .await;
    let batch = fixture.client.read_events(&fixture.queue, 10).await.unwrap();
    assert_eq!(batch.epoch.as_deref(), Some("e1"));
    let [retried, completed] = &batch.events[..] else { panic!("{batch:?}") };
    assert_eq!((retried.kind, completed.kind), (EventKind::Retried, EventKind::Completed));
    assert!(
        first.version < retried.version && retried.version < completed.version,
        "though the pusher's clock was ahead"
    );
    assert_eq!((retried.attempt, retried.attempts_used, completed.attempt), (1, 1, 2));
    assert_eq!(retried.error_class.as_deref(), Some("http_500"));
    assert_eq!(retried.error_message.as_deref(), Some("the server said so"));
    assert!(retried.run_at.is_some() && completed.run_at.is_none());
    assert_eq!(completed.result.as_deref(), Some(&b"[1]"[..]));
    assert_eq!((completed.job_id, completed.generation), (first.id, 1));
    assert_eq!(completed.progress.as_ref().unwrap().message, "half");
    assert_eq!(completed.log, ["line one"]);
    assert_ne!(retried.token, completed.token);
    assert_eq!(retried.worker, completed.worker);
    assert!(completed.started_at.unwrap() <= completed.ended_at);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tombstone_goes_after_its_own_event_is_forgotten_and_not_before() {
    let fixture = Fixture::with(|c| {
        c.ledger = true;
        c.tombstone_hold = Duration::from_millis(200);
    })
    .await;
    fixture.open("e1").await;
    let jobs = fixture.push_many(3).await;
    run(&fixture, 3, |_| Outcome::Done(None)).await;
    let (client, queue) = (&fixture.client, &fixture.queue);
    let ids: Vec<Uuid> = jobs.iter().map(|j| j.id).collect();
    let events = fixture.events().await;

    // the first two are recorded; a manual retry has replaced the second's tombstone meanwhile
    let again = NewJob { generation: 2, ..jobs.iter().find(|j| j.id == events[1].job_id).unwrap().clone() };
    assert_eq!(fixture.push(std::slice::from_ref(&again)).await, [Pushed::Accepted]);
    client.forget(queue, &events[..2]).await.unwrap();
    client.forget(queue, &events[..2]).await.unwrap();
    assert_eq!(fixture.events().await, events[2..]);
    until("the first tombstone to go", async || {
        client.reap(queue, 100).await.unwrap();
        view(&fixture, events[0].job_id).await == EntryView::Unknown
    })
    .await;
    assert!(matches!(view(&fixture, again.id).await, EntryView::Waiting { generation: 2, .. }));
    assert!(matches!(view(&fixture, events[2].job_id).await, EntryView::Tombstone { generation: 1, .. }));
    assert_eq!(ids.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_recorders_forget_only_what_they_have_read() {
    let fixture = Fixture::ledger().await;
    fixture.push_many(6).await;
    run(&fixture, 6, |_| Outcome::Done(None)).await;
    let (client, queue) = (&fixture.client, &fixture.queue);
    let all = fixture.events().await;
    let first = client.read_events(queue, 4).await.unwrap().events;
    client.forget(queue, &all[..2]).await.unwrap();
    client.forget(queue, &first).await.unwrap();
    assert_eq!(fixture.events().await, all[4..]);
    client.forget(queue, &first).await.unwrap();
    assert_eq!(fixture.events().await, all[4..], "what is gone is not taken from others");
    assert!(client.wait_events(queue, Duration::from_secs(1)).await.unwrap());
    assert!(!client.wait_events(queue, Duration::from_millis(20)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_ends_what_waits_and_what_is_unknown() {
    let fixture = Fixture::ledger().await;
    let now = fixture.client.time().await.unwrap().timestamp();
    let ready = job(0);
    let delayed = NewJob { run_at: Some(now.after(Duration::from_mins(1))), attempt: 2, ..job(1) };
    let unknown = job(2);
    fixture.push(&[ready.clone(), delayed.clone()]).await;
    for id in [ready.id, delayed.id, unknown.id] {
        assert_eq!(cancel(&fixture, id, 1).await, Cancelled::Ended);
        assert_eq!(cancel(&fixture, id, 1).await, Cancelled::AlreadyEnded);
    }
    assert_eq!(fixture.push(&[ready.clone(), delayed.clone(), unknown.clone()]).await, [Pushed::Known; 3]);
    let events = fixture.events().await;
    assert_eq!(kinds(&events), [EventKind::Cancelled; 3]);
    assert_eq!(events.iter().map(|e| (e.attempt, e.attempts_used)).collect::<Vec<_>>(), [(0, 0), (0, 2), (0, 0)]);
    let counts = fixture.client.counts(&fixture.queue).await.unwrap();
    assert_eq!((counts.alive, counts.delayed, counts.ready), (0, 0, [0; 5]));

    let edited = NewJob { generation: 2, ..ready.clone() };
    assert_eq!(fixture.push(&[edited]).await, [Pushed::Accepted]);
    assert_eq!(cancel(&fixture, ready.id, 1).await, Cancelled::Newer);
    assert_eq!(cancel(&fixture, ready.id, 2).await, Cancelled::Ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_job_is_not_fetched_until_it_is_pushed_anew_or_given_back() {
    let fixture = Fixture::ledger().await;
    let (client, queue) = (&fixture.client, &fixture.queue);
    let jobs = fixture.push_many(3).await;
    let unknown = NewJob { version: 9, attempt: 1, ..job(3) };
    let [edit, other] = [Uuid::new_v4(), Uuid::new_v4()];
    for job in [&jobs[0], &jobs[1], &unknown] {
        let parked = client.park(queue, job, edit).await.unwrap();
        let expected = (job.version, job.attempt);
        assert!(
            matches!(parked, Parked::Parked { epoch, version, attempt, .. } if epoch == "e1" && (version, attempt) == expected)
        );
    }
    assert!(
        matches!(view(&fixture, unknown.id).await, EntryView::Waiting { parked: Some(p), version: 9, .. } if p == edit)
    );
    assert_eq!(fixture.push(&jobs[..1]).await, [Pushed::Known], "a parked job refuses its generation");
    let counts = client.counts(queue).await.unwrap();
    assert_eq!((counts.alive, counts.ready[2]), (4, 1));

    run(&fixture, 1, |job| if number(job) == 2 { Outcome::Done(None) } else { panic!("parked") }).await;
    assert_eq!(client.park(queue, &jobs[2], edit).await.unwrap(), Parked::Ended);

    // the edit of the first commits, the second's died, the third was parked again by another edit
    let edited = NewJob { generation: 2, payload: "10".into(), ..jobs[0].clone() };
    assert_eq!(fixture.push(std::slice::from_ref(&edited)).await, [Pushed::Accepted]);
    assert_eq!(client.park(queue, &jobs[0], edit).await.unwrap(), Parked::Newer);
    assert!(matches!(client.park(queue, &unknown, other).await.unwrap(), Parked::Parked { .. }));
    assert!(!client.unpark(queue, unknown.id, edit).await.unwrap());
    assert!(client.unpark(queue, jobs[1].id, edit).await.unwrap());
    assert!(!client.unpark(queue, jobs[1].id, edit).await.unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    run(&fixture, 3, {
        let seen = seen.clone();
        move |job| {
            seen.lock().unwrap().push(number(job));
            Outcome::Done(None)
        }
    })
    .await;
    seen.lock().unwrap().sort_unstable();
    assert_eq!(*seen.lock().unwrap(), [1, 10]);
    assert!(client.unpark(queue, unknown.id, other).await.unwrap());
    run(&fixture, 4, |job| {
        assert_eq!((number(job), job.attempt), (3, 2));
        Outcome::Done(None)
    })
    .await;
    let counts = client.counts(queue).await.unwrap();
    assert_eq!((counts.alive, counts.bytes, counts.ready), (0, 0, [0; 5]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_job_keeps_its_time() {
    let fixture = Fixture::ledger().await;
    let (client, queue) = (&fixture.client, &fixture.queue);
    let due = client.time().await.unwrap().timestamp().after(Duration::from_mins(1));
    let late = NewJob { run_at: Some(due), expires_at: Some(due.after(Duration::from_mins(1))), ..job(0) };
    fixture.push(std::slice::from_ref(&late)).await;
    let edit = Uuid::new_v4();
    client.park(queue, &late, edit).await.unwrap();
    assert!(client.unpark(queue, late.id, edit).await.unwrap());
    let EntryView::Waiting { run_at, parked: None, .. } = view(&fixture, late.id).await else { panic!("it waits") };
    assert_eq!(run_at, due);
    assert_eq!(client.counts(queue).await.unwrap().delayed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_cannot_be_parked_and_is_flagged_by_a_cancel() {
    let fixture = Fixture::ledger().await;
    let jobs = fixture.push_many(1).await;
    let worker = fixture.work(1, |job| async move {
        job.cancelled().cancelled().await;
        Outcome::Done(Some("1".into()))
    });
    let running = async || fixture.client.counts(&fixture.queue).await.unwrap().running == 1;
    until("the job to run", running).await;
    assert_eq!(fixture.client.park(&fixture.queue, &jobs[0], Uuid::new_v4()).await.unwrap(), Parked::Running);
    assert_eq!(cancel(&fixture, jobs[0].id, 1).await, Cancelled::Flagged);
    let events = fixture.ended(1).await;
    assert_eq!(events[0].kind, EventKind::Completed, "a run that finished first stands");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_leaves_a_tombstone_that_refuses_only_what_is_over() {
    let fixture = Fixture::with(|c| {
        c.ledger = true;
        c.tombstone_hold = Duration::from_millis(200);
    })
    .await;
    fixture.open("e1").await;
    let (client, queue) = (&fixture.client, &fixture.queue);
    let jobs = fixture.push_many(2).await;
    assert!(!client.purge(queue, jobs[0].id, 1).await.unwrap());
    assert!(client.purge(queue, jobs[0].id, 2).await.unwrap());
    assert!(!client.purge(queue, jobs[0].id, 2).await.unwrap());
    assert!(!client.purge(queue, Uuid::now_v7(), 2).await.unwrap());
    assert!(matches!(view(&fixture, jobs[0].id).await, EntryView::Tombstone { generation: 1, ended: None, .. }));
    assert_eq!(fixture.push(&jobs[..1]).await, [Pushed::Known]);
    assert_eq!(fixture.events().await, []);
    until("the tombstone to go", async || {
        client.reap(queue, 10).await.unwrap();
        view(&fixture, jobs[0].id).await == EntryView::Unknown
    })
    .await;
    assert!(client.purge(queue, jobs[1].id, 2).await.unwrap());
    assert_eq!(fixture.push(&[NewJob { generation: 2, ..jobs[1].clone() }]).await, [Pushed::Accepted]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_job_was_purged_or_replaced_changes_nothing_and_is_told() {
    let fixture = Fixture::ledger().await;
    let (client, queue) = (&fixture.client, &fixture.queue);
    let jobs = fixture.push_many(2).await;
    let worker = fixture.work(2, |job| async move {
        if job.generation == 2 {
            return Outcome::Done(Some("\"new\"".into()));
        }
        job.cancelled().cancelled().await;
        assert!(!job.is_current());
        Outcome::Done(Some("\"old\"".into()))
    });
    until("both to run", async || client.counts(queue).await.unwrap().running == 2).await;
    assert!(client.purge(queue, jobs[0].id, 2).await.unwrap());
    fixture.push(&[NewJob { generation: 2, payload: "5".into(), ..jobs[1].clone() }]).await;
    until("both reports", async || fixture.events().await.len() == 3).await;
    worker.stop().await;
    let events = fixture.events().await;
    let stale: Vec<_> = events.iter().filter(|e| e.kind == EventKind::StaleReport).collect();
    assert_eq!(stale.len(), 2);
    assert!(stale.iter().all(|e| e.reported == EventKind::Completed && e.generation == 1));
    let ended: Vec<_> = events.iter().filter(|e| e.kind.is_final()).collect();
    assert_eq!((ended.len(), ended[0].job_id, ended[0].generation), (1, jobs[1].id, 2));
    assert_eq!(ended[0].result.as_deref(), Some(&b"\"new\""[..]));
    assert!(matches!(view(&fixture, jobs[0].id).await, EntryView::Tombstone { ended: None, .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_vanished_is_refilled_and_its_old_run_is_stale() {
    let fixture = Fixture::ledger().await;
    let jobs = fixture.push_many(1).await;
    let runs = Runs::default();
    let worker = fixture.work(2, {
        let runs = runs.clone();
        move |job: Job| {
            let nth = runs.count(0);
            async move {
                if nth == 1 {
                    job.cancelled().cancelled().await;
                }
                Outcome::Done(Some(nth.to_string().into()))
            }
        }
    });
    until("it to run", async || runs.total() == 1).await;
    remove_entry(&fixture, jobs[0].id);
    assert_eq!(fixture.push(&jobs).await, [Pushed::Accepted]);
    let ended = fixture.ended(1).await;
    assert_eq!(ended[0].result.as_deref(), Some(&b"2"[..]));
    until("the stale report", async || kinds(&fixture.events().await).contains(&EventKind::StaleReport)).await;
    worker.stop().await;
    assert_eq!(runs.total(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_that_lags_holds_the_workers_up_and_loses_nothing() {
    let fixture = Fixture::with(|c| {
        c.ledger = true;
        c.event_bound = 10;
    })
    .await;
    fixture.open("e1").await;
    fixture.push_many(400).await;
    let worker = fixture.work(2, |_| async { Outcome::Done(None) });
    until("the bound", async || fixture.events().await.len() >= 10).await;
    let mut recorded = Vec::new();
    while recorded.len() < 400 {
        fixture.client.wait_events(&fixture.queue, Duration::from_millis(50)).await.unwrap();
        let events = fixture.events().await;
        assert!(events.len() < 10 + 2 + 20, "the bound, what ran, and reports under way");
        fixture.client.forget(&fixture.queue, &events).await.unwrap();
        recorded.extend(events.into_iter().map(|e| e.job_id));
    }
    recorded.sort_unstable();
    recorded.dedup();
    assert_eq!(recorded.len(), 400);
    worker.stop().await;
}
