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
    return true;
end
$$;

drop table job_fields;
create index jobs_workspace on jobs (workspace_id, id);
drop index jobs_list;
drop index jobs_schedule;
alter table jobs drop column schedule_id;
