-- Which schedule made the job, if one did.
alter table jobs add column schedule_id uuid;
create index jobs_schedule on jobs (schedule_id, id) where schedule_id is not null;

-- One index for every list: kinds and states are few, so a list that names neither merges one ordered walk for each pair.
-- It takes the place of the one by workspace, and so costs an insert nothing more.
create index jobs_list on jobs (workspace_id, kind, state, id);
drop index jobs_workspace;

-- The fields of payloads by which jobs can be found, as `path:value`; a kind declares which.
create table job_fields (
    workspace_id uuid not null,
    field        text not null check (char_length(field) between 2 and 300),
    job_id       uuid not null,
    primary key (workspace_id, field, job_id)
) partition by range (job_id);
create table job_fields_default partition of job_fields default;
-- What goes with a job when it is deleted alone.
create index job_fields_job on job_fields (job_id);

create or replace function create_job_partitions(day date) returns boolean
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
    foreach parent in array array ['jobs', 'job_attempts', 'job_fields'] loop
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

select create_job_partitions(to_date(substr(relname, 6), 'YYYYMMDD'))
from pg_inherits join pg_class on pg_class.oid = inhrelid
where inhparent = 'jobs'::regclass and relname ~ '^jobs_[0-9]{8}$';

create or replace function drop_job_partitions(day text) returns boolean
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
    execute format('drop table if exists %I', 'job_fields_' || day);
    return true;
end
$$;
