//! What the recorder counts: every event once, however often and in whatever order it is delivered.

use diesel_async::AsyncConnection;
use gotong_queue::{Event, EventKind, Timestamp};
use gotong_shared::{
    enqueue::{NewJob, enqueue},
    jobs::MaintenancePurgeMedia,
    ledger::{self, Recorded},
    statistics,
};
use harness::TestDatabase;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use std::collections::HashMap;
use uuid::Uuid;

const SECOND: u64 = 1_000;

async fn accept(database: &TestDatabase, count: usize) -> Vec<Uuid> {
    let job = || NewJob::of(Uuid::nil(), &MaintenancePurgeMedia { grace_s: 1 }).unwrap();
    let jobs: Vec<_> = (0..count).map(|_| job()).collect();
    let mut connection = database.pool().connection().await.unwrap();
    drop(connection.transaction(async |c| enqueue(c, &jobs).await).await.unwrap());
    assert!(ledger::announce_epoch(&mut connection, "maintenance", None, "e1", "run").await.unwrap());
    jobs.iter().map(|job| job.id).collect()
}

/// A run that waited two seconds since the job was last due and took three.
fn run(job: Uuid, due: u64, version: u64, attempt: u32, crashes: u32, kind: EventKind) -> Event {
    let failed = !matches!(kind, EventKind::Completed | EventKind::Snoozed | EventKind::Cancelled);
    let (started, ended) = (due + 2 * SECOND, due + 5 * SECOND);
    let is_final = kind.is_final();
    Event {
        stream_id: format!("{version}"),
        job_id: job,
        generation: 1,
        version,
        attempt,
        attempts_used: attempt,
        crashes,
        kind,
        reported: kind,
        worker: Some(Uuid::from_u128(7)),
        token: None,
        started_at: Some(Timestamp(started)),
        ended_at: Timestamp(ended),
        run_at: (!is_final).then_some(Timestamp(ended)),
        error_class: failed.then(|| "refused".to_owned()),
        error_message: failed.then(|| format!("no answer after {} s", version % 97)),
        result: None,
        progress: None,
        log: Vec::new(),
    }
}

/// Some attempts, then an end.
fn life(random: &mut StdRng, job: Uuid, born: u64) -> Vec<Event> {
    let passing = [EventKind::Retried, EventKind::Crashed, EventKind::Snoozed];
    let last = [EventKind::Completed, EventKind::Completed, EventKind::Dead, EventKind::Cancelled];
    let (mut attempt, mut crashes, mut due) = (1, 0, born);
    let mut events = Vec::new();
    for version in 1..=random.random_range(0..4) {
        let kind = passing[random.random_range(0..passing.len())];
        crashes += u32::from(kind == EventKind::Crashed);
        events.push(run(job, due, version, attempt, crashes, kind));
        attempt += u32::from(kind == EventKind::Retried);
        due += 5 * SECOND;
    }
    let kind = last[random.random_range(0..last.len())];
    events.push(run(job, due, 10, attempt, crashes, kind));
    events
}

#[tokio::test]
async fn every_event_counts_once() {
    let database = TestDatabase::create().await;
    let ids = accept(&database, 120).await;
    database.execute("update jobs set run_at = to_timestamp(1000)").await;
    let mut random = StdRng::seed_from_u64(5);
    let lives: Vec<Vec<Event>> = ids.iter().map(|id| life(&mut random, *id, 1_000 * SECOND)).collect();
    let events: Vec<Event> = lives.into_iter().flatten().collect();
    // Everything twice, in batches of any size and any order.
    let mut delivered: Vec<Event> = events.iter().chain(&events).cloned().collect();
    delivered.shuffle(&mut random);
    let pool = database.pool();
    let mut connection = pool.connection().await.unwrap();
    while !delivered.is_empty() {
        let batch: Vec<_> = delivered.drain(..random.random_range(1..=delivered.len().min(90))).collect();
        let recorded = ledger::record(&mut connection, "maintenance", Some("e1"), &batch).await.unwrap();
        assert!(matches!(recorded, Recorded::Committed(_)));
    }
    let sum =
        async |what: &str| database.count(&format!("select sum({what})::bigint as count from queue_minutes")).await;
    let truly = |kind: EventKind| i64::try_from(events.iter().filter(|event| event.kind == kind).count()).unwrap();
    for (column, kind) in [
        ("completed", EventKind::Completed),
        ("retried", EventKind::Retried),
        ("crashed", EventKind::Crashed),
        ("snoozed", EventKind::Snoozed),
        ("dead", EventKind::Dead),
        ("cancelled", EventKind::Cancelled),
    ] {
        assert_eq!(sum(column).await, truly(kind), "{column}");
    }
    let all = i64::try_from(events.len()).unwrap();
    assert_eq!(sum("(select sum(n) from unnest(waiting) n)").await, all);
    assert_eq!(sum("(select sum(n) from unnest(running) n)").await, all - truly(EventKind::Crashed));
    // Three seconds each: element 23 of the array, whose bucket holds 2049 to 3072 ms.
    assert_eq!(sum("running[23]").await, all - truly(EventKind::Crashed), "they all took as long");
    let failed = truly(EventKind::Retried) + truly(EventKind::Crashed) + truly(EventKind::Dead);
    let groups = "select kind || ' ' || error_class || ' ' || count as value from failures";
    assert_eq!(database.values(groups).await, [format!("maintenance.purge_media refused {failed}")]);
    let named = database.count("select count(*) from jobs where error_fingerprint is not null").await;
    assert_eq!(named, truly(EventKind::Dead), "what succeeded in the end is no failure");
    let found = "select count(*) from jobs join failures on error_fingerprint = fingerprint";
    assert_eq!(database.count(found).await, named);
}

