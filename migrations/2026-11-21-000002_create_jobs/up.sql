-- The ledger. A UUIDv7 begins with its milliseconds, so ranges of ids are ranges of time.
create table jobs (
    id                  uuid not null,
    workspace_id        uuid not null,
    kind                text not null,
    queue               text not null,
    priority            smallint not null check (priority between 0 and 4),
    state               text not null check (state in (
                            'scheduled', 'available', 'retryable', 'snoozed',
                            'completed', 'dead', 'cancelled', 'quarantined')),
    generation          integer not null default 1,
    version             bigint not null default 0,
    pushed              boolean not null default false,
    payload             jsonb not null,
    run_at              timestamptz not null,
    expires_at          timestamptz,
    attempt             integer not null default 0,
    max_attempts        integer not null check (max_attempts > 0),
    crashes             integer not null default 0,
    timeout_ms          integer not null check (timeout_ms > 0),
    backoff_base_ms     integer not null check (backoff_base_ms > 0),
    backoff_cap_ms      integer not null check (backoff_cap_ms >= backoff_base_ms),
    retention_s         integer not null check (retention_s >= 0),
    unique_key          text,
    created_by          uuid,
    trace               text,
    cancel_requested_at timestamptz,
    created_at          timestamptz not null default now(),
    started_at          timestamptz,
    finished_at         timestamptz,
    worker              text,
    result              jsonb,
    error_class         text,
    error_message       text,
    primary key (id),
    constraint jobs_final_states_are_finished check (
        (finished_at is not null) = (state in ('completed', 'dead', 'cancelled', 'quarantined')))
) partition by range (id);

-- What the relay has to deliver: waiting rows in the order of their time, and cancels.
create index jobs_unpushed on jobs (run_at) where not pushed and finished_at is null;
create index jobs_cancelling on jobs (cancel_requested_at) where cancel_requested_at is not null and finished_at is null;
-- What the doctor compares with Redis.
create index jobs_open on jobs (queue, id) where finished_at is null;
create index jobs_workspace on jobs (workspace_id, id);

-- Every run that did not simply succeed at the first attempt; such a run is kept on the job's row alone.
create table job_attempts (
    job_id        uuid not null,
    generation    integer not null,
    version       bigint not null,
    attempt       integer not null,
    outcome       text not null,
    worker        text,
    started_at    timestamptz,
    ended_at      timestamptz not null,
    error_class   text,
    error_message text,
    logs          jsonb,
    primary key (job_id, generation, version)
) partition by range (job_id);

-- A unique constraint of a partitioned table must include its partition key, so what must be unique stands apart.
create table unique_keys (
    scope      text not null,
    key        text not null,
    job_id     uuid not null,
    created_at timestamptz not null default now(),
    primary key (scope, key)
);
create index unique_keys_job on unique_keys (job_id);

create table idempotency_keys (
    scope        text not null,
    key          text not null check (char_length(key) between 1 and 255),
    fingerprint  bytea not null,
    status       smallint not null,
    location     text,
    body         jsonb not null,
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null,
    primary key (scope, key)
);
create index idempotency_keys_expiry on idempotency_keys (expires_at);

-- Which incarnation of Redis a queue's entries belong to. See ARCHITECTURE.md, "Epochs".
create table queue_epochs (
    queue      text primary key,
    name       text not null,
    run_id     text not null,
    changed_at timestamptz not null default now()
);

-- The smallest UUIDv7 of an instant.
create function uuid_floor(instant timestamptz) returns uuid
    language sql immutable strict parallel safe
    return (lpad(to_hex((extract(epoch from instant) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid;

-- The instant that a UUIDv7 carries.
create function uuid_instant(id uuid) returns timestamptz
    language sql immutable strict parallel safe
    return to_timestamp((('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint)::double precision / 1000);

-- Rows outside every partition wait here, so that a scheduler that was down for days refuses no work.
create table jobs_default partition of jobs default;
create table job_attempts_default partition of job_attempts default;

-- Makes the day's partitions of both tables, and moves what the default partitions hold of that day into them.
-- Returns whether anything was made.
create function create_job_partitions(day date) returns boolean
    language plpgsql as
$$
declare
    low  uuid := uuid_floor(day::timestamp at time zone 'UTC');
    high uuid := uuid_floor((day + 1)::timestamp at time zone 'UTC');
    parent text;
    part text;
    key_column text;
    made boolean := false;
begin
    foreach parent in array array ['jobs', 'job_attempts'] loop
        part := parent || '_' || to_char(day, 'YYYYMMDD');
        if to_regclass(part) is not null then continue; end if;
        key_column := case parent when 'jobs' then 'id' else 'job_id' end;
        perform pg_advisory_xact_lock(hashtext('create_job_partitions'));
        if to_regclass(part) is not null then continue; end if;
        execute format('create table %I (like %I including defaults including constraints)', part, parent);
        execute format(
            'with moved as (delete from %I where %I >= %L and %I < %L returning *) insert into %I select * from moved',
            parent || '_default', key_column, low, key_column, high, part);
        execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, part, low, high);
        made := true;
    end loop;
    return made;
end
$$;

select create_job_partitions(day::date)
from generate_series(current_date - 1, current_date + 7, interval '1 day') day;

-- Drops a day's partitions (named by YYYYMMDD) if every job in them is final and past its retention. Returns whether
-- it did. The lock keeps manual retries out between the look and the drop.
create function drop_job_partitions(day text) returns boolean
    language plpgsql as
$$
declare
    over boolean;
begin
    if to_regclass('jobs_' || day) is null then return false; end if;
    execute format('select not exists (select from %I where finished_at is null
        or finished_at >= now() - make_interval(secs => retention_s))', 'jobs_' || day) into over;
    if not over then return false; end if;
    execute format('lock table %I in access exclusive mode', 'jobs_' || day);
    execute format('select not exists (select from %I where finished_at is null
        or finished_at >= now() - make_interval(secs => retention_s))', 'jobs_' || day) into over;
    if not over then return false; end if;
    execute format('drop table %I', 'jobs_' || day);
    execute format('drop table if exists %I', 'job_attempts_' || day);
    return true;
end
$$;
