select id::text, filename, category, content_type, byte_size, state, failure_message, created_at, deleted_at
from media
where created_at >= $3 and created_at < $4 and ($2::uuid is null or workspace_id = $2)
  and coalesce(category = $1::jsonb ->> 'category', true)
order by id limit $5::bigint