#[tokio::test]
async fn the_waiting_time_counts_from_when_the_attempt_was_due() {
    let database = TestDatabase::create().await;
    let job = accept(&database, 1).await[0];
    database.execute("update jobs set run_at = to_timestamp(1000)").await;
    let events = [
        run(job, 1_000 * SECOND, 1, 1, 0, EventKind::Snoozed),
        run(job, 1_005 * SECOND, 2, 1, 0, EventKind::Retried),
        run(job, 1_010 * SECOND, 3, 2, 0, EventKind::Completed),
    ];
    let pool = database.pool();
    let mut connection = pool.connection().await.unwrap();
    // Two in one batch, so that the second's due time is not on the row, and one after it.
    for batch in [&events[..2], &events[2..]] {
        ledger::record(&mut connection, "maintenance", Some("e1"), batch).await.unwrap();
    }
    // Two seconds each: element 22, whose bucket holds 1537 to 2048 ms.
    assert_eq!(database.count("select sum(waiting[22])::bigint as count from queue_minutes").await, 3);
}

#[tokio::test]
async fn what_never_ran_and_what_came_too_late_count_apart() {
    let database = TestDatabase::create().await;
    let ids = accept(&database, 2).await;
    let idle = |job, kind| Event { started_at: None, worker: None, attempt: 0, ..run(job, 0, 5, 0, 0, kind) };
    let stale = Event { worker: Some(Uuid::from_u128(8)), ..run(ids[0], 0, 9, 1, 0, EventKind::StaleReport) };
    let events = [idle(ids[0], EventKind::Cancelled), idle(ids[1], EventKind::Expired), stale];
    let pool = database.pool();
    let mut connection = pool.connection().await.unwrap();
    for _ in 0..2 {
        ledger::record(&mut connection, "maintenance", Some("e1"), &events).await.unwrap();
    }
    let counts =
        "select cancelled || ' ' || expired || ' ' || stale || ' ' || waiting::text as value from queue_minutes";
    assert_eq!(database.values(counts).await, ["1 1 1 {}"]);
    assert_eq!(database.values("select error_class as value from failures").await, ["refused"]);
}

#[tokio::test]
async fn old_counts_go() {
    let database = TestDatabase::create().await;
    database
        .execute(
            "insert into queue_minutes (minute, queue, kind)
                 select now() - make_interval(days => day), 'q', 'k' from unnest(array[1, 29, 31, 40]) day;
             insert into failures select gen_random_uuid(), 'f', 'k', 'c', 'm', now(),
                 now() - make_interval(days => day), 1 from unnest(array[1, 31, 40]) day;
             insert into repairs select now() - make_interval(days => day), 'q', 'epoch', 1
                 from unnest(array[1, 31]) day",
        )
        .await;
    let pool = database.pool();
    let mut connection = pool.connection().await.unwrap();
    let mut passes: HashMap<bool, usize> = HashMap::new();
    loop {
        let (deleted, more) = statistics::prune(&mut connection, 1).await.unwrap();
        *passes.entry(more).or_default() += deleted;
        if !more {
            break;
        }
    }
    assert_eq!(passes.values().sum::<usize>(), 5);
    let left = "select (select count(*) from queue_minutes) * 100 + (select count(*) from failures) * 10
        + (select count(*) from repairs) as count";
    assert_eq!(database.count(left).await, 211);
}
