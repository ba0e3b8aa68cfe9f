-- Who may open a migration, whose rights its statements have, and who may see a
-- version.
CREATE EXTENSION pgroll_c;
CREATE ROLE regress_privileges_owner;
CREATE ROLE regress_privileges_stranger;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_privileges_owner, regress_privileges_stranger;
CREATE SCHEMA app AUTHORIZATION regress_privileges_owner;
GRANT USAGE ON SCHEMA app TO regress_privileges_stranger;
SET client_min_messages = warning;

-- one who owns nothing there can't be in the owner's way
SET ROLE regress_privileges_stranger;
SELECT pgroll_c.start_migration('01', '{"operations": [{"sql": {"up": "SELECT 1"}}]}', 'app');	-- fails
SELECT pgroll_c.baseline('01', 'app');	-- fails

-- a version schema is for those whom the base schema is for
RESET ROLE;
REVOKE USAGE ON SCHEMA app FROM regress_privileges_stranger;
SET ROLE regress_privileges_owner;
CREATE TABLE app.t (id int PRIMARY KEY, s text);
GRANT SELECT ON app.t TO PUBLIC;
CREATE TABLE app.closed (id int);
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO regress_privileges_stranger;
SELECT pgroll_c.baseline('01', 'app');
SELECT has_schema_privilege('regress_privileges_stranger', 'app_01', 'USAGE') AS schema,
	has_table_privilege('regress_privileges_stranger', 'app_01.t', 'SELECT') AS t,
	has_table_privilege('regress_privileges_stranger', 'app_01.t', 'INSERT') AS t_insert,
	has_table_privilege('regress_privileges_stranger', 'app_01.closed', 'SELECT') AS closed;

-- nor do functions in a query see rows that are not shown
SET ROLE regress_privileges_stranger;
CREATE FUNCTION pg_temp.leak(name) RETURNS boolean COST 0.0001 LANGUAGE plpgsql AS
	'BEGIN RAISE WARNING ''saw %'', $1; RETURN true; END';
SELECT count(*) FROM pgroll_c.migrations WHERE pg_temp.leak(schema);
SET ROLE regress_privileges_owner;

-- nobody runs another's statements with rights of his own
SELECT pgroll_c.start_migration('02', '{"operations": [{"sql":
	{"up": "CREATE ROLE regress_privileges_bad SUPERUSER", "onComplete": true}}]}', 'app');
RESET ROLE;
SELECT pgroll_c.complete_migration('app');	-- fails
SET ROLE regress_privileges_owner;
\set VERBOSITY sqlstate
SELECT pgroll_c.complete_migration('app');	-- fails
\set VERBOSITY default
SELECT pgroll_c.rollback_migration('app');
SELECT pgroll_c.start_migration('03', '{"operations": [{"sql":
	{"up": "SELECT 1", "down": "CREATE ROLE regress_privileges_bad SUPERUSER"}}]}', 'app');
RESET ROLE;
SELECT pgroll_c.rollback_migration('app');	-- fails
SET ROLE regress_privileges_owner;
SELECT pgroll_c.complete_migration('app');

-- what depends on the version that a completion would retire is said at once
CREATE VIEW app.reads AS SELECT id FROM app_03.t;
SELECT pgroll_c.start_migration('04', '{"operations": [{"rename_column":
	{"table": "t", "from": "s", "to": "text"}}]}', 'app');	-- fails
DROP VIEW app.reads;

-- a NOT NULL that is there from the start names the column as all know it
SELECT pgroll_c.start_migration('04', '{"operations": [{"add_column": {"table": "t",
	"column": {"name": "n", "type": "int", "default": "3"}}}]}', 'app');
INSERT INTO app_04.t VALUES (1, 'x', NULL);	-- fails
SELECT pgroll_c.complete_migration('app');

-- what is granted on a column in flight is granted on its new form, whoever does
ALTER TABLE app.t ADD secret text;
SELECT pgroll_c.start_migration('05', '{"operations": [{"alter_column": {"table": "t",
	"column": "n", "type": "bigint", "up": "n", "down": "n"}}]}', 'app');
CALL pgroll_c.run_tasks('app');
INSERT INTO app_05.t VALUES (1, 'x', 7);
REVOKE ALL ON app.t, app_04.t, app_05.t FROM PUBLIC, regress_privileges_stranger;
GRANT USAGE ON SCHEMA app, app_04, app_05 TO regress_privileges_stranger;
GRANT UPDATE (n), SELECT (n) ON app_04.t, app_05.t TO regress_privileges_stranger;
SET ROLE regress_privileges_stranger;
UPDATE app_05.t SET n = 8;						-- fails
RESET ROLE;
SET ROLE regress_privileges_owner;
GRANT UPDATE (n) ON app.t TO regress_privileges_stranger WITH GRANT OPTION;
SET ROLE regress_privileges_stranger;
UPDATE app_05.t SET n = 8;
UPDATE app_04.t SET n = 9;
GRANT UPDATE (n) ON app.t TO PUBLIC;
RESET ROLE;
SELECT n.attname = 'n' AS is_old, a.grantee::regrole, a.privilege_type, a.is_grantable
	FROM pg_attribute n, aclexplode(n.attacl) a
	WHERE n.attrelid = 'app.t'::regclass ORDER BY 1, a.grantee::regrole::text COLLATE "C";
