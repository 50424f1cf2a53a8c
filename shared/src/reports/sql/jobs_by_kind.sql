select kind, state, count(*),
    count(*)::double precision / sum(count(*)) over (partition by kind)::double precision,
    sum(attempt)::bigint, sum(greatest(attempt - 1, 0))::bigint,
    percentile_disc(0.5) within group (order by ran)::bigint,
    percentile_disc(0.95) within group (order by ran)::bigint
from (
    select kind, case when state = 'scheduled' and run_at <= $4 then 'available' else state end as state, attempt,
        (extract(epoch from finished_at - started_at) * 1000)::bigint as ran
    from jobs
    where id >= uuid_floor($3) and id < uuid_floor($4) and ($2::uuid is null or workspace_id = $2)
      and coalesce(kind = $1::jsonb ->> 'kind', true)
      and coalesce(queue = $1::jsonb ->> 'queue', true)) as job
group by kind, state order by kind, state limit $5::bigint
