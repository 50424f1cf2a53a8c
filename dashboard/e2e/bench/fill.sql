-- About :rows jobs of ten days in the only workspace: most completed, some of every other final state, some far ahead,
-- rare kinds among frequent ones. What is open and near is left to the load, since only Redis knows that truly.
select create_job_partitions(current_date - day) from generate_series(1, 10) day;

with new as materialized (
    select (lpad(to_hex((extract(epoch from (current_date - day)::timestamptz) * 1000)::bigint
            + n * 86400000::bigint / (:rows / 10)), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
            || substr(md5((n + day * 1000000007::bigint)::text), 1, 15))::uuid as id,
        n, day, random() as luck,
        case when random() < 0.7 then 'webhook.deliver' else 'thumbnail.generate' end as kind
    from generate_series(1, 10) day, generate_series(0, :rows / 10 - 1) n),
stated as materialized (
    select *, case when luck < 0.97 then 'completed' when luck < 0.985 then 'dead' when luck < 0.995 then 'cancelled'
        when luck < 0.9952 then 'quarantined' else 'scheduled' end as state,
        (select id from workspaces order by id limit 1) as workspace_id
    from new),
added as (
    insert into jobs (id, workspace_id, kind, queue, priority, state, version, payload, run_at, attempt, max_attempts,
        timeout_ms, backoff_base_ms, backoff_cap_ms, retention_s, finished_at, error_class, error_message,
        error_fingerprint, pushed)
    select id, workspace_id, kind, case kind when 'webhook.deliver' then 'webhooks' else 'images' end, 2, state, n,
        jsonb_build_object('event', 'order.' || n % 20, 'note', md5(n::text)), now() + interval '5 days', 1, 10, 30000,
        2000, 1800000, 2592000,
        case when state <> 'scheduled' then now() - interval '1 day' * day + interval '1 s' end,
        case when state = 'dead' then 'endpoint_refused' end,
        case when state = 'dead' then 'the receiver answered 503' end,
        case when state = 'dead' then lpad(to_hex(n % 50), 16, '0') end, false
    from stated)
insert into job_fields (workspace_id, field, job_id)
select workspace_id, 'event:order.' || n % 20, id from stated where kind = 'webhook.deliver';

vacuum analyze jobs;
vacuum analyze job_fields;
