-- Full text in both languages with accents folded, and trigrams for what is misspelt.
create extension if not exists pg_trgm;
create extension if not exists unaccent;

create text search configuration gotong_english (copy = pg_catalog.english);
alter text search configuration gotong_english
    alter mapping for hword, hword_part, word with unaccent, english_stem;
create text search configuration gotong_indonesian (copy = pg_catalog.indonesian);
alter text search configuration gotong_indonesian
    alter mapping for hword, hword_part, word with unaccent, indonesian_stem;

-- `unaccent` is not immutable only because its dictionary could be exchanged.
create function search_fold(words text) returns text language sql immutable strict parallel safe
    return lower(public.unaccent('public.unaccent'::regdictionary, words));

-- The words of a list such as `tags`.
create function search_labels(body jsonb) returns text language sql immutable parallel safe
    return coalesce((select string_agg(label, ' ')
        from jsonb_array_elements_text(coalesce(body -> 'tags', body -> 'expertise', '[]'::jsonb)) as label), '');

create function search_vector(body jsonb) returns tsvector language sql immutable parallel safe
    return setweight(to_tsvector('public.gotong_english', concat_ws(' ', body ->> 'title', body ->> 'name', body ->> 'username')), 'A')
        || setweight(to_tsvector('public.gotong_indonesian', concat_ws(' ', body ->> 'title', body ->> 'name')), 'A')
        || setweight(to_tsvector('public.gotong_english', search_labels(body)), 'B')
        || setweight(to_tsvector('public.gotong_indonesian', search_labels(body)), 'B')
        || setweight(to_tsvector('public.gotong_english', concat_ws(' ', body ->> 'description', body ->> 'bio')), 'C')
        || setweight(to_tsvector('public.gotong_indonesian', concat_ws(' ', body ->> 'description', body ->> 'bio')), 'C')
        || setweight(to_tsvector('simple', coalesce(body ->> 'url', '')), 'D');

-- What is worth to be found although it is misspelt, and completed while it is typed.
create function search_names(body jsonb) returns text language sql immutable parallel safe
    return search_fold(concat_ws(' ', body ->> 'title', body ->> 'name', body ->> 'username', search_labels(body)));

create table documents (
    workspace_id   uuid not null references workspaces (id),
    type           text not null check (type in ('project', 'profile')),
    id             text not null check (char_length(id) between 1 and 128),
    -- Grows by one with each change, a deletion included; the row stays as a tombstone, so it never starts again.
    version        bigint not null default 1 check (version > 0),
    -- Null in a tombstone.
    body           jsonb,
    -- By which ledger and index are compared: hashes of workspace, type and id.
    bucket         smallint not null check (bucket between 0 and 255),
    salt           integer not null check (salt between 1 and 65536),
    -- The job that will bring this row to the index and has not read it yet.
    pending_job_id uuid,
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    deleted_at     timestamptz,
    vector         tsvector generated always as (search_vector(body)) stored,
    names          text generated always as (search_names(body)) stored,
    primary key (workspace_id, type, id),
    check ((body is null) = (deleted_at is not null))
) with (fillfactor = 80);
create index documents_vector on documents using gin (vector);
create index documents_names on documents using gin (names gin_trgm_ops);
create index documents_bucket on documents (bucket, workspace_id, type, id);

-- Which indices of Elasticsearch there are, and what they are for.
create table search_indexes (
    name            text primary key,
    -- Where the alias leads.
    active          text,
    -- The one that a reindex fills: what is written goes to both.
    building        text,
    -- Up to where it is filled: the documents of the ledger in the order of their keys.
    filled_to       jsonb,
    filled          bigint not null default 0,
    -- The job that reindexes, or that did so last.
    reindex_job_id  uuid,
    reindexed_at    timestamptz,
    audited_at      timestamptz,
    -- What the last comparison found: documents that were missing, stale or too many in the index.
    drift           jsonb
);
insert into search_indexes (name) values ('portfolio_index');

-- Indices that the alias has left, kept for a rollback.
create table retired_search_indexes (
    index_name text primary key,
    name       text not null references search_indexes (name),
    retired_at timestamptz not null default now(),
    drop_after timestamptz not null
);
