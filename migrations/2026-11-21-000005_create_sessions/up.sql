-- Who is signed in on the dashboard: a person, or whoever holds a key. The browser keeps a random token in a cookie; what
-- is kept here is its SHA-256.
create table sessions (
    hash       bytea primary key check (octet_length(hash) = 32),
    user_id    uuid references users (id) on delete cascade,
    api_key_id uuid references api_keys (id) on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    check ((user_id is null) <> (api_key_id is null))
);
create index sessions_expiry on sessions (expires_at);
