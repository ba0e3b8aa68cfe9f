-- The operation sql: up, down, onComplete; its text is the user's own affair,
-- runs with the user's rights, and is resolved in the base schema.
\i test/include/setup.sql

CREATE TABLE item (id int PRIMARY KEY, name text);
INSERT INTO item VALUES (1, 'one');
CREATE SCHEMA plain;
CREATE TABLE plain.item (LIKE item INCLUDING ALL);
SELECT pgroll_c.baseline('01_base');

--
-- several statements; the new version's views show what they made
--
\set migration '{"operations": [{"sql": {"up": "CREATE TABLE part (id int PRIMARY KEY); INSERT INTO part VALUES (1); ALTER TABLE item ADD size int; CREATE VIEW parts AS SELECT * FROM part", "down": "DROP VIEW parts; DROP TABLE part; ALTER TABLE item DROP size"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('02_sql', :'migration');
SELECT state, tasks_open FROM pgroll_c.status();
INSERT INTO public_02_sql.part VALUES (2);
INSERT INTO public_02_sql.item VALUES (2, 'two', 22);
INSERT INTO public_01_base.item VALUES (3, 'three');
TABLE public_01_base.item ORDER BY id;
TABLE public_02_sql.item ORDER BY id;
TABLE public_02_sql.parts ORDER BY id;
SELECT to_regclass('public_01_base.part') AS hidden;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('02_sql', :'migration');
SELECT pgroll_c.complete_migration();
CREATE TABLE plain.part (id int PRIMARY KEY);
ALTER TABLE plain.item ADD size int;
CREATE VIEW plain.parts AS SELECT * FROM plain.part;
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- without down, a rollback says what stays
--
SELECT pgroll_c.start_migration('03_no_down', '{"operations": [{"sql": {"up": "CREATE TABLE left_over ()"}}]}');
SELECT pgroll_c.rollback_migration();
SELECT to_regclass('public.left_over');
DROP TABLE left_over;

