-- What happened, per minute, queue and kind; kept for 30 days. `waiting` and `running` are histograms: element n counts
-- the times in bucket n of shared/src/statistics/histogram.rs, and zeros at the end are left out.
-- A row is changed by one batch of the recorder after the other, so its page has room for the versions.
create table queue_minutes (
    minute      timestamptz not null,
    queue       text not null,
    kind        text not null,
    completed   integer not null default 0,
    retried     integer not null default 0,
    dead        integer not null default 0,
    cancelled   integer not null default 0,
    snoozed     integer not null default 0,
    crashed     integer not null default 0,
    quarantined integer not null default 0,
    expired     integer not null default 0,
    stale       integer not null default 0,
    waiting     integer[] not null default '{}',
    running     integer[] not null default '{}',
    primary key (minute, queue, kind)
) with (fillfactor = 50);

-- The sum of two histograms, the longer one's length.
create function add_histograms(one integer[], other integer[]) returns integer[]
    language sql immutable parallel safe
    return array(select coalesce(a, 0) + coalesce(b, 0)
                 from unnest(one, other) with ordinality as bucket (a, b, n) order by n);

-- What kind of failure a job's last recorded attempt ended in: jobs that failed alike have the same.
alter table jobs add column error_fingerprint text;
create index jobs_failed_alike on jobs (error_fingerprint, id) where error_fingerprint is not null;

-- Failures that are alike, one row a group; kept until 30 days after the last.
create table failures (
    workspace_id  uuid not null,
    fingerprint   text not null,
    kind          text not null,
    error_class   text not null,
    error_message text not null,
    first_seen    timestamptz not null,
    last_seen     timestamptz not null,
    count         bigint not null,
    primary key (workspace_id, fingerprint)
);
create index failures_latest on failures (workspace_id, last_seen, fingerprint);
create index failures_unseen on failures (last_seen);

-- What an operator decided about a queue. Redis only knows what follows from it, and is told again when it forgets.
create table queue_settings (
    queue              text primary key,
    version            integer not null default 1,
    paused_at          timestamptz,
    oldest_age_limit_s integer check (oldest_age_limit_s between 1 and 604800),
    changed_by         uuid,
    changed_at         timestamptz not null default now()
);

-- What the doctor repaired, per hour; kept for 30 days.
create table repairs (
    hour    timestamptz not null,
    queue   text not null,
    repair  text not null,
    count   bigint not null,
    last_at timestamptz not null default now(),
    primary key (hour, queue, repair)
);
