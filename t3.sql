\set VERBOSITY verbose
drop schema if exists public, public_01_today, public_02_x, public_02_m, public_03_m,public_04 cascade; create schema public;
drop extension if exists pgroll_c cascade; create extension pgroll_c;
create table t(id int primary key, a varchar(10));
insert into t select g, g from generate_series(1,1000) g;
call pgroll_c.migrate('02_m', '{"operations":[{"alter_column":{"table":"t","column":"a","type":"int","up":"a::int + 1","down":"a::text"}}]}');
call pgroll_c.migrate('02_m', '{"operations":[{"alter_column":{"table":"t","column":"a","type":"int","up":"a::int + 1","down":"a::text"}}]}');
call pgroll_c.migrate('03_m', '{"operations":[{"alter_column":{"table":"t","column":"a","nullable":false,"up":"1000/(a-500)"}}]}');
select * from pgroll_c.status();
select pgroll_c.rollback_migration();
select * from public_02_m.t limit 3;
call pgroll_c.migrate('04', '{"operations":[{"sql":{"up":"create table u(x int); insert into u values(1)","down":"drop table u"}}]}');
select * from public_04.u;
\d public_02_m.*
\d t
