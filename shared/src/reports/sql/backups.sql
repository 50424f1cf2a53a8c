select target, state, coalesce(taken_at, created_at), (manifest ->> 'duration_ms')::bigint,
    (manifest #>> '{dump,bytes}')::bigint, (manifest #>> '{object,bytes}')::bigint,
    verification, verified_at, rto_ms, error_message, id::text
from backups
where created_at >= $3 and created_at < $4 and ($2::uuid is null or workspace_id = $2)
  and coalesce(target = $1::jsonb ->> 'target', true)
order by id limit $5::bigint
