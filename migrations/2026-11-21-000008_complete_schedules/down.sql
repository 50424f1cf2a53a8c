drop index jobs_of_schedule_open;
drop table schedule_health;
drop index schedule_ticks_age;
delete from schedule_ticks where job_id is null;
alter table schedule_ticks
    drop column outcome, drop column ticks, drop column through, drop column manual, drop column message,
    alter column created_at set default now(),
    alter column job_id set not null;
delete from schedules where workspace_id is not null or expression is null or next_run_at is null;
drop index schedules_workspace_name, schedules_workspace, schedules_queued;
alter table schedules
    drop constraint schedules_fire_one_way, drop constraint schedules_end_after_their_start,
    drop constraint schedules_name,
    drop column workspace_id, drop column interval_s, drop column once_at, drop column zone, drop column gap,
    drop column repeat, drop column priority, drop column grace_s, drop column missed, drop column missed_cap,
    drop column missed_window_s, drop column overlap, drop column jitter_s, drop column starts_at,
    drop column ends_at, drop column failure_limit, drop column created_by, drop column version,
    drop column last_tick_at, drop column queued_tick, drop column created_at, drop column updated_at,
    alter column expression set not null, alter column next_run_at set not null,
    add constraint schedules_name_key unique (name);
