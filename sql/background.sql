-- Background work as users see it: waiting, working, retrying, and who may.
CREATE EXTENSION pgroll_c;
CREATE ROLE regress_owner;
CREATE ROLE regress_member IN ROLE regress_owner;
CREATE ROLE regress_app;
CREATE SCHEMA app AUTHORIZATION regress_owner;
GRANT USAGE ON SCHEMA app TO regress_app;
DO $$ BEGIN
	EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_owner', current_database());
END $$;
\set migration '''{"operations": [{"alter_column": {"table": "people", "column": "age", "type": "integer", "up": "(100 / age::integer)", "down": "age::text"}}]}'''

-- nothing to wait for, to work on or to tell
CALL pgroll_c.wait_for_migration('app'); -- fails
CALL pgroll_c.run_tasks('app'); -- fails
SELECT pgroll_c.retry_migration('app'); -- fails
CALL pgroll_c.wait_for_migration(NULL); -- fails
CALL pgroll_c.wait_for_migration('nowhere'); -- fails
SELECT * FROM pgroll_c.status('app');
SELECT pgroll_c.latest_version('app');

-- a role without LOGIN, which owns the table, and is under row-level security
SET ROLE regress_owner;
CREATE TABLE app.people (id int PRIMARY KEY, age text);
INSERT INTO app.people SELECT i, i::text FROM generate_series(0, 9) i;
CREATE INDEX ON app.people (age);
ALTER TABLE app.people ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.people FORCE ROW LEVEL SECURITY;
CREATE POLICY late ON app.people USING (id > 5);
GRANT SELECT ON app.people TO regress_app;
SELECT pgroll_c.start_migration('02_age', :migration, schema => 'app');

SET client_min_messages = warning;	-- on a slow machine it says how far it is
-- it cannot be waited for where its work would wait for us
BEGIN;
CALL pgroll_c.wait_for_migration('app'); -- fails
ROLLBACK;
BEGIN;
CALL pgroll_c.run_tasks('app'); -- fails
ROLLBACK;
CREATE FUNCTION app.wait() RETURNS void LANGUAGE plpgsql AS
	$$ BEGIN CALL pgroll_c.wait_for_migration('app'); END $$;
SELECT app.wait(); -- fails

-- the row that fails is one that the owner's policy hides
CALL pgroll_c.wait_for_migration('app'); -- fails
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM pgroll_c.status('app');
SELECT migration, relation, task, object, state, rows_done, last_error
FROM pgroll_c.progress WHERE schema = 'app' ORDER BY task_id LIMIT 1;

-- others see that it failed, but not the row's key, and cannot touch it
SET ROLE regress_app;
SELECT migration, state, tasks_failed, last_error FROM pgroll_c.status('app');
SELECT task, state, last_error FROM pgroll_c.progress ORDER BY task_id LIMIT 1;
CALL pgroll_c.wait_for_migration('app'); -- fails
SELECT pgroll_c.retry_migration('app'); -- fails
CALL pgroll_c.run_tasks('app'); -- fails
SELECT count(*) FROM pgroll_c.task; -- fails

-- who may not use the schema sees nothing
RESET ROLE;
REVOKE USAGE ON SCHEMA app FROM regress_app;
SET ROLE regress_app;
SELECT count(*) FROM pgroll_c.migrations;
SELECT count(*) FROM pgroll_c.progress;
SELECT * FROM pgroll_c.status('app');

-- a member of the role that started it may go on
SET ROLE regress_member;
DELETE FROM app.people WHERE id = 0; -- hidden by the policy
SELECT pgroll_c.retry_migration('app');
CALL pgroll_c.run_tasks('app'); -- fails
RESET ROLE;
DELETE FROM app.people WHERE id = 0;
SET ROLE regress_member;
SELECT pgroll_c.retry_migration('app');
CALL pgroll_c.run_tasks('app');
CALL pgroll_c.run_tasks('app');
CALL pgroll_c.wait_for_migration('app');
SELECT migration, state, version_schema, tasks_open, tasks_failed, rows_done, last_error
FROM pgroll_c.status('app');
SELECT pgroll_c.latest_version('app');
SELECT count(*) FROM pgroll_c.progress;
SELECT schema, name, state, version_schema, parent, started_by, ready_at >= started_at AS in_order
FROM pgroll_c.migrations;
RESET ROLE;
SELECT * FROM app_02_age.people ORDER BY id;
SELECT pgroll_c.retry_migration('app'); -- nothing failed
SELECT state FROM pgroll_c.migrations;

