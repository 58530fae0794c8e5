-- Columns that hold rows of a table that inherits: a restore would change the order of its columns.
create table thing (id int primary key, name text);
create table saw (teeth int, since date) inherits (thing);
alter table thing add column colour text;
create table holder (id int primary key, kept thing, many saw[]);
insert into saw values (1, 'saw', 7, '2020-02-29', 'red');
insert into holder values (1, null, array[(select s from saw s), null]);
