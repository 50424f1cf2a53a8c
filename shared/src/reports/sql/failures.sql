select kind, max(error_class), (array_agg(error_message order by id desc))[1], count(*),
    count(*) filter (where state in ('dead', 'quarantined')),
    count(*) filter (where state = 'completed'),
    min(coalesce(finished_at, created_at)), max(coalesce(finished_at, created_at)), error_fingerprint
from jobs
where id >= uuid_floor($3) and id < uuid_floor($4) and ($2::uuid is null or workspace_id = $2)
  and error_fingerprint is not null
  and coalesce(kind = $1::jsonb ->> 'kind', true)
group by error_fingerprint, kind order by count(*) desc, error_fingerprint limit $5::bigint
