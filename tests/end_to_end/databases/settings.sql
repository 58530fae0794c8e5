-- A database whose sessions begin with settings that change how values are written, who they are, and what they may do.
create schema own;
create table own.values (id int primary key, d date, t timestamptz, i interval, f float8, g float4, b bytea, m money, a text[], x xml, n numeric, s text);
insert into own.values select i, '2024-01-02'::date + i, '2024-01-02 03:04:05.678901+00'::timestamptz + i * interval '1 h', i * interval '1 month 2 days 3:04:05.6', i / 3.0, i / 7.0,
  decode(md5(i::text), 'hex'), i * 1.5, array[null, 'NULL', i::text], '<a/>', i / 9.0, E'back\\slash ''quote''' || i from generate_series(1, 60) i;
create function own.of_date(date) returns text language plpgsql immutable as $$ begin return helper($1); end $$;
create function own.helper(date) returns text language sql immutable as $$ select to_char($1, 'YYYY') $$;
set search_path = own; create index on own.values (own.of_date(d)); reset search_path;
create view own.shown as select d::text, i::text from own.values; create materialized view own.kept as select count(*) as n, min(d) as first from own.values;
create function own.forbid() returns event_trigger language plpgsql as $$ begin if current_setting('own.ddl', true) is distinct from 'yes' then raise exception 'no DDL here'; end if; end $$;
create role housekeeper; grant housekeeper to postgres; grant all on schema own to housekeeper; grant select on all tables in schema own to housekeeper;
alter database :"database" set search_path = own; alter database :"database" set datestyle = 'SQL, DMY'; alter database :"database" set intervalstyle = 'sql_standard';
alter database :"database" set timezone = 'Asia/Kathmandu'; alter database :"database" set extra_float_digits = -3; alter database :"database" set bytea_output = 'escape';
alter database :"database" set array_nulls = off; alter database :"database" set xmloption = 'document'; alter database :"database" set quote_all_identifiers = on;
alter database :"database" set transform_null_equals = on; alter database :"database" set standard_conforming_strings = off; alter database :"database" set backslash_quote = on;
alter database :"database" set default_transaction_read_only = on; alter database :"database" set default_transaction_isolation = 'serializable'; alter database :"database" set row_security = off;
alter database :"database" set statement_timeout = '20s'; alter database :"database" set lock_timeout = '20s'; alter database :"database" set idle_in_transaction_session_timeout = '20s';
alter database :"database" set default_tablespace = ''; alter database :"database" set check_function_bodies = on; alter database :"database" set client_encoding = 'LATIN1';
alter database :"database" set work_mem = '64kB'; alter database :"database" set enable_seqscan = off; alter database :"database" set synchronous_commit = off; alter database :"database" set lc_monetary = 'C';
alter database :"database" set default_toast_compression = 'pglz'; alter database :"database" set role = housekeeper; alter role postgres in database :"database" set timezone = 'UTC'; alter role postgres in database :"database" set role = none;
set default_transaction_read_only = off; create event trigger forbid on ddl_command_start when tag in ('CREATE TABLE') execute function own.forbid();
