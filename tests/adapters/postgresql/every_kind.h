// A database with every kind of object that pg_dump knows, and with rows that are hard to keep.
#pragma once

#include <string>

namespace rehearse::test {

/// Roles of the cluster that every_kind() names; made once for a server.
inline std::string every_kind_roles() {
    return "do $$ begin create role shop_owner; create role shop_reader; create role shop_admin nologin; "
           "exception "
           "when duplicate_object then null; end $$";
}

inline std::string every_kind() {
    return R"SQL(
begin;
create extension hstore; create extension pg_trgm; create extension citext;
create schema audit authorization shop_owner;
create schema "Odd Names/..";
comment on schema audit is 'who did what';
create type mood as enum ('sad', 'ok', 'happy');
create type pair as (a int, b text);
create type span as range (subtype = int4);
create domain positive as int check (value > 0);
create domain label as text collate "C" default 'none' not null;
create collation backwards (provider = libc, locale = 'C');
create sequence tickets start 1000 increment 7 cache 20;
select nextval('tickets'), nextval('tickets');
create sequence never_called start 5;
create function add(a int, b int) returns int language sql immutable as 'select a + b';
create function tricky() returns text language plpgsql as $body$
begin
  -- a body that looks like a dump
--
-- Name: fake; Type: TABLE; Schema: public; Owner: postgres
--
  return 'it''s; "quoted" $$ not the end';
end $body$;
create function modern(x int) returns int begin atomic select x + 1; select x + 2; end;
create procedure nothing() language sql as 'select 1';
create aggregate total(int) (sfunc = add, stype = int, initcond = '0');
create operator === (leftarg = int, rightarg = int, function = int4eq);
create operator === (leftarg = text, rightarg = text, function = texteq);
create cast (pair as text) with inout as assignment;
create text search configuration shop_search (copy = pg_catalog.english);
create text search dictionary shop_words (template = pg_catalog.simple);
create foreign data wrapper nowhere;
create server far foreign data wrapper nowhere options (host 'x');
create user mapping for shop_reader server far options (secret 'y');
create foreign table far_away (id int, name text) server far options (table 't');

create table customers (
  id bigint generated always as identity primary key,
  name text not null, mail citext unique, feeling mood default 'ok',
  born date, tags text[], extra jsonb, attributes hstore, p pair, period int4range,
  full_name text generated always as (upper(name)) stored, price numeric(12,4), ratio float8, bits bit(5),
  address inet, at timestamptz, took interval, amount money, document xml, raw bytea, l label, n positive);
insert into customers (name, mail, feeling, born, tags, extra, attributes, p, period, price, ratio, bits, address, at,
  took, amount, document, raw, n) select 'name ' || i || E'\t\n\\ ü€', 'Mail' || i || '@x', 'happy', '2000-01-01'::date
  + i, array['a', null, 'b"c'], jsonb_build_object('i', i), hstore('k', i::text), row(i, 'x,"y')::pair, int4range(i, i + 5),
  i / 3.0, 1.0 / (i + 1), B'10101', '10.0.0.1', '2020-01-01 00:00+02'::timestamptz + i * interval '1 s 1 us',
  i * interval '1 day 2 h', i, '<a>&amp;</a>', decode(md5(i::text), 'hex'), i + 1 from generate_series(0, 499) i;
insert into customers (name, ratio, price, at) values ('nan', 'nan', 'nan', 'infinity'), ('inf', '-infinity', null, null),
  ('', '-0', 0.0000, '-infinity');
delete from customers where id = 7;
create table orders (
  id int primary key default nextval('tickets'), customer bigint references customers on delete cascade,
  placed timestamp default now(), check (id > 0) no inherit, excluded int, exclude using btree (excluded with =));
alter sequence tickets owned by orders.id;
insert into orders (id, customer) select i * 3, 1 + i % 6 from generate_series(1, 300) i;
create table lines (order_id int, line smallint, what text, amount int, primary key (order_id, line),
  foreign key (order_id) references orders deferrable initially deferred);
insert into lines select (1 + i % 300) * 3, i / 300, md5(i::text), i from generate_series(0, 1499) i;
alter table orders add favourite int, add favourite_line smallint;
alter table orders add foreign key (favourite, favourite_line) references lines;  -- a cycle
update orders set favourite = id, favourite_line = 0;
create table keyless (a int, b text, c json, d xid);
insert into keyless select i % 10, 'x' || i % 3, '{"b": 1, "a" : 2}', '7' from generate_series(1, 100) i;
insert into keyless values (null, null, null, null), (null, '', null, null), (null, '', null, null);
create table nothing_in_it ();
insert into nothing_in_it default values; insert into nothing_in_it default values;
create table empty_one (id uuid primary key, t text);
create unlogged table fleeting (id int primary key, t text);
insert into fleeting values (1, 'stays');
create table "Odd Names/.."."Weird ""Table"" %" ("a b" int primary key, "Select" text, "ü" text);
insert into "Odd Names/.."."Weird ""Table"" %" values (1, 'x', 'y'), (2, '\.', E'\\');
create table texts (k text primary key, v text) with (fillfactor = 70, autovacuum_enabled = false);
insert into texts values ('b', '1'), ('B', '2'), ('a', '3'), ('Ä', '4'), ('', '5');
alter table texts alter v set storage external, alter v set statistics 7, alter k set (n_distinct = -1);
alter table texts replica identity full;
create table parent (id int primary key, a int);
create table child (c int) inherits (parent);
alter table child add constraint child_key primary key (id);
alter table parent add b int;  -- comes after c in the child
insert into parent values (1, 2, 3); insert into child (id, a, b, c) values (2, 3, 4, 5);
create table events (at date not null, kind mood not null, id int, primary key (at, kind, id)) partition by range (at);
create table events_2020 partition of events for values from ('2020-01-01') to ('2021-01-01');
create table events_2021 partition of events for values from ('2021-01-01') to ('2022-01-01') partition by list (kind);
create table events_2021_sad partition of events_2021 for values in ('sad');
create table events_2021_rest partition of events_2021 default;
create table late (id int not null, at date not null, kind mood not null);
alter table events attach partition late for values from ('2022-01-01') to ('2023-01-01');
insert into events select '2020-06-01'::date + i * 3, case i % 3 when 0 then 'sad'::mood else 'ok' end, i from generate_series(0, 280) i;
create index on events (kind, id);
create table by_mood (m mood, id int) partition by hash (m);  -- an enum's hash changes with a restore
create table by_mood_0 partition of by_mood for values with (modulus 2, remainder 0);
create table by_mood_1 partition of by_mood for values with (modulus 2, remainder 1);
insert into by_mood select (enum_range(null::mood))[1 + i % 3], i from generate_series(1, 60) i;
create table typed of pair (primary key (a));
insert into typed values (1, 'one');

commit;
begin;
create index customers_tags on customers using gin (tags);
create index customers_low on customers (lower(name)) where n > 3;
create unique index orders_placed on orders (placed desc nulls last, id) include (customer);
create index trigrams on lines using gin (what gin_trgm_ops);
alter table customers cluster on customers_pkey;
create statistics lines_stats (dependencies, ndistinct) on order_id, line from lines;
create view happy as select c.*, tricky() as t from customers c where feeling = 'happy' with local check option;
create view counted as select c.id, c.name, count(*) from customers c join orders o on o.customer = c.id group by c.id;
create recursive view numbers (n) as values (1) union all select n + 1 from numbers where n < 5;
create materialized view sums as select order_id, sum(amount) from lines group by order_id;
create unique index on sums (order_id);
create materialized view sums_of_sums as select count(*) from sums;
create materialized view not_yet as select 1 as x with no data;
create function event_note() returns event_trigger language plpgsql as $$ begin end $$;
create event trigger watch on ddl_command_end when tag in ('CREATE TYPE') execute function event_note();
create rule quiet as on delete to texts where old.k = 'kept' do instead nothing;
create function note() returns trigger language plpgsql as $$ begin insert into audit.log (what) values (tg_op || ' '
  || tg_table_name); return coalesce(new, old); end $$;
create table audit.log (id serial primary key, what text, at timestamptz default now());
alter table audit.log owner to shop_owner;
create trigger note_orders after insert or update or delete on orders for each row execute function note();
create trigger note_always after delete on lines for each statement execute function note();
alter table lines enable always trigger note_always;
create constraint trigger late_note after update on orders deferrable initially deferred for each row when (new.id > 5) execute function note();
create trigger note_events before insert on events for each row execute function note();
alter table orders disable trigger late_note;
alter table customers enable row level security;
create policy own on customers for select to shop_reader using (name = current_user);
commit;
)SQL";
}

