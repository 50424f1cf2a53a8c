-- A report and how it was made. Its id is that of its job. A row without a workspace is the platform's own.
create table reports (
    id                 uuid primary key,
    workspace_id       uuid references workspaces (id),
    -- Either one of the platform's data sets, or a version of a definition.
    data_set           text,
    definition_id      uuid,
    definition_version integer,
    title              text check (char_length(title) between 1 and 200),
    parameters         jsonb not null default '{}',
    range_from         timestamptz not null,
    range_to           timestamptz not null,
    format             text not null check (format in ('csv', 'jsonl', 'xlsx', 'html', 'pdf')),
    locale             text not null,
    zone               text not null,
    delivery           jsonb,
    only_if_rows       boolean not null default false,
    row_limit          bigint not null check (row_limit > 0),
    --   queued     its job has not ended
    --   ready      its file is there
    --   empty      there were no rows, and it was asked for only if there are some
    --   failed     its job did not succeed
    --   cancelled  its job was cancelled
    state              text not null default 'queued'
        check (state in ('queued', 'ready', 'empty', 'failed', 'cancelled')),
    object_key         text,
    row_count          bigint,
    -- Whether there was more than the limit allows.
    truncated          boolean,
    notices            text[] not null default '{}',
    byte_size          bigint,
    sha256             bytea check (octet_length(sha256) = 32),
    -- Of when its data are.
    snapshot_at        timestamptz,
    email_id           uuid,
    failure_class      text,
    failure_message    text,
    -- What its links are signed with; 244 bits are random.
    link_secret        bytea not null
        default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'),
    keep_days          integer not null check (keep_days between 1 and 366),
    created_by         uuid,
    created_at         timestamptz not null default now(),
    finished_at        timestamptz,
    expires_at         timestamptz not null,
    constraint reports_have_one_source check (num_nonnulls(data_set, definition_id) = 1),
    constraint reports_of_a_version check ((definition_id is null) = (definition_version is null)),
    constraint reports_in_order check (range_from <= range_to),
    constraint reports_with_a_file check ((state = 'ready') = (object_key is not null))
);
create index reports_workspace on reports (workspace_id, id);
create index reports_expired on reports (expires_at);

-- Queries of a workspace's own. A version never changes, so a report can say what exactly was asked.
create table report_definitions (
    id           uuid primary key,
    workspace_id uuid not null references workspaces (id),
    name         text not null check (char_length(name) between 1 and 200),
    version      integer not null check (version > 0),
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    deleted_at   timestamptz
);
create unique index report_definitions_name on report_definitions (workspace_id, name) where deleted_at is null;
create index report_definitions_workspace on report_definitions (workspace_id, id) where deleted_at is null;

create table report_definition_versions (
    definition_id uuid not null references report_definitions (id) on delete cascade,
    version       integer not null check (version > 0),
    description   text,
    sql           text not null,
    parameters    jsonb not null,
    -- Names and types of what the query answers, as PostgreSQL told them when the version was made.
    answers       jsonb not null,
    row_limit     bigint not null check (row_limit > 0),
    timeout_s     integer not null check (timeout_s between 1 and 600),
    created_by    uuid,
    created_at    timestamptz not null default now(),
    primary key (definition_id, version)
);

-- What a connection proves its workspace with while a query of that workspace runs: 32 bytes, of which 244 bits are
-- random. The query itself can read it and set another one, but not guess another one.
alter table workspaces add column report_ticket bytea not null
    default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');
create unique index workspaces_report_ticket on workspaces (report_ticket);

-- The role under which queries of workspaces run: nobody logs in with it, and it may read the views below, no more.
-- Roles belong to the whole server, so another database may have made it already.
do $$
begin
    if not exists (select from pg_roles where rolname = 'gotong_reports') then
        create role gotong_reports nologin;
    end if;
    if not pg_has_role('gotong_reports', 'member') then
        execute format('grant gotong_reports to %I', current_user);
    end if;
exception
    when duplicate_object or unique_violation then null;
    when insufficient_privilege then
        raise exception 'the role gotong_reports cannot be made'
            using hint = format('An administrator runs once: create role gotong_reports nologin; grant gotong_reports to %I;', current_user);
end
$$;

create schema reporting;
revoke all on schema reporting from public;
grant usage on schema reporting to gotong_reports;

-- The workspace whose ticket the connection holds.
create function reporting.workspace() returns uuid
    language sql stable security definer parallel safe set search_path = pg_catalog, pg_temp as
