-- The life of migrations: states, who comes after whom, what each call returns,
-- and what the views say of it.
\i test/include/setup.sql

-- nothing yet
SELECT * FROM pgroll_c.status();
SELECT pgroll_c.latest_version() IS NULL AS none;
SELECT count(*) FROM pgroll_c.migrations;
CALL pgroll_c.wait_for_migration(); -- fails
CALL pgroll_c.run_tasks(); -- fails

--
-- the first migration without a baseline: applications use the base schema
--
CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, note text);
INSERT INTO item VALUES (1, 'one', 'x');
\set first '{"operations": [{"alter_column": {"table": "item", "column": "name", "type": "varchar(5)", "up": "left(name, 5)", "down": "name"}}, {"rename_column": {"table": "item", "from": "note", "to": "remark"}}]}'
CALL test.remember();
\set VERBOSITY default
SELECT pgroll_c.start_migration('01_first', :'first');
\set VERBOSITY terse
SELECT previous_version_schema, version_schema FROM pgroll_c.status();
CALL pgroll_c.run_tasks();
SELECT pgroll_c.latest_version();
INSERT INTO item (id, name, note) VALUES (2, 'a long one', 'y');
INSERT INTO item VALUES (3, 'three', 'z');
INSERT INTO public_01_first.item VALUES (4, 'four', 'w');
UPDATE item SET name = 'eleven' WHERE id = 1;
UPDATE public_01_first.item SET name = 'TWO' WHERE id = 2;
SELECT id, name, note FROM item ORDER BY id;
TABLE public_01_first.item ORDER BY id;
SELECT pgroll_c.rollback_migration() IS NULL AS none_left;
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.latest_version() IS NULL AS none;
SET client_min_messages = warning;
SELECT pgroll_c.start_migration('01_first', :'first');
RESET client_min_messages;
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
SELECT id, name, remark FROM item ORDER BY id;

--
-- states: started, ready, completed; completing too early says how far it is
--
SELECT pgroll_c.latest_version();
BEGIN;
SELECT pgroll_c.start_migration('02_second', '{"operations": [{"add_column": {"table": "item", "column": {"name": "size", "type": "int"}, "up": "length(name)"}}]}');
SELECT migration, state, version_schema, previous_version_schema, tasks_failed FROM pgroll_c.status();
SELECT pgroll_c.latest_version(); -- not before it is ready
\t \a
SELECT regexp_replace(test.error_of('SELECT pgroll_c.complete_migration()'), '\d+ of its tasks are', 'N of its tasks are');
\t \a
SELECT task, object LIKE '%not null' AS not_null, state, rows_done FROM pgroll_c.progress ORDER BY task_id;
COMMIT;
SET client_min_messages = warning; -- on a slow machine it says how far it is
CALL pgroll_c.wait_for_migration();
RESET client_min_messages;
SELECT migration, state, version_schema, previous_version_schema, tasks_open, tasks_failed, rows_done FROM pgroll_c.status();
SELECT pgroll_c.latest_version();
SELECT count(*) FROM pgroll_c.progress;
CALL pgroll_c.wait_for_migration();
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
SELECT migration, state, version_schema, previous_version_schema, tasks_open, tasks_failed FROM pgroll_c.status();
CALL pgroll_c.wait_for_migration();

