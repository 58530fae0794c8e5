-- Keys that refer to each other, rules that old rows break, and names that are hard to write.
create table chicken (id int primary key, egg int not null); create table egg (id int primary key, chicken int not null references chicken deferrable initially deferred);
alter table chicken add foreign key (egg) references egg deferrable initially deferred;
begin; insert into chicken select i, 1 + i % 50 from generate_series(1, 50) i; insert into egg select i, 1 + (i * 7) % 50 from generate_series(1, 50) i; commit;
create table person (id int primary key, boss int references person, deputy int references person on delete set null (deputy)); insert into person select i, nullif(i / 2, 0), 1 + i % 40 from generate_series(1, 40) i;
update person set boss = 40 where id = 1;  -- in a circle
create table parent (a int, b text, primary key (a, b)); insert into parent select i, 'b' || i from generate_series(1, 20) i;
create table child (id int primary key, a int default 1, b text default 'b1', foreign key (a, b) references parent match full on update cascade on delete set default); insert into child select i, 1 + i % 20, 'b' || 1 + i % 20 from generate_series(1, 30) i; insert into child values (99, null, null);
create table grandchild (id int references child on delete cascade, n int, unique nulls not distinct (n)); insert into grandchild values (1, 1), (2, null);
create table loose (id int, v int); insert into loose values (1, -1), (1, 5), (77, 0), (null, null);
alter table loose add constraint positive check (v > 0) not valid, add constraint to_person foreign key (id) references person not valid;
create table late_key (n int, m int, unique (n) deferrable initially deferred, constraint m_key unique (m) deferrable); insert into late_key select i, 100 - i from generate_series(1, 50) i; update late_key set n = n + 1;
create table taken_index (a int not null, b int); create unique index own_name on taken_index (a) include (b); alter table taken_index add constraint renamed primary key using index own_name; insert into taken_index select i, -i from generate_series(1, 10) i;
create table indexed (id int, t text, p point, r int4range, d tsvector); insert into indexed select i, md5(i::text), point(i, -i), int4range(i, i + 2), to_tsvector('simple', 'w' || i) from generate_series(1, 200) i;
create index on indexed using brin (id) with (pages_per_range = 4); create index on indexed using gist (p); create index on indexed using spgist (t); create index on indexed using gin (d) with (fastupdate = off);
create index on indexed (t text_pattern_ops, id desc nulls last); create index on indexed ((t || id::text) collate "C", (id % 3)) where id > 3; alter index indexed_expr_expr1_idx alter column 1 set statistics 44;
cluster indexed using indexed_t_id_idx; alter index indexed_t_id_idx set (fillfactor = 40);
create table "Person" (id int primary key); create table "PERSON" ("ID" int, "id" int, "Id" int references "Person"); insert into "Person" values (1); insert into "PERSON" values (1, 2, 1), (null, null, null);
create schema "a.b"; create table "a.b"."c.d" ("e.f" int primary key, "g""h" text, "i'j" text, "k\l" text, " " text, "%s" text); insert into "a.b"."c.d" values (1, '"', '''', '\', ' ', '%'), (2, E'\b\f\v', '{}', '\N', E'\n', '$1');
create schema "данные"; create table "данные"."таблица 🚀" ("ключ" text primary key, "значение" text); insert into "данные"."таблица 🚀" values ('ё', '🚀'), (E'e\u0301', 'é'), ('é', 'e');
create table "данные"."select" ("from" int, "where" int generated always as ("from" + 1) stored, "table" text default 'it''s'); insert into "данные"."select" ("from") values (1), (1);
create table "../up/.git" ("a/b" int); insert into "../up/.git" values (1); create table "con" (n int); create table "a~2" (n int); create table "A~2" (n int); create table ".." (n int); create table ". " (n int primary key); insert into ". " values (1);
create table "0123456789012345678901234567890123456789012345678901234567890ab" (n serial, "0123456789012345678901234567890123456789012345678901234567890cd" int); insert into "0123456789012345678901234567890123456789012345678901234567890ab" default values;
create table "line
break" ("tab	here" int, "; drop table person; --" text default '; --'); insert into "line
break" values (1, default); create sequence "a.b"."Seq ""x""" owned by "a.b"."c.d"."e.f"; create view "v -- w" as select "e.f" as "x y" from "a.b"."c.d";
create function "f'(x)"("A b" int) returns int language sql as $$ select "A b" $$; create index "i/j" on "a.b"."c.d" ("g""h"); alter table "a.b"."c.d" add constraint "c:d" check ("i'j" <> 'no');
create table no_columns (); insert into no_columns default values; create table all_generated (a int generated always as (1) stored); insert into all_generated default values; insert into all_generated default values;
create table dropped_all (a int, b int); insert into dropped_all values (1, 2), (3, 4); alter table dropped_all drop column a, drop column b;
create table fast_default (a int); insert into fast_default values (1), (2); alter table fast_default add column b text default 'filled in', add column c timestamptz default '2020-01-01';
create table toasted (id int primary key, t text, u text); alter table toasted alter u set storage external; insert into toasted select i, repeat(md5(i::text), 3000), string_agg(md5((i * 1000 + j)::text), '') from generate_series(1, 12) i, generate_series(1, 800) j group by i;
create table same_rows (a text, b float8); insert into same_rows select 'x', 0.1 + 0.2 from generate_series(1, 300); create table nulls (a int, b int, c text); insert into nulls select null, null, null from generate_series(1, 70);
