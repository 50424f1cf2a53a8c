-- What a workspace's webhooks are signed with (HMAC-SHA256): 32 bytes, of which 244 bits are random.
alter table workspaces add column webhook_secret bytea not null
    default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
    check (octet_length(webhook_secret) between 24 and 64);
