-- What a dump may lose or bring in the wrong order.
create extension citext;
create extension hstore;
create schema "Odd ""schema""";
set search_path = public;

begin;
create type mood as enum ('sad', 'ok', 'happy');
alter type mood add value 'fine' before 'happy';
commit;
create domain positive as numeric(12, 3) check (value > 0);
create type pair as (a integer, b text);
create type span as range (subtype = numeric);

create function twice(n integer) returns integer language sql immutable parallel safe as $$ select n * 2 $$;
create function "Odd ""schema""".stamp() returns trigger language plpgsql as
    $$ begin new.changed := '2026-01-01 00:00:00+00'; return new; end $$;

create table "Order Lines" (
    id bigint generated always as identity (start with 1000 increment by 7),
    "select" text not null default 'it''s',
    quantity integer not null check (quantity > 0),
    doubled integer generated always as (quantity * 2) stored,
    price positive,
    mood mood default 'ok',
    pair pair,
    tags text[],
    attributes hstore,
    address citext unique,
    span span,
    payload jsonb,
    bytes bytea,
    changed timestamptz,
    primary key (id)
);
comment on table "Order Lines" is 'A comment; with a semicolon, "quotes" and ''more''';
comment on column "Order Lines"."select" is 'A reserved word';
create trigger stamp before insert on "Order Lines" for each row execute function "Odd ""schema""".stamp();
create index on "Order Lines" (twice(quantity)) where quantity > 5;
create index "a gin" on "Order Lines" using gin (payload jsonb_path_ops);
insert into "Order Lines" ("select", quantity, price, mood, pair, tags, attributes, address, span, payload, bytes)
select E'line\t' || n || E'\nand \\. "more" é ' || repeat('x', n % 50), n, n * 1.5,
    (array['sad', 'ok', 'fine', 'happy'])[1 + n % 4]::mood, row (n, null)::pair,
    case when n % 3 = 0 then array[null, '', 'a,b"c'] end, hstore('n', n::text), 'User' || n || '@Example.com',
    span(n, n + 1), jsonb_build_object('n', n, 'deep', jsonb_build_array(n, null)),
    decode(md5(n::text), 'hex')
from generate_series(1, 12000) n;
delete from "Order Lines" where quantity % 10 = 0;
alter table "Order Lines" drop column changed;
drop trigger stamp on "Order Lines";

create table measures (at timestamptz not null, place integer not null, value double precision, note text)
    partition by range (at);
create table measures_2025 partition of measures for values from ('2025-01-01+00') to ('2026-01-01+00')
    partition by hash (place);
create table measures_2025_0 partition of measures_2025 for values with (modulus 2, remainder 0);
create table measures_2025_1 partition of measures_2025 for values with (modulus 2, remainder 1);
create table measures_rest partition of measures default;
create unique index on measures (at, place);
insert into measures
select '2025-06-01+00'::timestamptz + n * interval '1 hour', n, case n % 5 when 0 then 'NaN' when 1 then '-Infinity' else n / 3.0 end
from generate_series(1, 9000) n;

create table nothing ();
insert into nothing default values;
create table without_key (a integer, b text);
insert into without_key select n % 3, null from generate_series(1, 100) n;
create unlogged table "Odd ""schema"".""" as select 1 as "a""b";
create table parent (id integer primary key, next integer references parent deferrable initially deferred);
create table child (extra text) inherits (parent);
insert into parent values (1, 2), (2, 1);
insert into child values (3, null, 'x');
alter table child add constraint later check (extra <> 'y') not valid;

create sequence "Odd ""schema""".counter as smallint increment by -3 minvalue -100 maxvalue 10 start with 10 cycle;
select nextval('"Odd ""schema""".counter'), nextval('"Odd ""schema""".counter');

create view busy as select "select", doubled from "Order Lines" where quantity > 100 with local check option;
create materialized view totals as select mood, count(*) from "Order Lines" group by mood order by mood;
create unique index on totals (mood);
create rule quiet as on delete to busy do instead nothing;

create table secrets (owner text default current_user, what text);
alter table secrets enable row level security;
alter table secrets force row level security;
create policy own on secrets for select to pg_monitor using (owner = current_user);
insert into secrets (what) values ('a'), ('b');
grant select on secrets to pg_monitor;
revoke execute on function twice from public;
alter default privileges in schema public grant select on tables to pg_monitor;
create statistics odd (dependencies) on quantity, mood from "Order Lines";
create publication changes for table parent;

select lo_from_bytea(70001, decode(repeat('00ff10', 400000), 'hex')), lo_from_bytea(70002, ''), lo_from_bytea(70003, 'abc');
comment on large object 70003 is 'small';
create table holders (id integer primary key, object oid);
insert into holders values (1, 70001), (2, 70003);
analyze "Order Lines";