SET ROLE regress_privileges_owner;
REVOKE UPDATE (n) ON app.t FROM regress_privileges_stranger CASCADE;
SET ROLE regress_privileges_stranger;
UPDATE app_05.t SET n = 8;						-- fails
RESET ROLE;
SET ROLE regress_privileges_owner;
SELECT n FROM app_05.t;							-- 9
SELECT pgroll_c.complete_migration('app');

-- a role that is renamed keeps its migration
RESET ROLE;
ALTER ROLE regress_privileges_owner RENAME TO regress_privileges_renamed;
SET ROLE regress_privileges_renamed;
SELECT pgroll_c.start_migration('06', '{"operations": [
	{"alter_column": {"table": "t", "column": "n", "type": "smallint", "up": "n / 0", "down": "n"}}]}', 'app');
RESET ROLE;
ALTER ROLE regress_privileges_renamed RENAME TO regress_privileges_owner;
SET ROLE regress_privileges_owner;
CALL pgroll_c.run_tasks('app');					-- fails
SELECT last_error FROM pgroll_c.status('app');
CREATE INDEX added ON app.t (n);
DELETE FROM app.t;
SELECT pgroll_c.retry_migration('app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');

-- what others call as an index of ours neither goes nor stands in the way
\set migration '{"operations": [{"create_index": {"table": "t", "name": "t_n", "columns": ["n"]}}]}'
RESET ROLE;
CREATE SCHEMA baits AUTHORIZATION regress_privileges_stranger;
SELECT max(id) + 1 AS next FROM pgroll_c.migration \gset
SELECT format('_pgroll_c_%s_00000000n_x', :next) AS bait \gset
SET ROLE regress_privileges_stranger;
CREATE TABLE baits.one (a int, CONSTRAINT :"bait" UNIQUE (a));
SET ROLE regress_privileges_owner;
SELECT pgroll_c.start_migration('07', :'migration', 'app');
CALL pgroll_c.run_tasks('app');
SELECT relname AS built FROM pg_class WHERE relname ~ format('^_pgroll_c_%s_\w{8}n_t_n$', :next) \gset
SET ROLE regress_privileges_stranger;
CREATE TABLE baits.two (a int);
CREATE INDEX :"built" ON baits.two (a);
SET ROLE regress_privileges_owner;
SELECT pgroll_c.rollback_migration('app');
SELECT indrelid::regclass::text FROM pg_index WHERE indexrelid::regclass::text ~ 'n_(x|t_n)$' ORDER BY 1;
-- the very name, in the schema: the index can't be built, and the rollback leaves the other's
RESET ROLE;
GRANT CREATE ON SCHEMA app TO regress_privileges_stranger;
SELECT replace(:'built', format('_%s_', :next), format('_%s_', :next + 1)) AS bait \gset
SET ROLE regress_privileges_stranger;
CREATE TABLE app.bait (a int);
CREATE INDEX :"bait" ON app.bait (a);
SET ROLE regress_privileges_owner;
SELECT pgroll_c.start_migration('07', :'migration', 'app');
\set VERBOSITY sqlstate
CALL pgroll_c.run_tasks('app');					-- fails
\set VERBOSITY default
SELECT pgroll_c.rollback_migration('app');
SELECT indisvalid FROM pg_index WHERE indrelid = 'app.bait'::regclass;
-- nor do they stop a completion
RESET ROLE;
SELECT format('_pgroll_c_%s_00000000n_x', :next + 2) AS bait \gset
SET ROLE regress_privileges_stranger;
CREATE INDEX :"bait" ON app.bait (a);
SET ROLE regress_privileges_owner;
SELECT pgroll_c.start_migration('07', :'migration', 'app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'app.t'::regclass ORDER BY 1;
RESET ROLE;
DROP SCHEMA baits CASCADE;

-- … constraints, columns, triggers: what a stranger gives such names to stops nobody, and stays
SELECT max(id) + 1 AS next FROM pgroll_c.migration \gset
SET ROLE regress_privileges_stranger;
CREATE FUNCTION app.lure() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TABLE app.lure (a int CONSTRAINT lure_00000000_key PRIMARY KEY, b int REFERENCES app.lure,
	c int CONSTRAINT lure_00000000_check CHECK (c > 0), lure_pending bool, lure_1_s text,
	CONSTRAINT lure_00000000_fkey FOREIGN KEY (b) REFERENCES app.lure);
CREATE VIEW app.lured AS SELECT lure_pending FROM app.lure;
CREATE TRIGGER "!pgroll_c_dual_write" BEFORE INSERT ON app.lure FOR EACH ROW EXECUTE FUNCTION app.lure();
RESET ROLE;
-- says how the names of the next migration begin
CREATE FUNCTION app.lure_with(prefix text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	command text;
BEGIN
	FOR command IN SELECT format('ALTER TABLE app.lure RENAME %I TO %I', attname, regexp_replace(attname, '^(lure|_pgroll_c_\d+)_', prefix))
		FROM pg_attribute WHERE attrelid = 'app.lure'::regclass AND attname ~ '^(lure|_pgroll)'
		UNION ALL SELECT format('ALTER TABLE app.lure RENAME CONSTRAINT %I TO %I', conname, regexp_replace(conname, '^(lure|_pgroll_c_\d+)_', prefix))
		FROM pg_constraint WHERE conrelid = 'app.lure'::regclass AND conname ~ '^(lure|_pgroll_c_\d+)_0'
	LOOP
		EXECUTE command;
	END LOOP;
END $$;
SELECT app.lure_with(format('_pgroll_c_%s_', :next));
\set migration '{"operations": [{"alter_column": {"table": "t", "column": "s", "type": "varchar(9)", "up": "s", "down": "s"}}]}'
SET ROLE regress_privileges_owner;
SELECT pgroll_c.start_migration('08', :'migration', 'app');
SELECT count(*) FROM pgroll_c.plan_migration('08', :'migration', 'app') WHERE command ~ '(TABLE|ON) app.lure';
SELECT pgroll_c.rollback_migration('app');
RESET ROLE;
SELECT app.lure_with(format('_pgroll_c_%s_', :next + 1));
SET ROLE regress_privileges_owner;
SELECT pgroll_c.start_migration('08', :'migration', 'app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT count(*) FILTER (WHERE attname ~ '^_pgroll') FROM pg_attribute WHERE attrelid = 'app.lure'::regclass;
SELECT tgname FROM pg_trigger WHERE tgrelid = 'app.lure'::regclass AND NOT tgisinternal;

-- … nor are materialized views that a stranger names so taken for ours
RESET ROLE;
SELECT max(id) + 1 AS next FROM pgroll_c.migration \gset
CREATE SCHEMA lures AUTHORIZATION regress_privileges_stranger;
SET ROLE regress_privileges_stranger;
SELECT format('_pgroll_c_%s_lure', :next) AS first, format('_pgroll_c_%s_lure', :next + 1) AS second \gset
CREATE MATERIALIZED VIEW lures.:"first" AS SELECT 1 AS a;
CREATE MATERIALIZED VIEW lures.:"second" AS SELECT 1 AS a;
\set migration '{"operations": [{"alter_column": {"table": "t", "column": "s", "type": "text", "up": "s", "down": "s"}}]}'
SET ROLE regress_privileges_owner;
CREATE MATERIALIZED VIEW app.m AS SELECT s FROM app.t;
SELECT pgroll_c.start_migration('09', :'migration', 'app');
CALL pgroll_c.run_tasks('app');
SELECT relname AS made FROM pg_class WHERE relname ~ '^_pgroll_c_.*m$' AND relkind = 'm' \gset
RESET ROLE;
CREATE MATERIALIZED VIEW lures.:"made" AS SELECT 1 AS a;
SET ROLE regress_privileges_owner;
SELECT pgroll_c.rollback_migration('app');
SELECT pgroll_c.start_migration('09', :'migration', 'app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT relnamespace::regnamespace, count(*) FROM pg_class WHERE relkind = 'm' GROUP BY 1 ORDER BY 1::text;
RESET ROLE;
DROP SCHEMA lures CASCADE;

-- a base schema that is made anew begins a new line
RESET ROLE;
DROP SCHEMA app, app_09 CASCADE;
CREATE SCHEMA app AUTHORIZATION regress_privileges_owner;
SET ROLE regress_privileges_owner;
CREATE TABLE app.t (id int);
SELECT pgroll_c.baseline('new', 'app');

ALTER DEFAULT PRIVILEGES REVOKE USAGE ON SCHEMAS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM regress_privileges_stranger;
RESET ROLE;
DROP OWNED BY regress_privileges_owner, regress_privileges_stranger CASCADE;
DROP ROLE regress_privileges_owner, regress_privileges_stranger;