-- procedures can be called where transactions can be ended
SET ROLE regress_owner;
SELECT pgroll_c.rollback_migration('app');
SELECT pgroll_c.start_migration('02_age', :migration, schema => 'app');
DO $$ BEGIN CALL pgroll_c.wait_for_migration('app'); END $$;
SELECT migration, state FROM pgroll_c.status('app');
SELECT pgroll_c.complete_migration('app');
CALL pgroll_c.wait_for_migration('app');
CALL pgroll_c.run_tasks('app');
\d app.people
RESET ROLE;

-- errors of what the tasks make have the names that applications know
SET ROLE regress_owner;
CREATE TABLE app.codes (id int PRIMARY KEY,
	code text CONSTRAINT codes_code_key UNIQUE,
	n text NOT NULL CONSTRAINT codes_n_check CHECK (n <> '5'));
INSERT INTO app.codes SELECT i, i, i FROM generate_series(10, 15) i;
SELECT pgroll_c.start_migration('03_code', '{"operations": [{"alter_column": {"table": "codes", "column": "code", "type": "integer", "up": "code::integer / 10", "down": "code::text"}}]}', schema => 'app');
CALL pgroll_c.wait_for_migration('app'); -- fails
SELECT pgroll_c.rollback_migration('app');
SELECT pgroll_c.start_migration('03_n', '{"operations": [{"alter_column": {"table": "codes", "column": "n", "type": "varchar(10)", "up": "replace(n, ''1'', '''')", "down": "n"}}]}', schema => 'app');
CALL pgroll_c.wait_for_migration('app'); -- fails
SELECT pgroll_c.rollback_migration('app');
SELECT pgroll_c.start_migration('03_n', '{"operations": [{"alter_column": {"table": "codes", "column": "n", "type": "varchar(10)", "up": "nullif(n, ''12'')", "down": "n"}}]}', schema => 'app');
CALL pgroll_c.wait_for_migration('app'); -- fails
SELECT pgroll_c.rollback_migration('app');

-- so has one that looks like a cancel request
CREATE FUNCTION app.up(n text) RETURNS text LANGUAGE plpgsql AS
	$$ BEGIN IF n = '10' THEN RAISE query_canceled USING MESSAGE = 'not today'; END IF; RETURN n; END $$;
SELECT pgroll_c.start_migration('03_n', '{"operations": [{"alter_column": {"table": "codes", "column": "n", "type": "varchar(10)", "up": "app.up(n)", "down": "n"}}]}', schema => 'app');
CALL pgroll_c.wait_for_migration('app'); -- fails
SELECT pgroll_c.rollback_migration('app');
RESET ROLE;

-- a migration cannot be prepared, its worker would start from nowhere
BEGIN;
SET LOCAL ROLE regress_owner;
SELECT pgroll_c.start_migration('03_back', '{"operations": [{"alter_column": {"table": "people", "column": "age", "type": "text", "up": "age::text", "down": "age::integer"}}]}', schema => 'app');
PREPARE TRANSACTION 'p'; -- fails
SELECT name, state FROM pgroll_c.migrations ORDER BY id;

-- no row of a partition is written where no new column is to be filled
CREATE SCHEMA parts;
CREATE TABLE parts.log (id int, a text, b text) PARTITION BY LIST (id);
CREATE TABLE parts.log_1 PARTITION OF parts.log FOR VALUES IN (1);
INSERT INTO parts.log VALUES (1, 'a', 'b');
SELECT pgroll_c.start_migration('01', '{"operations": [
	{"drop_column": {"table": "log", "column": "a", "down": "b"}},
	{"alter_column": {"table": "log", "column": "b", "check": {"name": "ck", "constraint": "b <> ''''"}, "up": "b", "down": "b"}}]}', 'parts');
CALL pgroll_c.run_tasks('parts');
SELECT kind, relation, state FROM pgroll_c.task WHERE relation::text LIKE 'parts.%';	-- the validation alone
SELECT pgroll_c.complete_migration('parts');

DROP SCHEMA app, app_02_age CASCADE;
DROP EXTENSION pgroll_c;
DO $$ BEGIN
	EXECUTE format('REVOKE ALL ON DATABASE %I FROM regress_owner', current_database());
END $$;
DROP ROLE regress_member, regress_app, regress_owner;
