//! Clocks of workers that are far off: only Redis's time counts.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use gotong_queue::{Event, EventKind, NewJob, Timestamp};
use tempfile::TempDir;

use crate::fixture::{Fixture, job, until};
use crate::process::Process;
use crate::server::Server;

const LEASE: Duration = Duration::from_millis(900);
const HOUR: i64 = 3_600;

/// Stands before the system's library and moves the clock of the day; the clock that only counts is left as it is.
const SHIFT: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static long shift(void) { const char *by = getenv("CLOCK_SHIFT"); return by ? atol(by) : 0; }
int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, now);
  if (result == 0 && clock == CLOCK_REALTIME) now->tv_sec += shift();
  return result;
}
int gettimeofday(struct timeval *now, void *zone) {
  struct timespec precise;
  (void)zone;
  int result = clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return result;
}
time_t time(time_t *now) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (now) *now = precise.tv_sec;
  return precise.tv_sec;
}
"#;

/// The library, built by the compiler that also links this test.
fn library() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (source, built) = (dir.path().join("shift.c"), dir.path().join("libshift.so"));
    std::fs::write(&source, SHIFT).unwrap();
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let status = Command::new(compiler).args(["-shared", "-fPIC", "-o"]).args([&built, &source]).arg("-ldl").status();
    assert!(status.unwrap().success());
    (dir, built)
}

fn told(payload: &str) -> NewJob {
    NewJob { payload: payload.to_owned().into(), ..job(0) }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_time_of_redis_counts() {
    let (_dir, library) = library();
    let fixture = Fixture::on(Server::start(), |config| {
        (config.lease, config.renew_every, config.ledger) = (LEASE, LEASE / 3, true);
    })
    .await;
    fixture.open("e1").await;
    let began = fixture.client.time().await.unwrap().timestamp();
    let shifted = |by: i64| {
        let environment = [("LD_PRELOAD", library.to_str().unwrap().to_owned()), ("CLOCK_SHIFT", by.to_string())];
        Process::start_with(&fixture, &environment)
    };
    let (mut ahead, behind) = (shifted(HOUR), shifted(-HOUR));
    until("both to show themselves", async || fixture.client.workers().await.unwrap().len() == 2).await;

    // runs of two leases; a wait for a second attempt; one that is due in a while; one that expires in half an hour,
    // which it has for one of the two and has not for long for the other; one that has expired
    let mut jobs: Vec<NewJob> = (0..12).map(|n| told(&format!("sleep 1800 {n}"))).collect();
    jobs.push(told("retry 500"));
    jobs.push(NewJob { run_at: Some(began.after(Duration::from_secs(2))), ..told("sleep 1 delayed") });
    jobs.push(NewJob { expires_at: Some(began.after(Duration::from_mins(30))), ..told("sleep 1 expires late") });
    let over = NewJob {
        run_at: Some(began.after(Duration::from_millis(700))),
        expires_at: Some(began.after(Duration::from_millis(600))),
        ..told("sleep 1 is over")
    };
    let expired = over.id;
    jobs.push(over);
    fixture.push(&jobs).await;
    let events = fixture.ended(jobs.len()).await;
    for event in &events {
        let wanted = if event.job_id == expired { EventKind::Expired } else { EventKind::Completed };
        assert_eq!((event.kind, event.crashes), (wanted, 0));
    }
    let by_payload = |word: &str| {
        let job = jobs.iter().find(|job| job.payload.windows(word.len()).any(|part| part == word.as_bytes()));
        events.iter().find(|event| event.job_id == job.unwrap().id).unwrap().clone()
    };
    assert!(by_payload("delayed").started_at >= Some(began.after(Duration::from_secs(2))));
    let all = fixture.events().await;
    let retried = all.iter().find(|event| event.kind == EventKind::Retried).unwrap();
    assert_eq!(retried.run_at, Some(retried.ended_at.after(Duration::from_millis(500))));
    assert!(by_payload("retry").started_at >= retried.run_at);

    // the one that is ahead dies with a job; the other may have it when the lease is over by Redis's time
    behind.signal("STOP");
    fixture.push(&[told("sleep 1500 crash")]).await;
    until("the job to be begun", async || ahead.begun().iter().any(|run| run.0 == "sleep 1500 crash")).await;
    ahead.kill();
    behind.signal("CONT");
    fixture.ended(jobs.len() + 1).await;
    let all = fixture.events().await;
    let crashes: Vec<&Event> = all.iter().filter(|event| event.kind == EventKind::Crashed).collect();
    assert!(!crashes.is_empty());
    assert!(crashes.iter().all(|event| event.ended_at >= event.started_at.unwrap().after(LEASE)));
    assert_eq!(all.last().unwrap().kind, EventKind::Completed);
    check_times(&fixture, began).await;
    prove_shifts(&ahead, &behind, began);
}

/// Every time that was noted lies between the beginning and now, by the clock of Redis.
async fn check_times(fixture: &Fixture, began: Timestamp) {
    let now = fixture.client.time().await.unwrap().timestamp();
    let during = |at: Option<Timestamp>| at.is_none_or(|at| began <= at && at <= now);
    let all: Vec<Event> = fixture.events().await;
    assert!(all.iter().all(|event| during(Some(event.ended_at)) && during(event.started_at)));
    let workers = fixture.client.workers().await.unwrap();
    assert!(workers.iter().all(|worker| during(Some(worker.seen_at)) && worker.started_at <= now));
    let ago = Duration::from_mins(5);
    assert!(workers.iter().all(|worker| worker.started_at.after(ago) > began));
}

/// The clocks of the two were indeed an hour ahead and an hour behind.
fn prove_shifts(ahead: &Process, behind: &Process, began: Timestamp) {
    let hour = HOUR.unsigned_abs() * 1_000;
    assert!(!ahead.clock().is_empty() && ahead.clock().iter().all(|clock| *clock >= began.0 + hour));
    assert!(!behind.clock().is_empty() && behind.clock().iter().all(|clock| *clock < began.0));
}
