select (started_at at time zone ($1::jsonb ->> 'zone'))::date, queue, count(*),
    percentile_disc(0.5) within group (order by waited)::bigint,
    percentile_disc(0.95) within group (order by waited)::bigint,
    percentile_disc(0.99) within group (order by waited)::bigint,
    max(waited)::bigint,
    percentile_disc(0.5) within group (order by ran)::bigint,
    percentile_disc(0.95) within group (order by ran)::bigint
from (
    select queue, started_at, (extract(epoch from greatest(started_at - run_at, '0')) * 1000)::bigint as waited,
        (extract(epoch from finished_at - started_at) * 1000)::bigint as ran
    from jobs
    where id >= uuid_floor($3) and id < uuid_floor($4) and ($2::uuid is null or workspace_id = $2)
      and started_at is not null
      and coalesce(queue = $1::jsonb ->> 'queue', true)) as job
group by 1, 2 order by 1, 2 limit $5::bigint
