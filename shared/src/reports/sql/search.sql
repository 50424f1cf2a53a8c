select type, id, version, case when deleted_at is null then 'present' else 'deleted' end, pending_job_id is not null,
    created_at, updated_at
from documents
where updated_at >= $3 and updated_at < $4 and ($2::uuid is null or workspace_id = $2)
  and coalesce(type = $1::jsonb ->> 'type', true)
order by updated_at, type, id limit $5::bigint
