-- What others do to the tables while a migration is in progress is refused
-- with a message that says why, or mended; either way nothing is lost.
CREATE EXTENSION pgroll_c;
CREATE ROLE regress_ddl_guard;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_ddl_guard;
CREATE SCHEMA app AUTHORIZATION regress_ddl_guard;
SET ROLE regress_ddl_guard;
SET search_path = app;
SET client_min_messages = warning;

CREATE FUNCTION app.doubled(int) RETURNS int
	LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
CREATE TABLE users (id int PRIMARY KEY, name text, points int);
CREATE TABLE bystander (id int);
CREATE TABLE events (id int, points int) PARTITION BY RANGE (id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
INSERT INTO events VALUES (1, 1);
INSERT INTO users SELECT g, 'n' || g, g FROM generate_series(1, 5) g;
SELECT pgroll_c.baseline('01', schema => 'app');

-- no migration is in progress: everything goes on
ALTER TABLE bystander RENAME id TO id2;
ALTER TABLE bystander RENAME id2 TO id;

SELECT pgroll_c.start_migration('02', '{"operations": [{"alter_column":
	{"table": "users", "column": "points", "type": "bigint",
	 "up": "app.doubled(points)", "down": "points / 2"}}, {"alter_column":
	{"table": "events", "column": "points", "type": "bigint",
	 "up": "app.doubled(points)", "down": "points / 2"}}]}', 'app');
CALL pgroll_c.run_tasks('app');
SELECT * FROM app_02.users ORDER BY id;

CREATE VIEW our_triggers AS
	SELECT tgrelid::regclass AS relation, tgname, tgenabled
	FROM pg_trigger WHERE tgname LIKE '_pgroll_c%';
-- name of the marker and of the shadow
SELECT max(attname) FILTER (WHERE atttypid = 'bool'::regtype) AS marker,
	max(attname) FILTER (WHERE atttypid = 'int8'::regtype) AS shadow
FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname LIKE '\_pgroll%' \gset

--
-- columns
--
ALTER TABLE users RENAME points TO score;		-- fails
ALTER TABLE users RENAME name TO full_name;		-- fails
ALTER TABLE users DROP name;					-- fails
ALTER TABLE users DROP points CASCADE;			-- fails
ALTER TABLE users ALTER points TYPE numeric;	-- fails
-- the names of ours are not printed: they hold the migration's number
\set VERBOSITY sqlstate
ALTER TABLE users DROP :"marker";				-- fails
ALTER TABLE users RENAME :"marker" TO done;		-- fails
ALTER TABLE users ALTER :"marker" DROP DEFAULT;	-- fails
ALTER TABLE users RENAME :"shadow" TO points2;	-- fails
\set VERBOSITY default
ALTER TABLE users ADD nick text;
ALTER TABLE users RENAME nick TO nickname;
ALTER TABLE users DROP nickname;

--
-- tables, views and schemas
--
ALTER TABLE users RENAME TO people;				-- fails
ALTER TABLE users SET SCHEMA public;			-- fails
DROP TABLE users;								-- fails
DROP TABLE users CASCADE;						-- fails
DROP VIEW app_01.users;							-- fails
ALTER VIEW app_02.users RENAME TO people;		-- fails
ALTER VIEW app_02.users RENAME COLUMN points TO score;	-- fails
DROP SCHEMA app_01 CASCADE;						-- fails
ALTER SCHEMA app RENAME TO app2;				-- fails
ALTER SCHEMA app_02 RENAME TO app2;				-- fails
CREATE TABLE newcomer (id int);
ALTER TABLE newcomer RENAME TO late;
DROP TABLE late;

