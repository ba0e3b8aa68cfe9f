\set VERBOSITY verbose
drop schema if exists public, public_01_today, public_02_m, public_03_m,public_04 cascade; create schema public;
drop extension if exists pgroll_c cascade; create extension pgroll_c;
create table t(id int primary key, a int);
insert into t select g, g from generate_series(1,1000) g;
select pgroll_c.start_migration('02_m', '{"operations":[{"alter_column":{"table":"t","column":"a","type":"bigint","up":"a","down":"a::int"}}]}');
alter table t add constraint apos check (a > 0);
call pgroll_c.wait_for_migration();
select * from pgroll_c.status();
alter table t add constraint apos2 check (a > -1);
select pgroll_c.complete_migration();
select pgroll_c.retry_migration();
call pgroll_c.wait_for_migration();
select pgroll_c.complete_migration();
\d t
