-- Everything that does something by itself: functions, triggers, rules, policies, views on views.
create schema work; create schema api;
create table work.job (id serial primary key, title text not null, state text default 'new', parent int references work.job on delete cascade, at timestamptz default now());
create table work.done (like work.job including all excluding identity, finished date default current_date);
create table work.audit (n bigserial primary key, what text, old jsonb, new jsonb);
create table work.counter (name text primary key, n int not null); insert into work.counter values ('jobs', 0), ('done', 0);
create function work.count() returns trigger language plpgsql security definer set search_path = work, pg_temp as $$ begin
  update counter set n = n + case tg_op when 'INSERT' then 1 else -1 end where name = 'jobs'; return null; end $$;
create trigger counted after insert or delete on work.job for each row execute function work.count();
create function work.audit_statement() returns trigger language plpgsql as $$ begin
  insert into work.audit (what, new) select 'bulk', to_jsonb(n) from new_rows n; return null; end $$;
create trigger bulk after insert on work.job referencing new table as new_rows for each statement execute function work.audit_statement();
create function work.touch() returns trigger language plpgsql as $$ begin new.at := '2020-01-01'; return new; end $$;
create trigger a_touch before update of title on work.job for each row when (old.title is distinct from new.title) execute function work.touch();
create constraint trigger later after insert on work.done deferrable initially deferred for each row execute function work.count();
alter table work.done disable trigger later;
create trigger on_replica before insert on work.audit for each row execute function suppress_redundant_updates_trigger();
alter table work.audit enable replica trigger on_replica;
drop trigger on_replica on work.audit;
create function work.shout() returns trigger language plpgsql as $$ begin new.what := upper(new.what); return new; end $$;
create trigger shouted before insert on work.audit for each row execute function work.shout(); alter table work.audit enable always trigger shouted;
insert into work.job (title, parent) select 'job ' || i, nullif(i / 3, 0) from generate_series(1, 100) i;
insert into work.done (id, title) select i, 'd' || i from generate_series(1, 30) i;
update work.job set title = title || '!' where id % 10 = 0;

create function api.title(job work.job) returns text language sql stable return job.title;
create function api.total() returns bigint language sql stable begin atomic select count(*) from work.job; end;
create function api.pick(inout a int default 1, out b text, variadic c int[] default '{}') returns record language plpgsql as $$ begin b := c::text; end $$;
create function api.rows() returns table (id int, title text) language sql stable rows 7 cost 3 parallel safe leakproof as 'select id, title from work.job';
create function api.twice(anycompatible, anycompatible) returns anycompatiblearray language sql immutable as 'select array[$1, $2]';
create function api.twice(text) returns text language sql immutable strict as $_$ select $1 || $a$;$a$ || $1 $_$;
create procedure api.finish(job int, inout ok bool default false) language plpgsql security definer as $$ begin
  delete from work.job where id = job; commit; ok := true; end $$;
create function work.needs_a_table(int) returns bool language sql stable as 'select exists (select from work.counter where n >= $1 - 1000000)';
create table work.checked (id int primary key, v int check (work.needs_a_table(v))); insert into work.checked select i, i from generate_series(1, 20) i;
create function work.tail() returns text language sql immutable as $$ select '#' $$;
create function work.key(text) returns text language plpgsql immutable as $$ begin return lower($1) || work.tail(); end $$;
create index on work.job (work.key(title));
create table work.computed (id int primary key, t text, k text generated always as (work.key(t)) stored); insert into work.computed select i, 'T' || i from generate_series(1, 9) i;

create view api.jobs as select j.*, c.n from work.job j, work.counter c where c.name = 'jobs';
create view api.open_jobs with (security_barrier) as select * from api.jobs where state = 'new' with local check option;
create view api.per_job as select j.id, j.title, count(d.*) from work.job j left join work.done d on d.parent = j.id group by j.id;
create view api.with_invoker with (security_invoker = true) as select * from work.done;
create view api.odd as select * from (values (1, 'a'), (2, null)) v(n, "select") where n in (1, 2) and ("select" like 'a%' or "select" is null) and n between 0 and 9;
create recursive view api.tree (id, path) as select id, title from work.job where parent is null union all select j.id, t.path || '/' || j.title from work.job j join tree t on j.parent = t.id;
create view api.later as select 1 as x; create or replace view api.later as select count(*)::int as x, max(id) as y from api.open_jobs;
create function api.edit() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger edit instead of update on api.jobs for each row execute function api.edit();
create rule skip as on delete to api.open_jobs do instead (update work.job set state = 'gone' where id = old.id; notify jobs);
create rule also as on insert to work.done where new.id > 1000 do also insert into work.audit (what) values ('big ' || new.id);
alter table work.done disable rule also;
create materialized view api.numbers as select state, count(*) from work.job group by state; create unique index on api.numbers (state);
create materialized view api.numbers_again as select sum(count) from api.numbers, api.total() t; create materialized view api.not_filled as select * from api.numbers with no data;
create materialized view api.with_options with (fillfactor = 50) as select id from work.job order by id desc; comment on materialized view api.with_options is 'has an order';

create role clerk; alter table work.job enable row level security; alter table work.job force row level security;
create policy own on work.job as restrictive for update to clerk using (state = 'new') with check (exists (select from work.counter)); create policy everyone on work.job using (true);
create policy "some" on work.done for select to clerk, public using (finished is not null); alter table work.done enable row level security;
create function api.watch() returns event_trigger language plpgsql as $$ begin perform count(*) from pg_event_trigger_ddl_commands(); end $$;
create event trigger watch_all on ddl_command_end execute function api.watch();
create function api.gone() returns event_trigger language plpgsql as $$ begin perform count(*) from pg_event_trigger_dropped_objects(); end $$;
create event trigger watch_drops on sql_drop when tag in ('DROP TABLE', 'DROP VIEW') execute function api.gone(); alter event trigger watch_drops enable always;
create event trigger asleep on table_rewrite execute function api.watch(); alter event trigger asleep disable;
comment on event trigger watch_all is 'looks on'; comment on function api.twice(text) is $$it's "twice"$$; comment on trigger counted on work.job is 'counts';
comment on policy own on work.job is 'own'; comment on rule also on work.done is 'never runs'; comment on column api.jobs.title is 'of a view'; comment on index work.job_pkey is 'a key';
alter view api.open_jobs alter column state set default 'new'; alter function api.total() set work_mem = '3MB'; alter procedure api.finish(int, bool) set search_path from current;
alter function api.rows() owner to clerk; grant usage, create on schema api to clerk; revoke execute on function api.total() from public; grant execute on function api.total() to clerk;
