//! What cannot be read is set aside and the rest goes on; what was lost from a list is put back.

use gotong_queue::{EntryView, EventKind, Healed, ManualWorker, NewJob, Outcome, QueueName};
use redis::FromRedisValue;

use crate::fixture::{Fixture, Runs, job, kinds, number, until};

/// One key of the fixture's queue.
struct Raw<'a>(&'a Fixture);

impl Raw<'_> {
    fn key(&self, name: &str) -> String {
        self.key_of(&self.0.queue, name)
    }

    fn key_of(&self, queue: &QueueName, name: &str) -> String {
        format!("{}:{{{queue}}}:{name}", self.0.client.config().prefix)
    }

    fn run<T: FromRedisValue>(&self, command: &str, key: &str, args: &[&[u8]]) -> T {
        let url = self.0.client.config().url.as_str();
        let mut connection = redis::Client::open(url).unwrap().get_connection().unwrap();
        let mut command = redis::cmd(command);
        command.arg(key);
        for arg in args {
            command.arg(*arg);
        }
        command.query(&mut connection).unwrap()
    }
}

/// Steps until the walk has begun anew.
async fn heal(fixture: &Fixture) -> Healed {
    let mut all = Healed::default();
    let raw = Raw(fixture);
    loop {
        let healed = fixture.client.heal(&fixture.queue, 1_000).await.unwrap();
        all.leases += healed.leases;
        all.locks += healed.locks;
        all.adopted += healed.adopted;
        all.stranded += healed.stranded;
        if raw.run::<String>("HGET", &raw.key("meta"), &[b"h5"]) == "0" {
            return all;
        }
    }
}

async fn end_all(fixture: &Fixture, most: usize) {
    let worker = ManualWorker::new(fixture.client.clone(), &fixture.subscription(1));
    for job in worker.fetch(most).await.unwrap() {
        worker.report(&job, Outcome::Done(None)).await.unwrap();
    }
}

#[tokio::test]
async fn events_that_cannot_be_read_are_set_aside_and_the_rest_go_on() {
    let fixture = Fixture::with(|config| {
        config.ledger = true;
        config.tombstone_hold = std::time::Duration::from_millis(100);
    })
    .await;
    fixture.open("e1").await;
    let (client, queue, raw) = (&fixture.client, &fixture.queue, Raw(&fixture));
    let jobs = fixture.push_many(4).await;
    end_all(&fixture, 4).await;

    // the second has a kind that nobody knows, and between the others stands what was never an event
    let events = raw.key("events");
    let mut spoilt: Vec<u8> = raw.run("LINDEX", &events, &[b"1"]);
    spoilt[24] = b'?';
    let () = raw.run("LSET", &events, &[b"1", &spoilt]);
    let third: Vec<u8> = raw.run("LINDEX", &events, &[b"2"]);
    let _: u32 = raw.run("LINSERT", &events, &[b"BEFORE", &third, b"garbage"]);
    let _: u32 = raw.run("RPUSH", &events, &[b""]);

    let batch = client.read_events(queue, 1_000).await.unwrap();
    assert_eq!(kinds(&batch.events), [EventKind::Completed; 3]);
    let counts = client.counts(queue).await.unwrap();
    assert_eq!((counts.events, counts.unreadable_events, counts.set_aside), (3, 3, 3));
    assert_eq!(client.unreadable_events(queue, 10).await.unwrap(), [&spoilt[..], b"garbage", b""]);
    client.forget(queue, &batch.events).await.unwrap();
    assert_eq!(fixture.events().await, []);

    // whoever's end is lost can be pushed again, once its tombstone has gone as all others do
    let lost = jobs.iter().find(|job| batch.events.iter().all(|event| event.job_id != job.id)).unwrap();
    until("the tombstone to go", async || {
        client.reap(queue, 100).await.unwrap();
        client.entries(queue, &[lost.id]).await.unwrap() == [EntryView::Unknown]
    })
    .await;
    assert_eq!(fixture.push(std::slice::from_ref(lost)).await, [gotong_queue::Pushed::Accepted]);
    end_all(&fixture, 1).await;
    assert_eq!(fixture.events().await[0].job_id, lost.id);

    client.drop_unreadable_events(queue, 2).await.unwrap();
    assert_eq!(client.unreadable_events(queue, 10).await.unwrap(), [&b""[..]]);
}

#[tokio::test]
async fn a_batch_of_nothing_but_unreadable_events_hides_none_behind_it() {
    let fixture = Fixture::ledger().await;
    let raw = Raw(&fixture);
    fixture.push_many(1).await;
    end_all(&fixture, 1).await;
    for n in 0..50u8 {
        let _: u32 = raw.run("LPUSH", &raw.key("events"), &[&[n; 200]]);
    }
    let batch = fixture.client.read_events(&fixture.queue, 10).await.unwrap();
    assert_eq!(kinds(&batch.events), [EventKind::Completed]);
    assert_eq!(fixture.client.counts(&fixture.queue).await.unwrap().unreadable_events, 50);
}

