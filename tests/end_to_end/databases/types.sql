-- Types made of types, operators, text search, and values that are hard to write down.
create extension hstore; create extension citext; create extension pg_trgm; create extension btree_gist; create extension intarray;
create schema kinds; create extension ltree schema kinds; create extension cube schema kinds; create extension earthdistance schema kinds cascade;
create type mood as enum ('sad', 'happy');
alter type mood add value 'calm' before 'happy'; alter type mood add value 'über' after 'happy'; alter type mood rename value 'sad' to 'grim';
create type address as (street text, number int, marks text[]);
alter type address add attribute zip varchar(9), drop attribute number;
create domain zip as text check (value ~ '^\d{5}$') default '00000';
create domain strict_zip as zip not null check (value <> '99999');
create domain addresses as address[] check (array_length(value, 1) < 5);
create type person as (name citext, lives address, homes addresses, mood mood);
create function distance_of(a float8, b float8) returns float8 language sql immutable return a - b;
create type stretch as range (subtype = float8, subtype_diff = distance_of, multirange_type_name = stretches);
create type words as range (subtype = text, collation = "C");
create collation german (provider = icu, locale = 'de-u-co-phonebk');
create collation blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create type husk;
create function husk_in(cstring) returns husk language internal immutable strict as 'byteain';
create function husk_out(husk) returns cstring language internal immutable strict as 'byteaout';
create type husk (input = husk_in, output = husk_out, like = bytea, category = 'U');
create cast (bytea as husk) without function; create cast (husk as bytea) without function as assignment;
create type forgotten;  -- a shell that was never filled

create function same(address, address) returns bool language sql immutable return ($1).street = ($2).street;
create operator === (leftarg = address, rightarg = address, function = same, commutator = ===, negator = !==);
create function not_same(address, address) returns bool language sql immutable return not (($1).street = ($2).street);
create operator !== (leftarg = address, rightarg = address, function = not_same, commutator = !==, negator = ===);
create function before(a mood, b mood) returns int language sql immutable return case when a > b then -1 when a < b then 1 else 0 end;
create function lt(a mood, b mood) returns bool language sql immutable return a > b;
create function le(a mood, b mood) returns bool language sql immutable return a >= b;
create function eq(a mood, b mood) returns bool language sql immutable return a = b;
create function ge(a mood, b mood) returns bool language sql immutable return a <= b;
create function gt(a mood, b mood) returns bool language sql immutable return a < b;
create operator #< (leftarg = mood, rightarg = mood, function = lt, commutator = #>, negator = #>=, restrict = scalarltsel);
create operator #<= (leftarg = mood, rightarg = mood, function = le); create operator #= (leftarg = mood, rightarg = mood, function = eq, hashes, merges);
create operator #>= (leftarg = mood, rightarg = mood, function = ge); create operator #> (leftarg = mood, rightarg = mood, function = gt, commutator = #<);
create operator family backwards using btree;
create operator class mood_backwards for type mood using btree family backwards as operator 1 #<, operator 2 #<=, operator 3 #=,
  operator 4 #>=, operator 5 #>, function 1 before(mood, mood);
create function add_up(numeric, numeric, int) returns numeric language sql immutable return coalesce($1, 0) + coalesce($2, 0) * $3;
create aggregate weighted(numeric, int) (sfunc = add_up, stype = numeric, initcond = '1', parallel = safe);
create aggregate joined(text order by text) (sfunc = ordered_set_transition, stype = internal, finalfunc = mode_final);
create text search dictionary short_words (template = simple, stopwords = english, accept = false);
create text search dictionary stems (template = snowball, language = german);
create text search configuration shop (copy = english);
alter text search configuration shop alter mapping for asciiword with short_words, stems, simple;
alter text search configuration shop drop mapping for url;
create conversion own for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
create function zip_of(text) returns zip language sql immutable as $$ select lpad($1, 5, '0')::zip $$;
create function mood_of(int) returns mood language sql immutable as $$ select (enum_range(null::mood))[1 + $1 % 4] $$;
create cast (int as mood) with function mood_of(int) as assignment;

create table people (id int generated always as identity (minvalue -5 start -5 cache 4) primary key, who person, mail citext unique,
  homes addresses, zip strict_zip, mood mood default 1, tags hstore, path kinds.ltree, place kinds.cube, numbers int[],
  search tsvector generated always as (to_tsvector('english', mail::text)) stored, sorted text collate german, same text collate blind unique);
insert into people (who, mail, homes, zip, mood, tags, path, place, numbers, sorted, same)
  select row('Ann ' || i, row('a "b" \ (c),d', array['x', null, '{y}', ''], 'z')::address, array[row('s', null, null)::address, null], 'calm')::person,
  'Mail' || i || '@X.org', case i % 3 when 0 then null else array[row(E'new\nline', array[]::text[], '1')::address] end, zip_of(i::text),
  i, hstore(array['k', i::text, 'nothing', null]), ('top.n' || i)::kinds.ltree, kinds.cube(array[i, -i]), array[i, null, 3], 'ä' || i, 'S' || i
  from generate_series(1, 120) i;