/// What needs a function first, or the database's own name.
inline std::string every_kind_settings(const std::string& database) {
    return "comment on table customers is 'who buys; with '' quotes'; comment on column customers.name is "
           "'n'; "
           "comment on constraint customers_pkey on customers is 'key'; comment on view happy is 'v'; "
           "comment on "
           "database " +
           database +
           " is 'the shop'; grant select on customers to shop_reader; grant select (id, placed) "
           "on orders to shop_reader; grant insert on orders to shop_admin with grant option; grant usage on "
           "schema "
           "audit to shop_reader; revoke all on function add(int, int) from public; grant usage on sequence "
           "tickets to "
           "shop_reader; alter default privileges in schema public grant select on tables to shop_reader; "
           "alter default "
           "privileges for role shop_owner in schema audit grant all on tables to shop_admin; alter table "
           "texts owner to "
           "shop_owner; create publication every_change for all tables; create publication some_changes for "
           "table orders, "
           "lines (order_id, line) where (line > 0); alter database " +
           database +
           " set search_path = public, "
           "\"Odd Names/..\"; alter database " +
           database + " set work_mem = '7MB'; alter role shop_reader in database " + database +
           " set statement_timeout = '5s'; alter database " + database +
           " connection limit 40; revoke "
           "connect on database " +
           database + " from public; grant connect on database " + database +
           " to shop_reader "
           "with grant option; select lo_from_bytea(4711, 'small'), lo_from_bytea(4712, ''), "
           "lo_from_bytea(4713, "
           "(select string_agg(decode(md5(i::text), 'hex'), '') from generate_series(1, 200000) i)); grant "
           "select on "
           "large object 4711 to shop_reader; comment on large object 4711 is 'a file'; alter large object "
           "4712 owner to "
           "shop_owner";
}

}  // namespace rehearse::test