--
-- what the expressions call
--
DROP FUNCTION app.doubled(int);					-- fails
ALTER FUNCTION app.doubled(int) RENAME TO twice;	-- fails
-- their text would find another of the name
CREATE FUNCTION app.doubled(numeric) RETURNS int LANGUAGE sql AS 'SELECT 0';
DROP FUNCTION app.doubled(int);					-- fails
ALTER FUNCTION app.doubled(int) RENAME TO twice;	-- fails
ALTER FUNCTION app.doubled(int) SET SCHEMA public;	-- fails
ALTER ROUTINE app.doubled(int) RENAME TO twice;	-- fails
ALTER FUNCTION app.doubled(numeric) RENAME TO none;
DROP FUNCTION app.none(numeric), app.unknown(int);	-- fails
DROP FUNCTION app.none(numeric);
-- of what is not the role's nothing is told
RESET ROLE;
CREATE ROLE regress_ddl_guard_other;
GRANT USAGE ON SCHEMA app TO regress_ddl_guard_other;
SET ROLE regress_ddl_guard_other;
DROP FUNCTION app.doubled(int);					-- fails
RESET ROLE;
REVOKE USAGE ON SCHEMA app FROM regress_ddl_guard_other;
DROP ROLE regress_ddl_guard_other;
SET ROLE regress_ddl_guard;
CREATE FUNCTION app.other(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
ALTER FUNCTION app.other(int) RENAME TO another;
DROP FUNCTION app.another(int);

--
-- our trigger
--
DROP TRIGGER "!pgroll_c_dual_write" ON users;	-- fails
ALTER TABLE users DISABLE TRIGGER "!pgroll_c_dual_write";	-- fails
ALTER TRIGGER "!pgroll_c_dual_write" ON users RENAME TO mine;	-- fails
ALTER TABLE users DISABLE TRIGGER USER;
ALTER TABLE users ENABLE TRIGGER USER;
SELECT * FROM our_triggers ORDER BY tgname COLLATE "C", relation::text COLLATE "C";

--
-- the user's triggers
--
CREATE FUNCTION app.add_one() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN NEW.points := NEW.points + 1; RETURN NEW; END';
CREATE TRIGGER " too early" BEFORE INSERT ON users
	FOR EACH ROW EXECUTE FUNCTION app.add_one();	-- fails
CREATE TRIGGER "~too late" BEFORE UPDATE ON users
	FOR EACH ROW EXECUTE FUNCTION app.add_one();	-- fails
CREATE TRIGGER add_one BEFORE INSERT ON users
	FOR EACH ROW EXECUTE FUNCTION app.add_one();
SELECT * FROM our_triggers ORDER BY tgname COLLATE "C", relation::text COLLATE "C";
ALTER TRIGGER add_one ON users RENAME TO " add_one";	-- fails
-- its change is carried over to the new version
INSERT INTO app_01.users VALUES (6, 'six', 6);
SELECT points FROM app_01.users WHERE id = 6;	-- 7
SELECT points FROM app_02.users WHERE id = 6;	-- 14
DROP TRIGGER add_one ON users;
\set VERBOSITY sqlstate
CREATE TRIGGER audit AFTER UPDATE OF points ON users
	FOR EACH ROW EXECUTE FUNCTION app.add_one();	-- fails
\set VERBOSITY default

--
-- a child brings rows, which await backfill
--
CALL pgroll_c.run_tasks('app');
SELECT state, tasks_open FROM pgroll_c.status('app');
CREATE TABLE empty_child () INHERITS (users);
CALL pgroll_c.run_tasks('app');
CREATE TABLE child (LIKE users);
INSERT INTO child (id, name, points) VALUES (7, 'seven', 7);
BEGIN;
ALTER TABLE child INHERIT users;
CREATE INDEX child_points ON users (points);
COMMIT;
CALL pgroll_c.run_tasks('app');
CREATE TABLE copy (LIKE users INCLUDING ALL);
SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = 'copy'::regclass AND attnum > 0 AND NOT attisdropped;	-- none of ours
SELECT count(*) FROM pg_index WHERE indrelid = 'copy'::regclass;		-- as many as before
DROP TABLE copy;
DROP INDEX child_points;
SELECT state, tasks_open FROM pgroll_c.status('app');
SELECT * FROM app_02.users ORDER BY id;			-- 14 in row 7
INSERT INTO empty_child (id, name, points) VALUES (8, 'eight', 8);
SELECT * FROM app_02.users WHERE id = 8;		-- 16
SELECT * FROM our_triggers ORDER BY relation::text COLLATE "C", tgname COLLATE "C";
ALTER TABLE child NO INHERIT users;				-- fails
DROP TABLE empty_child;

--
-- a partition likewise
--
CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20);
CALL pgroll_c.run_tasks('app');
CREATE TABLE events_3 (LIKE events);
INSERT INTO events_3 (id, points) VALUES (20, 20);
ALTER TABLE events ATTACH PARTITION events_3 FOR VALUES FROM (20) TO (30);
CALL pgroll_c.run_tasks('app');
INSERT INTO events VALUES (2, 2), (10, 10), (21, 21);
INSERT INTO events_3 (id, points) VALUES (22, 22);
SELECT * FROM app_02.events ORDER BY id;		-- the double of id
SELECT * FROM our_triggers WHERE relation::text LIKE 'events%'
ORDER BY relation::text COLLATE "C", tgname COLLATE "C";
-- of one partition: all of them get the two
CREATE TRIGGER add_one BEFORE INSERT ON events_2
	FOR EACH ROW EXECUTE FUNCTION app.add_one();
ALTER TABLE events_1 DISABLE TRIGGER ALL;
SELECT * FROM our_triggers WHERE relation::text LIKE 'events%'
ORDER BY relation::text COLLATE "C", tgname COLLATE "C";
INSERT INTO events VALUES (3, 3), (11, 11);
SELECT * FROM app_02.events WHERE id IN (3, 11) ORDER BY id;	-- 6 and 24
DROP TABLE events_2;
CALL pgroll_c.run_tasks('app');
-- rows that were written under the trigger await nothing
SELECT state FROM pgroll_c.status('app');

