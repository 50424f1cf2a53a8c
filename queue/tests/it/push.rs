//! What a push accepts, and what it refuses.

use std::time::Duration;

use gotong_queue::Pushed::{Accepted, Full, Kept, Known, Rejected};
use gotong_queue::{Cancelled, EntryView, Error, NewJob, OnConflict, Outcome, Timestamp, Unique};
use uuid::Uuid;

use crate::fixture::{Fixture, job};

async fn view(fixture: &Fixture, id: Uuid) -> EntryView {
    fixture.client.entries(&fixture.queue, &[id]).await.unwrap().remove(0)
}

fn unique(n: u32, key: &str, on_conflict: OnConflict) -> NewJob {
    NewJob { unique: Some(Unique { key: key.into(), on_conflict }), ..job(n) }
}

#[tokio::test]
async fn a_known_generation_is_refused_and_a_greater_replaces_it() {
    let fixture = Fixture::new().await;
    let first = job(0);
    assert_eq!(fixture.push(&[first.clone(), first.clone()]).await, [Accepted, Known]);
    let mut second = NewJob { generation: 2, version: 7, payload: "edited".into(), ..first.clone() };
    second.run_at = Some(Timestamp::now().after(Duration::from_hours(1)));
    assert_eq!(fixture.push(std::slice::from_ref(&second)).await, [Accepted]);
    assert_eq!(fixture.push(&[first]).await, [Known]);
    let EntryView::Waiting { generation: 2, version: 7, run_at, parked: None, .. } = view(&fixture, second.id).await
    else {
        panic!("it waits")
    };
    assert_eq!(Some(run_at), second.run_at);
    let counts = fixture.client.counts(&fixture.queue).await.unwrap();
    assert_eq!((counts.alive, counts.delayed, counts.ready), (1, 1, [0; 5]), "what was replaced is no longer counted");

    let third = NewJob { generation: 3, run_at: None, ..second };
    assert_eq!(fixture.push(&[third]).await, [Accepted]);
    let counts = fixture.client.counts(&fixture.queue).await.unwrap();
    assert_eq!((counts.alive, counts.delayed, counts.ready), (1, 0, [0, 0, 1, 0, 0]));
    let worker = fixture.work(1, |job| async move {
        assert_eq!((job.generation, &job.payload[..]), (3, &b"edited"[..]));
        Outcome::Done(None)
    });
    fixture.drained().await;
    worker.stop().await;
    let counts = fixture.client.counts(&fixture.queue).await.unwrap();
    assert_eq!((counts.alive, counts.bytes, counts.ready), (0, 0, [0; 5]));
}

#[tokio::test]
async fn a_full_queue_says_so_and_keeps_what_it_has() {
    let fixture = Fixture::with(|c| c.queue_length = 3).await;
    let jobs: Vec<NewJob> = (0..5).map(job).collect();
    assert_eq!(fixture.push(&jobs).await, [Accepted, Accepted, Accepted, Full, Full]);
    assert_eq!(fixture.push(&jobs).await, [Known, Known, Known, Full, Full]);
    fixture.client.cancel(&fixture.queue, jobs[1].id, 1, 0, None).await.unwrap();
    assert_eq!(fixture.push(&jobs[3..]).await, [Accepted, Full]);

    let small = fixture.another(|c| c.queue_bytes = 2_000).await;
    let big = NewJob { payload: vec![b'x'; 1_500].into(), ..job(9) };
    let queue = "bytes".parse().unwrap();
    let other = NewJob { id: Uuid::now_v7(), ..big.clone() };
    assert_eq!(small.push(&queue, &[big, other], None).await.unwrap(), [Accepted, Full]);
    let counts = small.counts(&queue).await.unwrap();
    assert!(counts.alive == 1 && (1_500..2_000).contains(&counts.bytes));
}

