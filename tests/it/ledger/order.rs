//! Events that are delivered late, twice or out of order end in the state of the greatest (generation, version).

use diesel_async::AsyncConnection;
use gotong_queue::{Event, EventKind, Timestamp};
use gotong_shared::{
    enqueue::{NewJob, enqueue},
    jobs::MaintenancePurgeMedia,
    ledger::{self, Recorded, State},
};
use harness::TestDatabase;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use uuid::Uuid;

fn event(job: Uuid, generation: u32, version: u64, kind: EventKind) -> Event {
    Event {
        stream_id: format!("{version}-0"),
        job_id: job,
        generation,
        version,
        attempt: 1,
        attempts_used: 1,
        crashes: 0,
        kind,
        reported: kind,
        worker: None,
        token: None,
        started_at: Some(Timestamp(version)),
        ended_at: Timestamp(version + 1),
        run_at: None,
        error_class: (kind != EventKind::Completed).then(|| "test".to_owned()),
        error_message: None,
        result: None,
        progress: None,
        log: Vec::new(),
    }
}

/// A life of one generation: some attempts, then an end, in the order of their versions.
fn life(random: &mut StdRng, job: Uuid, generation: u32, from: u64) -> Vec<Event> {
    let steps = random.random_range(0..4);
    let end = [EventKind::Completed, EventKind::Dead, EventKind::Cancelled, EventKind::Quarantined];
    let passing = [EventKind::Retried, EventKind::Crashed, EventKind::Snoozed];
    let mut kinds: Vec<_> = (0..steps).map(|_| passing[random.random_range(0..passing.len())]).collect();
    kinds.push(end[random.random_range(0..end.len())]);
    kinds.iter().zip(from..).map(|(kind, version)| event(job, generation, version, *kind)).collect()
}

async fn accept(database: &TestDatabase) -> Uuid {
    let job = NewJob::of(Uuid::nil(), &MaintenancePurgeMedia { grace_s: 1 }).unwrap();
    let mut connection = database.pool().connection().await.unwrap();
    drop(connection.transaction(async |c| enqueue(c, std::slice::from_ref(&job)).await).await.unwrap());
    job.id
}

/// The row after the greatest of these transitions, if that is greater than what stood before: generation, version, state.
fn after(before: (u32, u64, String), delivered: &[Event]) -> (u32, u64, String) {
    let greatest =
        delivered.iter().filter(|e| e.kind != EventKind::StaleReport).max_by_key(|e| (e.generation, e.version));
    match greatest {
        Some(event) if (event.generation, event.version) > (before.0, before.1) => {
            let state = match event.kind {
                EventKind::Completed => State::Completed,
                EventKind::Dead => State::Dead,
                EventKind::Cancelled => State::Cancelled,
                EventKind::Quarantined => State::Quarantined,
                EventKind::Snoozed => State::Snoozed,
                _ => State::Retryable,
            };
            (event.generation, event.version, state.to_string())
        }
        _ => before,
    }
}

async fn row(database: &TestDatabase, job: Uuid) -> (u32, u64, String) {
    let row = format!("select generation || ' ' || version || ' ' || state as value from jobs where id = '{job}'");
    let row = database.values(&row).await.remove(0);
    let words: Vec<&str> = row.split(' ').collect();
    (words[0].parse().unwrap(), words[1].parse().unwrap(), words[2].to_owned())
}

/// Everything that is delivered: each event at least once, some again, reports of stale runs among them, in any order.
fn delivery(random: &mut StdRng, events: &[Event]) -> Vec<Event> {
    let mut delivered = events.to_vec();
    delivered.extend(events.iter().filter(|_| random.random_bool(0.5)).cloned());
    let stale = |e: &Event| Event { kind: EventKind::StaleReport, version: e.version + 500, ..e.clone() };
    delivered.extend(events.iter().filter(|_| random.random_bool(0.2)).map(stale));
    delivered.shuffle(random);
    delivered
}

