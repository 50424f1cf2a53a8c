//! Each tick of a schedule becomes one job, however many schedulers run; and what missed and overlapping ticks mean.

use harness::{Binary, LONG, Platform, Process, eventually};
use std::collections::BTreeMap;

const EVERY_TICK_HAS_ITS_JOB: [&str; 4] = [
    "select count(*) from (select job_id from schedule_ticks where job_id is not null
        group by job_id having count(*) > 1) as twice",
    "select count(*) from schedule_ticks t where outcome = 'enqueued' and not exists
        (select from jobs where id = t.job_id and schedule_id = t.schedule_id)",
    "select count(*) from jobs j where not exists (select from schedule_ticks where job_id = j.id)",
    "select count(*) from (select schedule_id, tick, lag(tick) over (partition by schedule_id order by tick) as before
        from schedule_ticks join schedules s on s.id = schedule_id where s.name like 'every-second-%') as pairs
        where tick <> before + interval '1 second'",
];

async fn exactly_one_job_a_tick(platform: &Platform) {
    for query in EVERY_TICK_HAS_ITS_JOB {
        assert_eq!(platform.database.count(query).await, 0, "{query}");
    }
}

/// A schedule of every hour on the hour whose next tick is three hours ago, with those columns besides.
async fn three_hours_behind(platform: &Platform, name: &str, columns: &str, values: &str) {
    let insert = format!(
        "insert into schedules (id, name, expression, kind, payload, next_run_at, {columns})
         values (gen_random_uuid(), '{name}', '0 * * * *', 'maintenance.purge_media', '{{\"grace_s\": 60}}',
            date_trunc('hour', now()) - interval '3 hours', {values})"
    );
    platform.database.execute(&insert).await;
}

/// The outcomes of a schedule's ticks and how many ticks have each.
async fn outcomes(platform: &Platform, name: &str) -> BTreeMap<String, i64> {
    let query = format!(
        "select outcome || ' ' || sum(ticks) as value from schedule_ticks join schedules s on s.id = schedule_id
         where s.name = '{name}' group by outcome"
    );
    let rows = platform.database.values(&query).await;
    let pairs = rows.iter().filter_map(|row| row.split_once(' '));
    pairs.map(|(outcome, count)| (outcome.to_owned(), count.parse().unwrap())).collect()
}

fn counts(pairs: &[(&str, i64)]) -> BTreeMap<String, i64> {
    pairs.iter().map(|(outcome, count)| ((*outcome).to_owned(), *count)).collect()
}

#[tokio::test]
async fn three_schedulers_fire_each_tick_once() {
    let platform = Platform::start().await;
    let _schedulers = [platform.scheduler(), platform.scheduler(), platform.scheduler()];
    platform.settled().await;
    let every_second = "insert into schedules (id, name, expression, kind, payload, next_run_at)
        select gen_random_uuid(), 'every-second-' || n, '* * * * * *', 'maintenance.purge_media', '{\"grace_s\": 60}',
            date_trunc('second', now()) + interval '1 second'
        from generate_series(1, 20) n;
        select pg_notify('gotong_schedules', '')";
    platform.database.execute(every_second).await;
    let ticks = "select count(*) from schedule_ticks";
    eventually("60 ticks", LONG, async || (platform.database.count(ticks).await >= 60).then_some(())).await;
    exactly_one_job_a_tick(&platform).await;
}

#[tokio::test]
async fn after_three_hours_each_policy_does_what_it_says() {
    let platform = Platform::start().await;
    // The tick of this hour is on time within the longest grace, unless the hour is about to end.
    for (name, columns, values) in [
        ("skip", "missed", "'skip'"),
        ("once", "missed", "'run_once'"),
        ("all", "missed", "'run_all'"),
        ("two", "missed, missed_cap", "'run_all', 2"),
        ("young", "missed, missed_window_s", "'run_all', 5400"),
    ] {
        three_hours_behind(&platform, name, &format!("grace_s, {columns}"), &format!("1, {values}")).await;
    }
    let scheduler = Process::spawn(Binary::Scheduler, &platform.variables(&[]));
    let behind = "select count(*) from schedules where next_run_at < now()";
    eventually("all are decided", LONG, async || (platform.database.count(behind).await == 0).then_some(())).await;
    let young = outcomes(&platform, "young").await;
    assert!(young["enqueued"] == 1 || young["enqueued"] == 2, "as the hour stands, one or two are young: {young:?}");
    for (name, expected) in [
        ("skip", counts(&[("missed", 4)])),
        ("once", counts(&[("enqueued", 1), ("missed", 3)])),
        ("all", counts(&[("enqueued", 4)])),
        ("two", counts(&[("enqueued", 2), ("missed", 2)])),
    ] {
        assert_eq!(outcomes(&platform, name).await, expected, "{name}");
    }
    let latest = "select count(*) from schedule_ticks join schedules s on s.id = schedule_id
        where s.name = 'once' and outcome = 'enqueued' and tick = date_trunc('hour', now())";
    assert_eq!(platform.database.count(latest).await, 1, "the latest tick stands for the others");
    exactly_one_job_a_tick(&platform).await;
    for (name, what) in [
        ("skip", "were missed and do not run"),
        ("once", "were missed and do not run"),
        ("once", "that were missed run now"),
        ("all", "that were missed run now"),
        ("two", "were missed and do not run"),
    ] {
        let is_told = |log: &str| log.lines().any(|line| line.contains(what) && line.contains(name));
        eventually(&format!("the log tells of {name}"), LONG, async || is_told(&scheduler.log()).then_some(())).await;
    }
}