--
-- atomic: a start, a completion, a rollback can stand in a transaction
--
CALL test.remember();
BEGIN;
SELECT pgroll_c.start_migration('03_undone', '{"operations": [{"rename_table": {"from": "item", "to": "thing"}}]}');
TABLE public_03_undone.thing ORDER BY id LIMIT 1;
SELECT pgroll_c.complete_migration();
TABLE thing ORDER BY id LIMIT 1;
ROLLBACK;
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.latest_version();
BEGIN;
SELECT pgroll_c.start_migration('03_undone', '{"operations": [{"rename_table": {"from": "item", "to": "thing"}}]}');
SELECT pgroll_c.rollback_migration();
SAVEPOINT s;
SELECT pgroll_c.start_migration('03_savepoint', '{"operations": [{"rename_table": {"from": "item", "to": "stuff"}}]}');
ROLLBACK TO s;
SELECT pgroll_c.start_migration('03_third', '{"operations": [{"rename_table": {"from": "item", "to": "thing"}}]}');
SELECT pgroll_c.complete_migration();
COMMIT;
TABLE public_03_third.thing ORDER BY id LIMIT 1;
BEGIN;
SELECT pgroll_c.start_migration('04_prepare', '{"operations": [{"add_column": {"table": "thing", "column": {"name": "x", "type": "int"}, "up": "1"}}]}');
PREPARE TRANSACTION 'migration'; -- fails
BEGIN;
SAVEPOINT s;
SELECT pgroll_c.start_migration('04_prepare', '{"operations": [{"add_column": {"table": "thing", "column": {"name": "x", "type": "int"}, "up": "1"}}]}');
ROLLBACK TO s;
PREPARE TRANSACTION 'nothing';
COMMIT PREPARED 'nothing';
BEGIN;
CALL pgroll_c.wait_for_migration(); -- fails
ROLLBACK;
BEGIN;
CALL pgroll_c.run_tasks(); -- fails
ROLLBACK;
BEGIN READ ONLY;
SELECT pgroll_c.start_migration('04_read_only', '{"operations": [{"rename_table": {"from": "thing", "to": "item"}}]}'); -- fails
ROLLBACK;

--
-- one at a time; a name that was rolled back is free again, one that was
-- completed is not
--
SELECT pgroll_c.start_migration('04_fourth', '{"operations": [{"rename_table": {"from": "thing", "to": "item"}}]}');
SELECT pgroll_c.start_migration('05_fifth', '{"operations": [{"rename_table": {"from": "item", "to": "thing"}}]}'); -- fails
SELECT pgroll_c.rollback_migration();
SELECT pgroll_c.start_migration('04_fourth', '{"operations": [{"rename_table": {"from": "thing", "to": "object"}}]}');
SELECT pgroll_c.complete_migration();
SELECT pgroll_c.start_migration('04_fourth', '{"operations": [{"rename_table": {"from": "thing", "to": "object"}}]}'); -- fails
SELECT pgroll_c.complete_migration(); -- fails
SELECT pgroll_c.rollback_migration(); -- fails

--
-- migrate(): all of it, once
--
SET client_min_messages = warning;	-- on a slow machine it says how far it is
CALL pgroll_c.migrate('05_all', '{"operations": [{"alter_column": {"table": "object", "column": "size", "type": "bigint", "up": "size * 10", "down": "size / 10"}}]}');
RESET client_min_messages;
CALL pgroll_c.migrate('05_all', '{"operations": [{"alter_column": {"table": "object", "column": "size", "type": "bigint", "up": "size * 10", "down": "size / 10"}}]}');
CALL pgroll_c.migrate('05_all', '{"operations": [{"drop_table": {"name": "object"}}]}'); -- fails
SELECT pgroll_c.start_migration('06_begun', '{"operations": [{"rename_table": {"from": "object", "to": "item"}}]}');
CALL pgroll_c.migrate('06_begun', '{"operations": [{"rename_table": {"from": "object", "to": "item"}}]}');
CALL pgroll_c.migrate('07_bad', '{"operations": [{"drop_table": {"name": "object"}}]}'); -- fails
SET client_min_messages = warning;	-- on a slow machine it says how far it is
CALL pgroll_c.migrate('07_fails', '{"operations": [{"alter_column": {"table": "item", "column": "name", "type": "int", "up": "name::int", "down": "name::text"}}]}'); -- fails
RESET client_min_messages;
SELECT state, tasks_failed, last_error FROM pgroll_c.status();
SELECT pgroll_c.complete_migration(); -- fails
SELECT pgroll_c.rollback_migration();
SELECT id, size FROM public_06_begun.item ORDER BY id;

--
-- what the view tells; version_schema of the document; one version is left
--
SELECT pgroll_c.start_migration('08_named', '{"name": "08_named", "version_schema": "blue", "operations": [{"rename_table": {"from": "item", "to": "thing"}}]}');
SELECT pgroll_c.latest_version();
SELECT pgroll_c.complete_migration();
SELECT name, state, version_schema, parent, started_by, completed_by, rolled_back_by, retired,
	ready_at >= started_at AS ready, completed_at >= ready_at AS completed, rolled_back_at >= started_at AS rolled_back,
	document IS NOT NULL AS document