$$
    select id from public.workspaces
    where report_ticket = decode(nullif(current_setting('gotong.report_ticket', true), ''), 'hex')
$$;
revoke all on function reporting.workspace() from public;
grant execute on function reporting.workspace() to gotong_reports;

create view reporting.jobs with (security_barrier) as
    select id, kind, queue, priority, case when state = 'scheduled' and run_at <= now() then 'available' else state end as state,
        attempt, max_attempts, crashes, unique_key, schedule_id, created_by, run_at, created_at, started_at, finished_at,
        worker, error_class, error_message, error_fingerprint
    from public.jobs where workspace_id = (select reporting.workspace());

create view reporting.job_attempts with (security_barrier) as
    select attempts.job_id, jobs.kind, attempts.generation, attempts.attempt, attempts.outcome, attempts.worker,
        attempts.started_at, attempts.ended_at, attempts.error_class, attempts.error_message
    from public.job_attempts attempts join public.jobs on jobs.id = attempts.job_id
    where jobs.workspace_id = (select reporting.workspace());

create view reporting.failures with (security_barrier) as
    select fingerprint, kind, error_class, error_message, first_seen, last_seen, count
    from public.failures where workspace_id = (select reporting.workspace());

create view reporting.media with (security_barrier) as
    select id, category, state, filename, content_type, byte_size, encode(sha256, 'hex') as sha256, job_id, failure_class,
        failure_message, created_by, created_at, updated_at, deleted_at
    from public.media where workspace_id = (select reporting.workspace());

create view reporting.emails with (security_barrier) as
    select id, sender, subject, template, locale, bulk, send_at, created_by, created_at
    from public.emails where workspace_id = (select reporting.workspace());

create view reporting.email_recipients with (security_barrier) as
    select email_id, position, field, address, name, domain, state, reply_code, reply, sends, possibly_duplicate, sent_at,
        updated_at
    from public.email_recipients where workspace_id = (select reporting.workspace());

create view reporting.suppressions with (security_barrier) as
    select address, reason, detail, email_id, created_by, created_at
    from public.suppressions where workspace_id = (select reporting.workspace());

create view reporting.documents with (security_barrier) as
    select type, id, version, body, created_at, updated_at, deleted_at
    from public.documents where workspace_id = (select reporting.workspace());

create view reporting.schedules with (security_barrier) as
    select id, name, kind, expression, interval_s, once_at, zone, enabled, next_run_at, last_tick_at, created_by, created_at,
        updated_at
    from public.schedules where workspace_id = (select reporting.workspace());

create view reporting.api_keys with (security_barrier) as
    select id, name, role, created_at, expires_at, last_used_at, revoked_at
    from public.api_keys where workspace_id = (select reporting.workspace());

create view reporting.reports with (security_barrier) as
    select id, data_set, definition_id, definition_version, title, range_from, range_to, format, state, row_count, truncated,
        byte_size, snapshot_at, created_by, created_at, finished_at, expires_at
    from public.reports where workspace_id = (select reporting.workspace());

-- Figures of queues are the platform's, as everybody who may look at queues sees them.
create view reporting.queue_minutes with (security_barrier) as
    select minute, queue, kind, completed, retried, dead, cancelled, snoozed, crashed, quarantined, expired
    from public.queue_minutes;

grant select on all tables in schema reporting to gotong_reports;

-- Runs one query as gotong_reports, which owns this function: within it no statement can become another role again,
-- whatever it calls. Being stable, it runs no statement that changes anything; the cursor refuses more than one. Where the
-- function has another owner (a dump that was restored without owners), it does nothing.
grant create on schema reporting to gotong_reports;
set local role gotong_reports;
create function reporting.run(statement text, parameters jsonb) returns setof record
    language plpgsql stable security definer set search_path = reporting, pg_catalog, pg_temp as
$$
declare
    probe refcursor;
begin
    if current_user <> 'gotong_reports' then
        raise insufficient_privilege using message = 'reporting.run does not belong to the role gotong_reports';
    end if;
    open probe for execute statement using parameters;
    close probe;
    return query execute statement using parameters;
end
$$;
revoke all on function reporting.run(text, jsonb) from public;
reset role;
revoke create on schema reporting from gotong_reports;
do $$
begin
    execute 'set local role gotong_reports';
    execute format('grant execute on function reporting.run(text, jsonb) to %I', session_user);
    execute 'reset role';
end
$$;