--
-- onComplete: beside other operations, run at completion, after those before it
-- and before those after it
--
ALTER TABLE item ADD CHECK (size >= 0);
ALTER TABLE plain.item ADD CHECK (size >= 0);
CREATE TABLE gone (id int);
\set migration '{"operations": [{"rename_column": {"table": "item", "from": "name", "to": "title"}}, {"add_column": {"table": "item", "column": {"name": "length", "type": "int", "nullable": true}, "up": "length(title)"}}, {"alter_column": {"table": "item", "column": "size", "nullable": false, "up": "coalesce(size, 0)"}}, {"rename_table": {"from": "part", "to": "piece"}}, {"sql": {"up": "CREATE INDEX item_title ON item (title); ALTER TABLE item ADD extra text DEFAULT ''x''; COMMENT ON CONSTRAINT item_size_check ON item IS ''c''; INSERT INTO piece SELECT count(*) + 100 FROM gone", "onComplete": true}}, {"drop_table": {"name": "gone"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('04_on_complete', :'migration');
CALL pgroll_c.run_tasks();
SELECT to_regclass('item_title') AS not_yet;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('04_on_complete', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.item RENAME name TO title;
ALTER TABLE plain.item ADD length int, ADD extra text DEFAULT 'x';
CREATE INDEX item_title ON plain.item (title);
ALTER TABLE plain.part RENAME TO piece;
COMMENT ON CONSTRAINT item_size_check ON plain.item IS 'c';
UPDATE plain.item SET size = 0;
ALTER TABLE plain.item ALTER size SET NOT NULL;
SELECT * FROM test.differences('public', 'plain'); -- no rows
TABLE public_04_on_complete.item ORDER BY id;
INSERT INTO public_04_on_complete.item (id, title) VALUES (4, 'four'); -- fails
INSERT INTO public_04_on_complete.item (id, title, size) VALUES (4, 'four', 4) RETURNING *;
TABLE public_04_on_complete.piece ORDER BY id;

--
-- what fails undoes the whole start, the whole completion
--
CALL test.remember();
\t \a
SELECT test.error('{"operations": [{"sql": {"up": ""}}]}');
SELECT test.error('{"operations": [{"sql": {"up": "-- nothing"}}]}');
SELECT test.error('{"operations": [{"sql": {"up": "CREATE TABL a ()"}}]}');
SELECT test.error('{"operations": [{"sql": {"up": "CREATE TABLE a ()", "down": "DROP TABL a"}}]}');
SELECT test.error('{"operations": [{"sql": {"up": "COMMIT"}}]}');
SELECT test.error('{"operations": [{"sql": {"up": "SELECT 1; ROLLBACK; SELECT 2"}}]}');
-- what only shows when it runs
SELECT test.error_of($$SELECT pgroll_c.start_migration('05_fail', '{"operations": [{"sql": {"up": "CREATE TABLE a (); SELECT 1 / 0"}}]}')$$);
SELECT test.error_of($$SELECT pgroll_c.start_migration('05_fail', '{"operations": [{"sql": {"up": "ALTER TABLE nothing ADD x int"}}]}')$$);
SELECT test.error_of($$SELECT pgroll_c.start_migration('05_fail', '{"operations": [{"sql": {"up": "DO ''BEGIN COMMIT; END''"}}]}')$$);
SELECT test.error_of($$SELECT pgroll_c.start_migration('05_fail', '{"operations": [{"sql": {"up": "COPY item TO STDOUT"}}]}')$$);
SELECT regexp_replace(test.error_of($$SELECT pgroll_c.start_migration('05_fail', '{"operations": [{"sql": {"up": "SELECT pgroll_c.baseline(''x'')"}}]}')$$), 'started at .* by', 'started at … by');
SELECT test.error_of($$SELECT pgroll_c.start_migration('05_fail', '{"operations": [{"sql": {"up": "SELECT pgroll_c.rollback_migration()", "down": "SELECT 1"}}]}')$$);
\t \a
SELECT * FROM test.changes(); -- no rows

SELECT pgroll_c.start_migration('05_late', '{"operations": [{"rename_column": {"table": "item", "from": "title", "to": "name"}}, {"sql": {"up": "CREATE TABLE a (); SELECT 1 / 0", "onComplete": true}}]}');
CALL test.remember();
SELECT pgroll_c.complete_migration(); -- fails
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.rollback_migration();

-- what would keep the old version from being dropped is refused at once
SELECT version_schema AS old FROM pgroll_c.migrations WHERE NOT retired AND state = 'completed' ORDER BY started_at DESC LIMIT 1 \gset
\set uses_old '{"operations": [{"sql": {"up": "CREATE VIEW public.uses_old AS SELECT * FROM ' :old '.item", "down": "DROP VIEW public.uses_old"}}]}'
SELECT pgroll_c.start_migration('06_uses', :'uses_old'); -- fails

-- a down that fails undoes the rollback
SELECT pgroll_c.start_migration('06_down', '{"operations": [{"sql": {"up": "CREATE TABLE a ()", "down": "DROP TABLE b"}}]}');
CALL test.remember();
SELECT pgroll_c.rollback_migration(); -- fails
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.complete_migration();

--
-- the user's own session: settings that it makes last as usual, role and
-- search_path are as the caller's afterwards
--
SET search_path = pg_catalog;
SELECT pgroll_c.start_migration('07_path', '{"operations": [{"sql": {"up": "CREATE TABLE placed (); SET LOCAL work_mem = ''77MB''", "down": "DROP TABLE placed"}}]}');
SHOW search_path;
RESET search_path;
SET search_path = public;
SELECT 'public.placed'::regclass;
SELECT pgroll_c.rollback_migration();

-- it has no more rights than its role
SELECT pgroll_c.start_migration('08_rights', '{"operations": [{"sql": {"up": "DELETE FROM pgroll_c.migration"}}]}'); -- fails

\i test/include/teardown.sql
