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

#[tokio::test]
async fn the_greatest_transition_stands_whatever_the_order_of_delivery() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let mut connection = pool.connection().await.unwrap();
    assert!(ledger::announce_epoch(&mut connection, "maintenance", None, "e1", "run").await.unwrap());
    for seed in 0..60 {
        let mut random = StdRng::seed_from_u64(seed);
        let job = accept(&database).await;
        let mut events = life(&mut random, job, 1, 1_000);
        let last = if random.random_bool(0.4) {
            let manual_retry = format!("update jobs set generation = 2, version = 0 where id = '{job}'");
            database.execute(&manual_retry).await;
            events.extend(life(&mut random, job, 2, 2_000));
            2
        } else {
            1
        };
        let end = events.last().unwrap().clone();
        assert_eq!(end.generation, last);
        // Everything at least once, some of it again, in any order and in batches of any size.
        let mut delivered = events.clone();
        delivered.extend(events.iter().filter(|_| random.random_bool(0.5)).cloned());
        delivered.shuffle(&mut random);
        while !delivered.is_empty() {
            let batch: Vec<_> = delivered.drain(..random.random_range(1..=delivered.len())).collect();
            let recorded = ledger::record(&mut connection, "maintenance", Some("e1"), &batch).await.unwrap();
            assert!(matches!(recorded, Recorded::Committed(_)));
        }
        let row = format!("select generation || ' ' || state as value from jobs where id = '{job}'");
        let expected = match end.kind {
            EventKind::Completed => State::Completed,
            EventKind::Dead => State::Dead,
            EventKind::Cancelled => State::Cancelled,
            _ => State::Quarantined,
        };
        // The first end of a generation that is recorded stands; there is only one end in a life.
        assert_eq!(database.values(&row).await, [format!("{last} {expected}")], "seed {seed}: {events:?}");
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
