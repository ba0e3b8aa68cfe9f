\set VERBOSITY verbose
\set doc '{"operations":[{"alter_column":{"table":"users","column":"age","type":"bigint","up":"age * 2","down":"(age/2)::int"}},{"rename_column":{"table":"users","from":"name","to":"nick"}},{"add_column":{"table":"users","column":{"name":"full_name","type":"text"},"up":"first_name || '' '' || last_name"}},{"drop_column":{"table":"users","column":"first_name","down":"split_part(full_name, '' '', 1)"}},{"drop_column":{"table":"users","column":"last_name","down":"split_part(full_name, '' '', 2)"}}]}'
select pgroll_c.start_migration('02_x', :'doc');
call pgroll_c.run_tasks();
select * from pgroll_c.status();
select * from public_02_x.users order by id limit 3;
update public_02_x.users set full_name='New Name', age=10 where id=1;
update public_01_today.users set age=10 where id=2;
insert into public_02_x.users(nick,age,full_name) values ('q',100,'Foo Bar');
select * from public_01_today.users where id in (1,2,1001) order by id;
select * from public_02_x.users where id in (1,2,1001) order by id;
\d users
select step, command, lock_mode, relation from pgroll_c.plan_migration('02_x', :'doc') where phase='complete';
select pgroll_c.complete_migration();
\d users
\d+ public_02_x.users
select * from pgroll_c.migrations;
drop extension pgroll_c;