create index on people using gin (search); create index on people using gin (numbers public.gin__int_ops);
create index on people using gist (path); create index on people (mood mood_backwards desc); create index on people using gin (mail gin_trgm_ops);
create index on people (((who).name)) include (zip) where (tags ? 'k');

create table bookings (room int, during tstzrange, stretch stretch, stretches stretches, names words, state text, id uuid default gen_random_uuid(),
  exclude using gist (room with =, during with &&) where (state <> 'cancelled') deferrable initially deferred,
  constraint no_overlap exclude using gist (stretch with &&), primary key (id));
insert into bookings (room, during, stretch, stretches, names, state)
  select i % 5, tstzrange('2024-01-01'::timestamptz + i * interval '1 h', '2024-01-01'::timestamptz + (i + 1) * interval '1 h', '[)'),
  stretch(i * 10, i * 10 + 5, '(]'), stretches(stretch(i, i + 0.5), stretch(null, i - 1)), words('a', 'b' || i), case i % 2 when 0 then 'cancelled' else 'ok' end
  from generate_series(1, 100) i;

create table oddities (a int[], b float8, c float4, d numeric, e date, f timestamp, g timetz, h interval, i bytea, j bit varying, k money, l json, m jsonb,
  n xml, o inet, p macaddr8, q polygon, r path, s tsquery, t "char", u name, v oid, w regclass, x regproc, y pg_lsn, z pg_snapshot, aa xid, ab tid, ac bpchar(5),
  ad varchar, ae jsonpath, af int8range[], ag nummultirange, ah husk, ai regtype, aj regrole, ak cidr, al circle, am line, an refcursor, ao boolean[][]);
insert into oddities values
  ('[-2:-1][3:3]={{1},{null}}', 'nan', '-inf', 'nan', 'infinity', '-infinity', '23:59:59.5+14:59', '-1 year 2 mons -3 days 04:05:06.789', '\x00ff', B'', '-1,234.56',
   '{"b" : 1, "b": 2,  "a":[ ]}', '{"b": 1e400, "a": "\u00e9\\u0000"}', '<?xml version="1.0"?><a/>', '::1/64', '08:00:2b:01:02:03:04:05', '((0,0),(1e300,-1))', '[(1,2),(3,4)]',
   'a & !b <-> c:*', 'ü', 'a name', 4294967295, 'people', 'pg_catalog.now', 'FFFFFFFF/1', '10:20:10,14,15', '7', '(1,2)', 'ab ', E'tab\there\r\n\\.\x7f', '$.a[*] ? (@ > 1)',
   '{"[1,5)",empty,NULL,"(,)"}', '{[1,2),(3,)}', 'a husk', 'mood', 'postgres', '10.0.0.0/8', '<(1,2),3>', '{1,-1,0}', 'cursor', '{{t,null},{f,t}}'),
  ('{}', '-0', '1e-45', 1e1000 / 3, '4713-01-01 BC', '294276-12-31 23:59:59.999999', null, '178000000 years', '', B'1', 0, 'null', '"x"', '', null, null, null, '((1,2))', '', '', '', 0, 0, 0, '0/0',
   null, null, null, '', '', 'lax $', '{}', '{}', '', 0, 0, null, null, null, '', '{}'),
  (null, 4.9e-324, 3.4028235e38, 0.00000, '0001-01-01', '2000-01-01 00:00:00.000001', '00:00-15:59', '0', E'\\\\', B'0011', 1, '[]', '{}', 'text only', '1.2.3.4/0', null, null, null, null, 'a', null,
   null, null, null, null, null, null, null, null, E'\u200b\U0001F600', null, null, null, null, null, null, null, null, null, null, null);
insert into oddities select * from oddities where b is not null;
create table enum_keys (m mood primary key, r stretch unique); insert into enum_keys select m, stretch(n, n + 1) from unnest(enum_range(null::mood)) with ordinality u(m, n);
create table text_keys (k text collate "en-x-icu" primary key, b bytea unique); insert into text_keys values ('b', '\x01'), ('B', '\x'), ('a', null), ('Ä', null), ('', null), (E'\t', null);
create table wide (id int primary key); do $$ begin for i in 1..400 loop execute format('alter table wide add column c%s %s', i, (array['int', 'text', 'date', 'numeric'])[1 + i % 4]); end loop; end $$;
insert into wide (id, c1, c400) values (1, 'x', 5), (2, null, null); alter table wide drop column c7, drop column c200;
