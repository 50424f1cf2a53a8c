//! Each tick of a schedule becomes one job, however many schedulers run.

use harness::{LONG, Platform, eventually};

#[tokio::test]
async fn three_schedulers_fire_each_tick_once() {
    let platform = Platform::start().await;
    let _schedulers = [platform.scheduler(), platform.scheduler(), platform.scheduler()];
    platform.settled().await;
    let every_second = "insert into schedules (id, name, expression, kind, payload, next_run_at)
        select gen_random_uuid(), 'every-second-' || n, '* * * * * *', 'maintenance.purge_media', '{\"grace_s\": 60}',
            date_trunc('second', now()) + interval '1 second'
        from generate_series(1, 20) n";
    platform.database.execute(every_second).await;
    let ticks = "select count(*) from schedule_ticks";
    eventually("60 ticks", LONG, async || (platform.database.count(ticks).await >= 60).then_some(())).await;
    let twice = "select count(*) from (select job_id from schedule_ticks group by job_id having count(*) > 1) as twice";
    assert_eq!(platform.database.count(twice).await, 0);
    let jobless = "select count(*) from schedule_ticks t where not exists (select from jobs where id = t.job_id)";
    assert_eq!(platform.database.count(jobless).await, 0);
    let tickless = "select count(*) from jobs j where not exists (select from schedule_ticks where job_id = j.id)";
    assert_eq!(platform.database.count(tickless).await, 0);
}

#[tokio::test]
async fn what_was_missed_while_no_scheduler_ran_becomes_one_job() {
    let platform = Platform::start().await;
    let hourly_since_yesterday = "insert into schedules (id, name, expression, kind, payload, next_run_at)
        values (gen_random_uuid(), 'hourly', '0 0 * * * *', 'maintenance.purge_media', '{\"grace_s\": 60}',
            now() - interval '1 day')";
    platform.database.execute(hourly_since_yesterday).await;
    let _scheduler = platform.scheduler();
    let future = "select count(*) from schedules where name = 'hourly' and next_run_at > now()";
    eventually("the next tick lies ahead", LONG, async || (platform.database.count(future).await == 1).then_some(()))
        .await;
    assert_eq!(platform.database.count("select count(*) from jobs").await, 1);
}