#[tokio::test]
async fn what_stands_where_an_id_should_does_not_end_a_walk() {
    let fixture = Fixture::ledger().await;
    let raw = Raw(&fixture);
    let jobs = fixture.push_many(2).await;
    let _: u32 = raw.run("HSET", &raw.key("jobs"), &[b"no id", b"whatever"]);
    let (_, seen) = fixture.client.scan_entries(&fixture.queue, 0, 100).await.unwrap();
    assert_eq!(seen.len(), jobs.len());
    let counts = fixture.client.counts(&fixture.queue).await.unwrap();
    assert_eq!((counts.undecodable, counts.set_aside, counts.alive), (1, 1, 2));
    let kept = fixture.client.undecodable(&fixture.queue, 10).await.unwrap();
    assert_eq!(kept, [(b"no id"[..].into(), b"whatever"[..].into())]);
    assert_eq!(fixture.client.drop_undecodable(&fixture.queue, &[kept[0].0.clone()]).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_stands_in_no_list_is_found_and_run_once() {
    let fixture = Fixture::new().await;
    let raw = Raw(&fixture);
    let later = fixture.client.time().await.unwrap().timestamp().after(std::time::Duration::from_mins(10));
    let mut jobs: Vec<NewJob> = (0..4).map(job).collect();
    (jobs[2].run_at, jobs[3].run_at) = (Some(later), Some(later));
    fixture.push(&jobs).await;
    assert_eq!(heal(&fixture).await, Healed::default(), "all are where they belong");

    let _: Vec<u8> = raw.run("LPOP", &raw.key("ready:2"), &[]);
    let delayed: Vec<Vec<u8>> = raw.run("ZRANGE", &raw.key("delayed"), &[b"0", b"0"]);
    let _: u32 = raw.run("ZREM", &raw.key("delayed"), &[&delayed[0]]);
    assert_eq!(heal(&fixture).await.stranded, 2);
    assert_eq!(heal(&fixture).await.stranded, 0);
    let counts = fixture.client.counts(&fixture.queue).await.unwrap();
    assert_eq!((counts.ready[2], counts.delayed, counts.alive), (2, 2, 4));

    let runs = Runs::default();
    let worker = fixture.work(2, {
        let runs = runs.clone();
        move |job| {
            runs.count(number(&job));
            async { Outcome::Done(None) }
        }
    });
    until("the two that are due", async || runs.distinct() == 2).await;
    worker.stop().await;
    assert_eq!((runs.of(0), runs.of(1), runs.total()), (1, 1, 2));
}

#[tokio::test]
async fn what_runs_and_what_was_set_aside_for_its_kind_is_left_alone() {
    let fixture = Fixture::new().await;
    let jobs = fixture.push_many(3).await;
    let mut subscription = fixture.subscription(1);
    let running = ManualWorker::new(fixture.client.clone(), &subscription).fetch(1).await.unwrap();
    subscription.kinds = vec!["another.kind".into()];
    let stranger = ManualWorker::new(fixture.client.clone(), &subscription);
    assert!(stranger.fetch(5).await.unwrap().is_empty());
    assert_eq!(fixture.client.counts(&fixture.queue).await.unwrap().unknown_kinds[0].1, 2);
    assert_eq!(heal(&fixture).await, Healed::default());
    assert_eq!((running.len(), jobs.len()), (1, 3));
}

#[tokio::test]
async fn in_a_long_list_only_what_is_older_than_its_beginning_is_taken_for_lost() {
    let fixture = Fixture::new().await;
    let raw = Raw(&fixture);
    let first = fixture.push_many(1).await.remove(0);
    let pushed = fixture.client.time().await.unwrap().timestamp();
    until("the next millisecond", async || fixture.client.time().await.unwrap().timestamp() > pushed).await;
    // a list whose beginning is younger than the job that is not in it
    fixture.push_many(2_500).await;
    let _: Vec<u8> = raw.run("LPOP", &raw.key("ready:2"), &[]);
    assert_eq!(heal(&fixture).await.stranded, 1);
    let mut ran = std::collections::HashSet::new();
    let worker = ManualWorker::new(fixture.client.clone(), &fixture.subscription(1));
    loop {
        let jobs = worker.fetch(1_000).await.unwrap();
        if jobs.is_empty() {
            break;
        }
        ran.extend(jobs.iter().map(|job| job.id));
    }
    assert!(ran.contains(&first.id));
    assert_eq!(ran.len(), 2_501);
}

#[tokio::test]
async fn upkeep_wakes_a_worker_if_there_is_work_that_nobody_was_told_of() {
    let fixture = Fixture::new().await;
    let raw = Raw(&fixture);
    let wakes = || raw.run::<u32>("LLEN", &raw.key("wake"), &[]);
    fixture.client.reap(&fixture.queue, 10).await.unwrap();
    assert_eq!(wakes(), 0, "there is no work");
    fixture.push_many(3).await;
    let _: String = raw.run("LPOP", &raw.key("wake"), &[]);
    fixture.client.reap(&fixture.queue, 10).await.unwrap();
    fixture.client.reap(&fixture.queue, 10).await.unwrap();
    assert_eq!(wakes(), 1);
}
