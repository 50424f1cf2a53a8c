-- From the platform's few fixed schedules to everybody's. A row without a workspace is the platform's own.
alter table schedules
    drop constraint schedules_name_key,
    alter column expression drop not null,
    alter column next_run_at drop not null,
    add column workspace_id    uuid references workspaces (id),
    -- Exactly one of expression, interval_s and once_at says when it fires.
    add column interval_s      integer check (interval_s between 1 and 31622400),
    add column once_at         timestamptz,
    add column zone            text not null default 'UTC',
    add column gap             text not null default 'next_valid' check (gap in ('skip', 'next_valid')),
    add column repeat          text not null default 'first' check (repeat in ('first', 'second', 'both')),
    add column priority        smallint not null default 2 check (priority between 0 and 4),
    -- A tick is missed when it is not claimed within grace_s.
    add column grace_s         integer not null default 60 check (grace_s between 1 and 3600),
    add column missed          text not null default 'run_once' check (missed in ('skip', 'run_once', 'run_all')),
    add column missed_cap      integer not null default 10 check (missed_cap between 1 and 1000),
    add column missed_window_s integer not null default 86400 check (missed_window_s between 1 and 2678400),
    add column overlap         text not null default 'allow'
        check (overlap in ('allow', 'skip', 'queue_one', 'cancel_running')),
    add column jitter_s        integer not null default 0 check (jitter_s between 0 and 3600),
    add column starts_at       timestamptz,
    add column ends_at         timestamptz,
    -- So many failed jobs in a row are an alert.
    add column failure_limit   integer not null default 3 check (failure_limit between 1 and 1000),
    add column created_by      uuid,
    add column version         integer not null default 1,
    -- The last tick that became a job, and the one that waits for that job's end (overlap 'queue_one').
    add column last_tick_at    timestamptz,
    add column queued_tick     timestamptz,
    add column created_at      timestamptz not null default now(),
    add column updated_at      timestamptz not null default now(),
    add constraint schedules_name check (char_length(name) between 1 and 200),
    add constraint schedules_fire_one_way check (num_nonnulls(expression, interval_s, once_at) = 1),
    add constraint schedules_end_after_their_start check (ends_at > starts_at);
create unique index schedules_workspace_name on schedules (workspace_id, name) nulls not distinct;
create index schedules_workspace on schedules (workspace_id, id);
create index schedules_queued on schedules (queued_tick) where queued_tick is not null;

-- A row for every tick that was decided, not only for those that became a job. 'missed' stands for `ticks` of them, from
-- `tick` to `through`.
alter table schedule_ticks
    alter column job_id drop not null,
    alter column created_at set default clock_timestamp(),
    add column outcome text not null default 'enqueued'
        check (outcome in ('enqueued', 'queued', 'overlapped', 'missed', 'refused')),
    add column ticks   integer not null default 1 check (ticks > 0),
    add column through timestamptz,
    add column manual  boolean not null default false,
    add column message text;
create index schedule_ticks_age on schedule_ticks (created_at);

-- How the jobs of a schedule ended of late. Apart from `schedules`, so that whoever records the end of a job never
-- waits for whoever claims a tick.
create table schedule_health (
    schedule_id     uuid primary key references schedules (id) on delete cascade,
    failures        integer not null,
    last_success_at timestamptz,
    last_failure_at timestamptz
);

-- What an overlap policy asks for: the jobs of a schedule that have not ended.
create index jobs_of_schedule_open on jobs (schedule_id) where schedule_id is not null and finished_at is null;