#[tokio::test]
async fn the_greatest_transition_stands_whatever_the_order_of_delivery() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let mut connection = pool.connection().await.unwrap();
    assert!(ledger::announce_epoch(&mut connection, "maintenance", None, "e1", "run").await.unwrap());
    for seed in 0..80 {
        let mut random = StdRng::seed_from_u64(seed);
        let job = accept(&database).await;
        let mut events = life(&mut random, job, 1, 1_000);
        if random.random_bool(0.4) {
            database.execute(&format!("update jobs set generation = 2, version = 0 where id = '{job}'")).await;
            events.extend(life(&mut random, job, 2, 2_000));
        }
        let end = events.last().unwrap().clone();
        let mut left = delivery(&mut random, &events);
        let mut stands = row(&database, job).await;
        while !left.is_empty() {
            // Somewhere a doctor reads the row as pushed, finds it lost, and hands it to the relay again: before this
            // batch or after it.
            ledger::mark_pushed(&mut connection, &[(job, stands.0)]).await.unwrap();
            let read = ledger::open_rows(&mut connection, "maintenance", Uuid::nil(), 10).await.unwrap();
            let read: Vec<_> = read.into_iter().filter(|row| row.id == job).collect();
            if random.random_bool(0.3) {
                assert_eq!(ledger::refill(&mut connection, &read).await.unwrap().len(), read.len(), "seed {seed}");
            }
            let batch: Vec<_> = left.drain(..random.random_range(1..=left.len())).collect();
            let recorded = ledger::record(&mut connection, "maintenance", Some("e1"), &batch).await.unwrap();
            assert!(matches!(recorded, Recorded::Committed(_)));
            let next = after(stands.clone(), &batch);
            let before = std::mem::replace(&mut stands, next);
            assert_eq!(row(&database, job).await, stands, "seed {seed}: {batch:?} over {before:?}");
            let refilled = ledger::refill(&mut connection, &read).await.unwrap();
            assert!(refilled.is_empty() || before == stands, "seed {seed}: a row that has moved on is not refilled");
        }
        assert_eq!((stands.0, stands.1), (end.generation, end.version), "seed {seed}: {events:?}");
    }
}

#[tokio::test]
async fn a_batch_that_was_read_under_another_epoch_is_dropped() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let mut connection = pool.connection().await.unwrap();
    let job = accept(&database).await;
    let done = [event(job, 1, 5, EventKind::Completed)];
    let fenced = ledger::record(&mut connection, "maintenance", Some("e1"), &done).await.unwrap();
    assert_eq!(fenced, Recorded::Fenced, "the ledger has named no epoch");
    assert!(ledger::announce_epoch(&mut connection, "maintenance", None, "e1", "run").await.unwrap());
    assert!(!ledger::announce_epoch(&mut connection, "maintenance", None, "e2", "run").await.unwrap(), "one was seen");
    assert!(ledger::announce_epoch(&mut connection, "maintenance", Some("e1"), "e2", "run").await.unwrap());
    assert_eq!(ledger::record(&mut connection, "maintenance", Some("e1"), &done).await.unwrap(), Recorded::Fenced);
    assert_eq!(ledger::record(&mut connection, "maintenance", None, &done).await.unwrap(), Recorded::Fenced);
    assert_eq!(
        ledger::record(&mut connection, "maintenance", Some("e2"), &done).await.unwrap(),
        Recorded::Committed(1)
    );
    assert_eq!(database.count("select count(*) from jobs where state = 'completed'").await, 1);
}

#[tokio::test]
async fn an_echo_of_a_recorded_run_is_no_attempt_and_a_stale_run_is_one() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let mut connection = pool.connection().await.unwrap();
    let job = accept(&database).await;
    assert!(ledger::announce_epoch(&mut connection, "maintenance", None, "e1", "run").await.unwrap());
    let worker = Some(Uuid::new_v4());
    let run = |version, kind| Event { worker, started_at: Some(Timestamp(7)), ..event(job, 1, version, kind) };
    let other = Event { started_at: Some(Timestamp(3)), ..run(9, EventKind::StaleReport) };
    let told = [run(5, EventKind::Completed), run(6, EventKind::StaleReport), other];
    for _ in 0..2 {
        ledger::record(&mut connection, "maintenance", Some("e1"), &told).await.unwrap();
    }
    assert_eq!(database.values("select outcome || version as value from job_attempts").await, ["stale9"]);
}