#[tokio::test]
async fn a_tick_that_was_decided_before_fires_nothing() {
    let platform = Platform::start().await;
    three_hours_behind(&platform, "again", "grace_s, missed", "1, 'run_all'").await;
    let scheduler = platform.scheduler();
    let behind = "select count(*) from schedules where next_run_at < now()";
    let decided = async || (platform.database.count(behind).await == 0).then_some(());
    eventually("it is decided", LONG, decided).await;
    let back = "update schedules set next_run_at = date_trunc('hour', now()) - interval '3 hours' where name = 'again';
        select pg_notify('gotong_schedules', '')";
    platform.database.execute(back).await;
    eventually("it is decided again", LONG, decided).await;
    assert_eq!(outcomes(&platform, "again").await, counts(&[("enqueued", 4)]));
    assert_eq!(platform.database.count("select count(*) from jobs").await, 4);
    scheduler.stop().await;
}

/// Schedules of every second under each overlap policy, with a job of each that never ends, since no worker runs.
async fn overlapping(platform: &Platform) {
    let insert = "insert into schedules (id, name, expression, kind, payload, overlap, next_run_at)
        select gen_random_uuid(), policy, '* * * * * *', 'maintenance.purge_media', '{\"grace_s\": 60}', policy,
            date_trunc('second', now()) + interval '1 second'
        from unnest(array['allow', 'skip', 'queue_one', 'cancel_running']) as policy;
        select pg_notify('gotong_schedules', '')";
    platform.database.execute(insert).await;
}

#[tokio::test]
async fn each_overlap_policy_does_what_it_says() {
    let platform = Platform::start().await;
    let _schedulers = [platform.scheduler(), platform.scheduler()];
    overlapping(&platform).await;
    let ticks = "select coalesce(min(count), 0) as count from (select count(*) from schedule_ticks t
        join schedules s on s.id = t.schedule_id where s.workspace_id is null group by s.id) as each";
    eventually("four ticks each", LONG, async || (platform.database.count(ticks).await >= 4).then_some(())).await;
    let skipped = outcomes(&platform, "skip").await;
    assert_eq!((skipped["enqueued"], skipped.len()), (1, 2), "{skipped:?}");
    let queued = outcomes(&platform, "queue_one").await;
    assert_eq!((queued["enqueued"], queued["queued"], queued.len()), (1, 1, 3), "{queued:?}");
    assert_eq!(outcomes(&platform, "allow").await.len(), 1);
    let uncancelled = "select count(*) from jobs j join schedules s on s.id = j.schedule_id
        where s.name = 'cancel_running' and j.cancel_requested_at is null and j.finished_at is null";
    assert_eq!(platform.database.count(uncancelled).await, 1, "only the last is not called off");
    exactly_one_job_a_tick(&platform).await;
}

#[tokio::test]
async fn a_queued_tick_runs_when_the_job_before_it_has_ended() {
    let platform = Platform::start().await;
    let (_scheduler, _other) = (platform.scheduler(), platform.scheduler());
    platform.settled().await;
    overlapping(&platform).await;
    eventually("one waits", LONG, async || outcomes(&platform, "queue_one").await.get("queued").copied()).await;
    let _worker = platform.worker();
    let run = "select count(*) from jobs j join schedules s on s.id = j.schedule_id
        where s.name = 'queue_one' and j.state = 'completed'";
    eventually("both run", LONG, async || (platform.database.count(run).await >= 2).then_some(())).await;
    let together = "select count(*) from jobs a join jobs b on a.schedule_id = b.schedule_id and a.id < b.id
        join schedules s on s.id = a.schedule_id
        where s.name = 'queue_one' and b.created_at < a.finished_at";
    assert_eq!(platform.database.count(together).await, 0, "none is made before the other has ended");
    exactly_one_job_a_tick(&platform).await;
}

#[tokio::test]
async fn jitter_delays_the_job_and_not_the_tick() {
    let platform = Platform::start().await;
    three_hours_behind(&platform, "jitter", "grace_s, missed, jitter_s", "1, 'run_once', 3600").await;
    let forever = "insert into schedules (id, name, once_at, kind, payload, next_run_at, jitter_s)
        values (gen_random_uuid(), 'spread', now(), 'maintenance.purge_media', '{\"grace_s\": 1}', now(), 3600)";
    platform.database.execute(forever).await;
    let _scheduler = platform.scheduler();
    let made = "select count(*) from jobs where schedule_id is not null";
    eventually("both fire", LONG, async || (platform.database.count(made).await == 2).then_some(())).await;
    let bounds = "select count(*) from jobs join schedules s on s.id = schedule_id
        where s.name = 'spread' and run_at between once_at and once_at + interval '1 hour'";
    assert_eq!(platform.database.count(bounds).await, 1);
    let over = "select count(*) from schedules where name = 'spread' and enabled and next_run_at is null";
    assert_eq!(platform.database.count(over).await, 1, "a single time has no other");
}
