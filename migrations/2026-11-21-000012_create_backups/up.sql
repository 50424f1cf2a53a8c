-- A backup of a database. Its id is that of the job that makes it.
--   waiting   its job has not begun
--   running   it is being made
--   good      its manifest is in the store: it can be restored
--   failed    there is none; the error says why
--   pruned    there was one, and its objects go, or are gone
create table backups (
    id             uuid primary key,
    target         text not null check (char_length(target) between 1 and 40),
    state          text not null default 'waiting' check (state in ('waiting', 'running', 'good', 'failed', 'pruned')),
    -- Whose administrator asked for it; the nil id: a schedule of the platform.
    workspace_id   uuid not null,
    created_by     uuid,
    -- Whether a drill follows it.
    verify         boolean not null default false,
    bucket         text,
    prefix         text,
    -- The facts of the manifest.
    manifest       jsonb,
    -- When the data were read: the start of the dump.
    taken_at       timestamptz,
    pinned         boolean not null default false,
    -- What the latest drill found of the backup itself; null: there was none that found anything.
    verification   text check (verification in ('passed', 'failed')),
    -- When a drill passed last, and how long that restore took.
    verified_at    timestamptz,
    rto_ms         bigint,
    error_class    text,
    error_message  text,
    created_at     timestamptz not null default now(),
    started_at     timestamptz,
    finished_at    timestamptz,
    -- When its objects were gone.
    deleted_at     timestamptz,
    constraint backups_good_have_facts
        check (state not in ('good', 'pruned') or (manifest is not null and taken_at is not null))
);
-- One at a time.
create unique index backups_under_way on backups (target) where state in ('waiting', 'running');
create index backups_target on backups (target, id);
create index backups_good on backups (target, taken_at) where state = 'good';

-- A restore of a backup into a scratch database, which is compared with the manifest. Its id is that of its job.
create table backup_drills (
    id             uuid primary key,
    backup_id      uuid not null references backups (id) on delete cascade,
    state          text not null default 'waiting' check (state in ('waiting', 'running', 'passed', 'failed')),
    -- The restore alone: what a restore in earnest would take.
    rto_ms         bigint,
    -- With the comparison.
    duration_ms    bigint,
    report         jsonb,
    error_class    text,
    error_message  text,
    created_at     timestamptz not null default now(),
    started_at     timestamptz,
    finished_at    timestamptz
);
create index backup_drills_backup on backup_drills (backup_id, id);

-- A restore of a backup into a database on its target's server. Its id is that of its job.
create table backup_restores (
    id             uuid primary key,
    backup_id      uuid not null references backups (id) on delete cascade,
    database       text not null,
    -- An existing database is replaced: its name was typed again.
    overwrite      boolean not null default false,
    state          text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed')),
    duration_ms    bigint,
    workspace_id   uuid not null,
    created_by     uuid,
    error_class    text,
    error_message  text,
    created_at     timestamptz not null default now(),
    started_at     timestamptz,
    finished_at    timestamptz
);
create index backup_restores_backup on backup_restores (backup_id, id);

-- The copies of the media: when the latest was made, and the latest that is whole.
create table media_copy (
    name           text primary key default 'media' check (name = 'media'),
    attempted_at   timestamptz,
    completed_at   timestamptz,
    -- What the latest came to: how many objects were seen, copied, left as they are, and which failed.
    report         jsonb,
    error_class    text,
    error_message  text
);
insert into media_copy (name) values ('media');
