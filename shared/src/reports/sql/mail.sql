select email.id::text, email.created_at, email.subject, email.template, recipient.address, recipient.state, recipient.sent_at,
    recipient.sends::bigint, recipient.reply_code::bigint, recipient.reply, recipient.possibly_duplicate
from emails as email join email_recipients as recipient on recipient.email_id = email.id
where email.id >= uuid_floor($3) and email.id < uuid_floor($4)
  and ($2::uuid is null or email.workspace_id = $2)
  and coalesce(recipient.state = $1::jsonb ->> 'state', true)
order by email.id, recipient.position limit $5::bigint
