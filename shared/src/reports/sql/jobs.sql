select id::text, kind, queue,
    case when state = 'scheduled' and run_at <= $4 then 'available' else state end,
    priority::bigint, attempt::bigint, created_at, started_at, finished_at,
    (extract(epoch from started_at - run_at) * 1000)::bigint,
    (extract(epoch from finished_at - started_at) * 1000)::bigint,
    error_class, error_message
from jobs
where id >= uuid_floor($3) and id < uuid_floor($4) and ($2::uuid is null or workspace_id = $2)
  and coalesce(kind = $1::jsonb ->> 'kind', true)
  and coalesce(queue = $1::jsonb ->> 'queue', true)
  and coalesce(state = $1::jsonb ->> 'state', true)
order by id limit $5::bigint