--
-- an index of ours; once it is gone all the same, a retry builds it again
--
CREATE INDEX users_points ON users (points);
CALL pgroll_c.run_tasks('app');
SELECT indexrelid::regclass AS ours FROM pg_index
WHERE indrelid = 'users'::regclass AND indexrelid::regclass::text LIKE '\_pgroll%' \gset
\set VERBOSITY sqlstate
DROP INDEX :ours;								-- fails
DROP INDEX CONCURRENTLY :ours;					-- fails
ALTER INDEX :ours RENAME TO users_points2;		-- fails
\set VERBOSITY default
RESET ROLE;
ALTER EVENT TRIGGER pgroll_c_guard_start DISABLE;
DROP INDEX app.:ours;
ALTER EVENT TRIGGER pgroll_c_guard_start ENABLE ALWAYS;
SET ROLE regress_ddl_guard;
SELECT pgroll_c.complete_migration('app');		-- fails
SELECT pgroll_c.retry_migration('app');
CALL pgroll_c.run_tasks('app');
SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass(:'ours') AND indisvalid;

-- a trigger like ours that says nothing, and so does nothing
CREATE TABLE aside (id int);
CREATE TRIGGER t BEFORE UPDATE ON aside FOR EACH ROW EXECUTE FUNCTION pgroll_c.dual_write();
ALTER TABLE aside ADD a int;
DROP TABLE aside;
-- and one whose expression cannot be read is in nobody's way
CREATE TABLE aside (id int, pending boolean);
CREATE TRIGGER "!pgroll_c_dual_write" BEFORE UPDATE ON aside FOR EACH ROW EXECUTE FUNCTION
	pgroll_c.dual_write('only', '{"base": "app", "migration": "none", "version": "v", "marker": "pending", "edges":
		[{"up": {"column": "id", "logical": "id", "not_null": false, "expression": "none(", "inputs": []}}]}');
CREATE FUNCTION in_the_way() RETURNS int LANGUAGE sql AS 'SELECT 1';
DROP FUNCTION in_the_way();
DROP TABLE aside;

--
-- the extension
--
RESET ROLE;
\set VERBOSITY terse
DROP EXTENSION pgroll_c;						-- fails
-- what an extension has no migration sees
ALTER EXTENSION pgroll_c ADD TABLE app.users;	-- fails
ALTER EXTENSION pgroll_c ADD TABLE users;		-- fails
ALTER EXTENSION pgroll_c ADD VIEW app_02.users;	-- fails
ALTER EXTENSION pgroll_c ADD SCHEMA app_02;		-- fails
ALTER EXTENSION pgroll_c ADD SCHEMA app;		-- fails
ALTER EXTENSION pgroll_c ADD FUNCTION app.doubled(int);
ALTER EXTENSION pgroll_c DROP FUNCTION app.doubled(int);
\set VERBOSITY default

-- all of it is free again afterwards
SET ROLE regress_ddl_guard;
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT * FROM our_triggers;						-- no rows
SELECT * FROM app_02.users ORDER BY id;
SELECT * FROM app_02.events ORDER BY id;
DROP FUNCTION app.doubled(int);
ALTER TABLE events DETACH PARTITION events_1;
ALTER TABLE users ADD nick text;
ALTER TABLE users RENAME nick TO nickname;

-- a column added in the meantime comes after the migration's in its view
SELECT pgroll_c.start_migration('03', '{"operations": [
	{"add_column": {"table": "users", "column": {"name": "rank", "type": "int"}, "up": "id"}}]}', 'app');
ALTER TABLE users ADD late int DEFAULT 5;
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT id, rank, late FROM app_03.users ORDER BY id;

-- what others' code runs within a statement of ours is guarded as all that others run
RESET ROLE;
CREATE FUNCTION app.meddle() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('test.meddle', true) <> '' THEN
		EXECUTE current_setting('test.meddle');
	END IF;
END $$;
GRANT EXECUTE ON FUNCTION app.meddle() TO regress_ddl_guard;
CREATE EVENT TRIGGER a_meddle ON ddl_command_end WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION app.meddle();
CREATE EVENT TRIGGER z_meddle ON ddl_command_start WHEN TAG IN ('DROP VIEW') EXECUTE FUNCTION app.meddle();
SET ROLE regress_ddl_guard;
\set migration '{"operations": [{"rename_column": {"table": "users", "from": "rank", "to": "place"}}, {"alter_column": {"table": "users", "column": "name", "nullable": false, "up": "coalesce(name, \'\')"}}]}'
\set VERBOSITY terse
SET test.meddle = 'ALTER TABLE app.users DROP COLUMN points';
SELECT pgroll_c.start_migration('04', :'migration', 'app');	-- fails
SET test.meddle = 'CREATE TABLE app_03.meddled ()';
SELECT pgroll_c.start_migration('04', :'migration', 'app');	-- fails
SET test.meddle = 'GRANT SELECT ON ALL TABLES IN SCHEMA app_03 TO PUBLIC';
SELECT pgroll_c.start_migration('04', :'migration', 'app');
CALL pgroll_c.run_tasks('app');
SET test.meddle = 'ALTER TABLE app.users RENAME late TO later';
SELECT pgroll_c.complete_migration('app');	-- fails
SELECT pgroll_c.rollback_migration('app');	-- fails
RESET test.meddle;
SELECT pgroll_c.complete_migration('app');
SELECT * FROM app_04.users ORDER BY id LIMIT 1;
RESET ROLE;
DROP EVENT TRIGGER a_meddle;
DROP EVENT TRIGGER z_meddle;