#[tokio::test]
async fn a_bad_job_is_refused_before_anything_is_sent() {
    let fixture = Fixture::new().await;
    let bad = NewJob { kind: String::new(), ..job(1) };
    let error = fixture.client.push(&fixture.queue, &[job(0), bad], None).await.unwrap_err();
    assert!(matches!(error, Error::Invalid { what: "kind", .. }));
    assert_eq!(fixture.client.counts(&fixture.queue).await.unwrap().alive, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unique_key_has_one_live_owner_and_cannot_leak() {
    let fixture = Fixture::new().await;
    let first = unique(0, "report-7", OnConflict::Reject);
    let rejected = unique(1, "report-7", OnConflict::Reject);
    let kept = unique(2, "report-7", OnConflict::KeepExisting);
    let other = unique(3, "report-8", OnConflict::Reject);
    let answers = fixture.push(&[first.clone(), rejected.clone(), kept, other.clone()]).await;
    assert_eq!(answers, [Accepted, Rejected(first.id), Kept(first.id), Accepted]);

    // a newer generation of the owner keeps it
    let edited = NewJob { generation: 2, ..first.clone() };
    assert_eq!(fixture.push(&[edited]).await, [Accepted]);
    assert_eq!(fixture.push(std::slice::from_ref(&rejected)).await, [Rejected(first.id)]);

    // a cancelled owner lets go
    let cancelled = fixture.client.cancel(&fixture.queue, first.id, 2, 0, None).await.unwrap();
    assert_eq!(cancelled, Cancelled::Ended);
    assert_eq!(fixture.push(std::slice::from_ref(&rejected)).await, [Accepted]);

    // so does one that has run
    let worker = fixture.work(2, |_| async { Outcome::Done(None) });
    fixture.drained().await;
    assert_eq!(
        fixture.push(&[unique(4, "report-7", OnConflict::Reject), unique(5, "report-8", OnConflict::Reject)]).await,
        [Accepted; 2]
    );
    fixture.drained().await;
    worker.stop().await;

    // and one that has vanished behind our back
    let lost = unique(6, "report-7", OnConflict::Reject);
    fixture.push(std::slice::from_ref(&lost)).await;
    remove_entry(&fixture, lost.id);
    assert_eq!(fixture.push(&[unique(7, "report-7", OnConflict::Reject)]).await, [Accepted]);
}

#[tokio::test]
async fn healing_removes_what_no_job_stands_behind() {
    let fixture = Fixture::new().await;
    let lost = unique(0, "key", OnConflict::Reject);
    fixture.push(std::slice::from_ref(&lost)).await;
    remove_entry(&fixture, lost.id);
    let healed = fixture.client.heal(&fixture.queue, 100).await.unwrap();
    assert_eq!((healed.leases, healed.locks, healed.adopted), (0, 1, 0));
    assert_eq!(fixture.client.heal(&fixture.queue, 100).await.unwrap().locks, 0);
}

#[tokio::test]
async fn a_walk_sees_every_live_entry() {
    let fixture = Fixture::new().await;
    let jobs = fixture.push_many(700).await;
    fixture.client.cancel(&fixture.queue, jobs[0].id, 1, 0, None).await.unwrap();
    let (mut cursor, mut seen) = (0, std::collections::HashSet::new());
    loop {
        let (next, found) = fixture.client.scan_entries(&fixture.queue, cursor, 100).await.unwrap();
        seen.extend(found.into_iter().map(|(id, _)| id));
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(seen, jobs[1..].iter().map(|j| j.id).collect());
}

/// Deletes a job's entry as no script does.
pub fn remove_entry(fixture: &Fixture, id: Uuid) {
    let config = fixture.client.config();
    let mut connection = redis::Client::open(config.url.as_str()).unwrap().get_connection().unwrap();
    let key = format!("{}:{{{}}}:jobs", config.prefix, fixture.queue);
    let removed: u32 = redis::cmd("HDEL").arg(key).arg(id.as_bytes()).query(&mut connection).unwrap();
    assert_eq!(removed, 1);
}
