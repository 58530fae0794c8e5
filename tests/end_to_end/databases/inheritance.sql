-- Inheritance that is no partitioning: several parents, merged columns, constraints that stop at the parent.
create table thing (id int primary key, name text not null default 'thing', weight numeric check (weight > 0), gone text,
  constraint only_things check (id < 1000000) no inherit);
alter table thing drop column gone;
create table owned (owner text not null default 'nobody', since date);
create table tool (length int, doubled int generated always as (length * 2) stored) inherits (thing, owned);
create table saw (teeth int default 7, name text not null default 'saw') inherits (tool);
alter table thing add column colour text default 'grey';  -- comes last below, too
alter table saw alter colour set default 'red', add primary key (id);
alter table tool add constraint short check (length < 1000);
alter table tool drop constraint short;
alter table tool add constraint short check (length < 500) not valid;
create table orphan (id int not null, name text not null default 'thing', weight numeric check (weight > 0), colour text, extra xml,
  constraint thing_weight_check check (weight > 0));
alter table orphan inherit thing;
create table left_the_family () inherits (thing);
alter table left_the_family no inherit thing;
insert into thing select i, 'thing ' || i, i from generate_series(1, 50) i;
insert into tool (id, weight, owner, length) select i, i, 'o' || i % 3, i from generate_series(51, 90) i;
insert into saw (id, weight, since, length, teeth) select i, i, '2020-02-29', i, null from generate_series(91, 120) i;
insert into orphan values (121, 'o', 1, null, '<a b="c">x</a>'), (1, 'the same key as in the parent', 2, 'blue', null);
insert into left_the_family values (1, 'x', 1, 'y');
create index thing_name on thing (lower(name));
create index saw_name on saw using hash (name);
create rule no_heavy_things as on insert to thing where new.weight > 100000 do instead nothing;
create view everything as select tableoid::regclass::text as kind, * from thing;
create view things_only as select * from only thing with cascaded check option;
create function of_thing(t thing) returns text language sql immutable return t.name || t.id;
create type pair as (a int, b text);
create table typed of pair (a with options primary key, b with options default 'b');
insert into typed values (1, default), (2, null);
create table typed_too of pair;
insert into typed_too values (null, null), (null, null);
