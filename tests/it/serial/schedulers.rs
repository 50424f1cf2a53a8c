//! Schedulers that are killed, frozen and cut off from their servers fire every tick exactly once.

use gotong_xtask::servers::{PostgresServer, RedisServer};
use harness::{Binary, Platform, Process, Servers, eventually};
use rand::Rng;
use std::{process::Command, time::Duration};
use tokio::time::{Instant, sleep};

/// Makes that many schedules that fire every second for so many seconds, all of which are to run.
async fn every_second(platform: &Platform, schedules: u32, seconds: u32) {
    let insert = format!(
        "insert into schedules (id, name, expression, kind, payload, missed, missed_cap, ends_at, next_run_at)
         select gen_random_uuid(), 'every-second-' || n, '* * * * * *', 'maintenance.prune_keys', '{{}}', 'run_all', 1000,
            date_trunc('second', now()) + interval '{seconds} seconds', date_trunc('second', now()) + interval '1 second'
         from generate_series(1, {schedules}) n;
         select pg_notify('gotong_schedules', '')"
    );
    platform.database.execute(&insert).await;
}

/// Waits until every schedule is over, and counts: one tick a second, one job a tick, no job without a tick.
async fn exactly_once(platform: &Platform, schedules: u32, seconds: u32) {
    let open = "select count(*) from schedules where name like 'every-second-%' and next_run_at is not null";
    eventually("all are over", Duration::from_mins(3), async || {
        (platform.database.count(open).await == 0).then_some(())
    })
    .await;
    let ticks = "from schedule_ticks t join schedules s on s.id = t.schedule_id where s.name like 'every-second-%'";
    let all = i64::from(schedules) * i64::from(seconds);
    let database = &platform.database;
    assert_eq!(database.count(&format!("select count(*) {ticks}")).await, all, "a tick a second");
    assert_eq!(database.count(&format!("select count(*) {ticks} and t.outcome = 'enqueued'")).await, all);
    assert_eq!(database.count(&format!("select count(distinct t.job_id) {ticks}")).await, all, "a job a tick");
    let jobs = "from jobs j join schedules s on s.id = j.schedule_id where s.name like 'every-second-%'";
    assert_eq!(database.count(&format!("select count(*) {jobs}")).await, all, "no job without a tick");
    let of_tick = format!("select count(*) {jobs} and exists (select from schedule_ticks where job_id = j.id)");
    assert_eq!(database.count(&of_tick).await, all);
}

fn spawn(platform: &Platform) -> Process {
    Process::spawn(Binary::Scheduler, &platform.variables(&[]))
}

fn signal(process: &Process, name: &str) {
    let sent = Command::new("kill").args([name, &process.pid().to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

#[tokio::test]
async fn five_schedulers_killed_at_random_fire_every_tick_once_while_their_servers_restart() {
    const SECONDS: u32 = 60;
    let (mut postgres, mut redis) = (PostgresServer::start().unwrap(), RedisServer::start().unwrap());
    let servers = Servers { database: Some(postgres.url()), redis: Some(redis.url()), ..Servers::default() };
    let platform = Platform::on(servers).await;
    let mut schedulers: Vec<_> = (0..5).map(|_| spawn(&platform)).collect();
    platform.settled().await;
    every_second(&platform, 200, SECONDS).await;
    let start = Instant::now();
    let (mut postgres_fell, mut redis_fell) = (false, false);
    while start.elapsed() < Duration::from_secs(SECONDS.into()) {
        sleep(Duration::from_millis(rand::rng().random_range(300..2_500))).await; // the faults come at random
        let victim = rand::rng().random_range(0..schedulers.len());
        schedulers.swap_remove(victim).kill9();
        schedulers.push(spawn(&platform));
        if !postgres_fell && start.elapsed() > Duration::from_secs(12) {
            postgres.kill9();
            postgres.restart().unwrap();
            postgres_fell = true;
        }
        if !redis_fell && start.elapsed() > Duration::from_secs(24) {
            redis.kill9();
            redis.restart().unwrap();
            redis_fell = true;
        }
    }
    assert!(postgres_fell && redis_fell);
    exactly_once(&platform, 200, SECONDS).await;
}

#[tokio::test]
async fn a_scheduler_that_was_frozen_does_nothing_twice() {
    const SECONDS: u32 = 30;
    let platform = Platform::start().await;
    let (frozen, _other) = (spawn(&platform), spawn(&platform));
    platform.settled().await;
    every_second(&platform, 50, SECONDS).await;
    let some = "select count(*) from schedule_ticks";
    eventually("it fires", harness::LONG, async || (platform.database.count(some).await >= 100).then_some(())).await;
    signal(&frozen, "-STOP");
    let before = platform.database.count(some).await;
    sleep(Duration::from_secs(20)).await; // how long it is frozen
    assert!(platform.database.count(some).await > before, "the other one goes on");
    signal(&frozen, "-CONT");
    exactly_once(&platform, 50, SECONDS).await;
}
