select key.name, key.role,
    case when key.revoked_at < $4 then 'revoked' when key.expires_at < $4 then 'expired' else 'active' end,
    (select count(*) from jobs
        where jobs.id >= uuid_floor($3) and jobs.id < uuid_floor($4)
          and jobs.workspace_id = key.workspace_id and jobs.created_by = key.id),
    key.last_used_at, key.created_at, key.expires_at, key.revoked_at, key.id::text
from api_keys as key
where ($2::uuid is null or key.workspace_id = $2) and key.created_at < $4
  and $1::jsonb is not null
order by key.name, key.id limit $5::bigint
