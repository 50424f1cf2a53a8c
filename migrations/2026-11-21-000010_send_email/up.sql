-- An e-mail as it is sent: rendered when it was accepted. Its id is that of its job.
create table emails (
    id             uuid primary key,
    workspace_id   uuid not null references workspaces (id),
    message_id     text not null,
    sender         text not null,
    sender_name    text,
    -- Where bounces go: the sender of the envelope.
    return_path    text not null,
    reply_to       jsonb not null default '[]',
    subject        text not null check (char_length(subject) between 1 and 998),
    text_body      text,
    html_body      text,
    template       text,
    locale         text,
    -- One of many alike: each recipient gets a message of their own, with a way to want no more.
    bulk           boolean not null default false,
    attachments    uuid[] not null default '{}',
    send_at        timestamptz,
    created_by     uuid,
    created_at     timestamptz not null default now(),
    constraint emails_have_a_body check (num_nonnulls(text_body, html_body) > 0)
);
create index emails_workspace on emails (workspace_id, id);
create unique index emails_message_id on emails (message_id);

-- Each recipient has an outcome of their own.
--   queued      not tried yet
--   sending     handed to the server, whose answer is not known (yet): committed before DATA
--   sent        accepted by the server
--   deferred    refused for now (4xx): tried again
--   bounced     refused for good (5xx), or returned by a later message
--   suppressed  not tried: the address is on the list of suppressions
--   failed      given up: the job ended before the server accepted it
create table email_recipients (
    email_id           uuid not null references emails (id) on delete cascade,
    position           smallint not null,
    workspace_id       uuid not null,
    field              text not null check (field in ('to', 'cc', 'bcc')),
    address            text not null check (char_length(address) between 3 and 320),
    name               text,
    -- What follows the @, in lower case, in ASCII.
    domain             text not null,
    state              text not null default 'queued'
        check (state in ('queued', 'sending', 'sent', 'deferred', 'bounced', 'suppressed', 'failed')),
    reply_code         smallint,
    reply              text,
    -- How often the message was handed to a server.
    sends              smallint not null default 0,
    possibly_duplicate boolean not null default false,
    unsubscribe_url    text,
    sent_at            timestamptz,
    updated_at         timestamptz not null default now(),
    primary key (email_id, position)
);
create index email_recipients_address on email_recipients (workspace_id, lower(address), email_id);
create index email_recipients_state on email_recipients (workspace_id, state, email_id);

-- Who gets nothing (more). The address is in lower case. Who has unsubscribed still gets what is not bulk.
create table suppressions (
    id           uuid primary key,
    workspace_id uuid not null references workspaces (id),
    address      text not null check (address = lower(address) and char_length(address) between 3 and 320),
    reason       text not null check (reason in ('bounce', 'complaint', 'unsubscribe', 'manual')),
    detail       text,
    email_id     uuid,
    created_by   uuid,
    created_at   timestamptz not null default now(),
    unique (workspace_id, address)
);
create index suppressions_workspace on suppressions (workspace_id, id);

-- Domains whose servers asked us to slow down: one message per interval, for all workers together. A domain that takes
-- mail without complaint has no row.
create table email_domains (
    domain      text primary key,
    interval_ms integer not null check (interval_ms > 0),
    next_at     timestamptz not null,
    slowed_at   timestamptz not null,
    reply       text
);

-- What the links to unsubscribe are signed with (HMAC-SHA256): 32 bytes, of which 244 bits are random.
alter table workspaces add column unsubscribe_secret bytea not null
    default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
    check (octet_length(unsubscribe_secret) between 24 and 64);