FROM pgroll_c.migrations ORDER BY id;
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'public\_%' ORDER BY 1;

--
-- base schemas are independent of each other
--
CREATE SCHEMA left_side;
CREATE SCHEMA right_side;
CREATE TABLE left_side.item (id int PRIMARY KEY, v int);
CREATE TABLE right_side.item (id int PRIMARY KEY, w text);
INSERT INTO left_side.item VALUES (1, 1);
INSERT INTO right_side.item VALUES (1, '1');
SELECT pgroll_c.baseline('01_base', 'left_side');
SELECT pgroll_c.baseline('01_base', schema => 'right_side');
SELECT pgroll_c.start_migration('02_change', '{"operations": [{"alter_column": {"table": "item", "column": "v", "type": "text", "up": "v::text", "down": "v::int"}}]}', 'left_side');
SELECT pgroll_c.start_migration('02_change', '{"operations": [{"alter_column": {"table": "item", "column": "w", "type": "int", "up": "w::int", "down": "w::text"}}]}', schema => 'right_side');
SELECT pgroll_c.start_migration('09_here', '{"operations": [{"rename_table": {"from": "thing", "to": "item"}}]}');
CALL pgroll_c.run_tasks('left_side');
SET client_min_messages = warning;
CALL pgroll_c.wait_for_migration('right_side');
RESET client_min_messages;
INSERT INTO left_side_02_change.item VALUES (2, '2');
INSERT INTO right_side_02_change.item VALUES (2, 2);
TABLE left_side_01_base.item ORDER BY id;
TABLE right_side_01_base.item ORDER BY id;
SELECT pgroll_c.complete_migration('left_side');
SELECT pgroll_c.rollback_migration('right_side');
SELECT pgroll_c.complete_migration();
SELECT schema, migration, state FROM pgroll_c.status('left_side')
UNION ALL SELECT schema, migration, state FROM pgroll_c.status('right_side')
UNION ALL SELECT schema, migration, state FROM pgroll_c.status();
SELECT pgroll_c.latest_version('left_side'), pgroll_c.latest_version('right_side'), pgroll_c.latest_version();
TABLE left_side.item ORDER BY id;
TABLE right_side.item ORDER BY id;

-- a version that its owner has dropped is none: the one before has gone already
DROP SCHEMA left_side_02_change CASCADE;
SELECT pgroll_c.latest_version('left_side') IS NULL AS none;
SELECT pgroll_c.start_migration('03_last', '{"operations": [{"rename_table": {"from": "item", "to": "thing"}}]}', 'left_side');
SELECT pgroll_c.latest_version('left_side'), previous_version_schema FROM pgroll_c.status('left_side');
SELECT pgroll_c.rollback_migration('left_side') IS NULL AS none;
SELECT pgroll_c.latest_version('left_side') IS NULL AS none;

--
-- DROP EXTENSION: refused while a migration is active, version schemas stay
--
SELECT pgroll_c.start_migration('10_last', '{"operations": [{"add_column": {"table": "item", "column": {"name": "extra", "type": "int"}, "up": "id"}}]}');
RESET ROLE;
\t \a
SELECT test.error_of('DROP EXTENSION pgroll_c');
SET ROLE regress_owner;
SELECT pgroll_c.rollback_migration();
SELECT pgroll_c.start_migration('10_rename', '{"operations": [{"rename_column": {"table": "item", "from": "name", "to": "label"}}]}');
RESET ROLE;
SELECT test.error_of('DROP EXTENSION pgroll_c');
SET ROLE regress_owner;
SELECT pgroll_c.rollback_migration();
\t \a
SELECT pgroll_c.start_migration('10_last', '{"operations": [{"add_column": {"table": "item", "column": {"name": "extra", "type": "int"}, "up": "id"}}]}');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
RESET ROLE;
DROP EXTENSION pgroll_c;
SET ROLE regress_owner;
INSERT INTO public_10_last.item (id, name, size, extra) VALUES (99, 'after', 5, 1);
SELECT id, name, extra FROM public_10_last.item WHERE id = 99;
RESET ROLE;
CREATE EXTENSION pgroll_c;

\i test/include/teardown.sql
