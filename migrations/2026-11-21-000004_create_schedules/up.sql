-- The platform's own recurring work. `expression` is evaluated in UTC.
create table schedules (
    id          uuid primary key,
    name        text not null unique,
    expression  text not null,
    kind        text not null,
    payload     jsonb not null,
    next_run_at timestamptz not null,
    enabled     boolean not null default true
);
create index schedules_due on schedules (next_run_at) where enabled;

-- One row for every tick that became a job: the primary key is what makes a tick fire once.
create table schedule_ticks (
    schedule_id uuid not null references schedules (id) on delete cascade,
    tick        timestamptz not null,
    job_id      uuid not null,
    created_at  timestamptz not null default now(),
    primary key (schedule_id, tick)
);
