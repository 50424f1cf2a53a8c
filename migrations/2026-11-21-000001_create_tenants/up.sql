create table workspaces (
    id         uuid primary key,
    name       text not null check (char_length(name) between 1 and 200),
    created_at timestamptz not null default now()
);

-- People. Programs use api_keys.
create table users (
    id            uuid primary key,
    workspace_id  uuid not null references workspaces (id),
    email         text not null check (char_length(email) between 3 and 254),
    password_hash text not null,
    role          text not null check (role in ('admin', 'operator', 'viewer')),
    created_at    timestamptz not null default now()
);
create unique index users_email on users (lower(email));

-- A key is shown once; what is kept is the SHA-256 of a 256-bit random secret, which needs no slow hash.
create table api_keys (
    id           uuid primary key,
    workspace_id uuid not null references workspaces (id),
    name         text not null check (char_length(name) between 1 and 200),
    role         text not null check (role in ('admin', 'operator', 'viewer')),
    hash         bytea not null unique check (octet_length(hash) = 32),
    created_at   timestamptz not null default now(),
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz
);
create index api_keys_workspace on api_keys (workspace_id, id);
