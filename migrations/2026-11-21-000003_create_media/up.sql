create table media (
    id              uuid primary key,
    workspace_id    uuid not null references workspaces (id),
    category        text not null check (category in ('image', 'audio')),
    state           text not null check (state in ('processing', 'ready', 'failed')),
    filename        text not null check (char_length(filename) between 1 and 255),
    content_type    text not null,
    byte_size       bigint not null check (byte_size > 0),
    sha256          bytea not null check (octet_length(sha256) = 32),
    object_key      text not null,
    job_id          uuid,
    failure_class   text,
    failure_message text,
    created_by      uuid,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    deleted_at      timestamptz
);
create index media_workspace on media (workspace_id, id) where deleted_at is null;
create index media_job on media (job_id) where job_id is not null;
create index media_deleted on media (deleted_at) where deleted_at is not null;

create table media_thumbnails (
    media_id   uuid not null references media (id) on delete cascade,
    variant    text not null,
    object_key text not null,
    sha256     bytea not null check (octet_length(sha256) = 32),
    width      integer not null,
    height     integer not null,
    byte_size  bigint not null,
    created_at timestamptz not null default now(),
    primary key (media_id, variant)
);
