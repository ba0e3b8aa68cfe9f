-- Foreign keys that reference a column with a shadow, of other tables, of another
-- schema and of the table itself, are there after completion as plain DDL leaves them.
CREATE EXTENSION pgroll_c;
CREATE ROLE regress_incoming;
CREATE ROLE regress_incoming_other;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_incoming;
CREATE SCHEMA app AUTHORIZATION regress_incoming;
CREATE SCHEMA away AUTHORIZATION regress_incoming;
CREATE SCHEMA compare AUTHORIZATION regress_incoming;
CREATE SCHEMA twin AUTHORIZATION regress_incoming;
CREATE SCHEMA twin_away AUTHORIZATION regress_incoming;
SET ROLE regress_incoming;
SET client_min_messages = warning;
\set VERBOSITY terse

-- the same tables twice: what the migration changes, and what ALTER TABLE changes
CREATE PROCEDURE away.make(base name, beside name) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('search_path', base, true);
	EXECUTE format($f$
	CREATE TABLE t (
		id int PRIMARY KEY,
		"key 2" int,
		parent int CONSTRAINT "the parent" REFERENCES t ON DELETE CASCADE
			DEFERRABLE INITIALLY DEFERRED,
		note text, UNIQUE (id, "key 2"));
	CREATE TABLE o (
		id int PRIMARY KEY,
		t int NOT NULL DEFAULT 1 REFERENCES t ON UPDATE CASCADE ON DELETE SET DEFAULT,
		same_t int REFERENCES t DEFERRABLE,
		a int, b int,
		CONSTRAINT two FOREIGN KEY (a, b) REFERENCES t (id, "key 2") MATCH FULL,
		CONSTRAINT "set b" FOREIGN KEY (a, b) REFERENCES t (id, "key 2") ON DELETE SET NULL (b));
	CREATE TABLE %1$I."O 2" (t int);
	ALTER TABLE %1$I."O 2" ADD CONSTRAINT "not checked" FOREIGN KEY (t) REFERENCES t (id) NOT VALID;
	CREATE UNLOGGED TABLE %1$I.one (t int PRIMARY KEY REFERENCES t ON DELETE CASCADE);
	CREATE TABLE %1$I.parts (kind int, t int CONSTRAINT "of parts" REFERENCES t ON DELETE CASCADE)
		PARTITION BY LIST (kind);
	CREATE TABLE %1$I.part_1 PARTITION OF %1$I.parts FOR VALUES IN (1);
	CREATE TABLE %1$I.part_2 PARTITION OF %1$I.parts FOR VALUES IN (2) PARTITION BY RANGE (t);
	CREATE TABLE %1$I.part_2_1 (t int, kind int, CONSTRAINT own FOREIGN KEY (t) REFERENCES t (id) ON DELETE CASCADE);
	ALTER TABLE %1$I.part_2 ATTACH PARTITION %1$I.part_2_1 FOR VALUES FROM (0) TO (1000);
	COMMENT ON CONSTRAINT "of parts" ON %1$I.parts IS 'of parts';
	COMMENT ON CONSTRAINT o_t_fkey ON o IS 'of o';
	COMMENT ON CONSTRAINT "the parent" ON t IS 'of t';
	SET CONSTRAINTS ALL IMMEDIATE;
	INSERT INTO t VALUES (0, 0);
	INSERT INTO t SELECT g, g %% 10, g / 2, 'n' FROM generate_series(1, 100) g;
	INSERT INTO o SELECT g, g, g, g, g %% 10 FROM generate_series(1, 100) g;
	INSERT INTO %1$I."O 2" SELECT g FROM generate_series(1, 100) g;
	INSERT INTO %1$I.one SELECT g FROM generate_series(1, 100) g;
	INSERT INTO %1$I.parts SELECT g %% 2 + 1, g FROM generate_series(1, 100) g;
	ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey;
	$f$, beside);
END $$;
CALL away.make('app', 'away');
CALL away.make('twin', 'twin_away');
DROP PROCEDURE away.make;
CREATE VIEW compare.keys AS
	SELECT n.nspname, conrelid::regclass::text AS relation, conname, contype,
		regexp_replace(pg_get_constraintdef(c.oid), 'REFERENCES [^.(]*\.', 'REFERENCES ') AS definition,
		convalidated, condeferrable, condeferred,
		confdelsetcols IS NOT NULL AS sets, conindid::regclass::text AS index,
		obj_description(c.oid, 'pg_constraint') AS comment,
		(SELECT p.conname FROM pg_constraint p WHERE p.oid = c.conparentid) AS parent
	FROM pg_constraint c JOIN pg_namespace n ON n.oid = connamespace WHERE contype IN ('f', 'p', 'u');
SET search_path = nothing;
CREATE FUNCTION compare.differences() RETURNS TABLE (sign text, what text) LANGUAGE sql
	SET search_path = nothing AS $$
	WITH present AS (SELECT regexp_replace(k::text, '(app|away)\M', '', 'g') AS line FROM compare.keys k WHERE nspname IN ('app', 'away')),
	expected AS (SELECT regexp_replace(k::text, '(twin|twin_away)\M', '', 'g') AS line FROM compare.keys k WHERE nspname IN ('twin', 'twin_away'))
	(SELECT '+', line FROM present EXCEPT SELECT '+', line FROM expected)
	UNION ALL (SELECT '-', line FROM expected EXCEPT SELECT '-', line FROM present) ORDER BY 1, 2;
$$;
SELECT * FROM compare.differences();	-- no rows
SELECT count(*) FROM compare.keys WHERE nspname IN ('app', 'away');
SELECT pgroll_c.baseline('01', 'app');
\set ids '{"operations": [{"alter_column": {"table": "t", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}}, {"alter_column": {"table": "o", "column": "same_t", "type": "bigint", "up": "same_t", "down": "same_t::int"}}]}'

-- what a plan says of it
SELECT phase, command, lock_mode, relation FROM pgroll_c.plan_migration('02', :'ids', 'app')
	WHERE command ~ 'FOREIGN KEY|_fkey|parent|two|set b|not checked|^lock' AND phase <> 'start';

-- a rollback leaves nothing, whenever it comes
SELECT pgroll_c.start_migration('02', :'ids', 'app');
SELECT pgroll_c.rollback_migration('app');
SELECT * FROM compare.differences();	-- no rows
SELECT pgroll_c.start_migration('02', :'ids', 'app');
CALL pgroll_c.run_tasks('app');
SELECT state, tasks_open FROM pgroll_c.status('app');
SELECT relation, conname, definition, convalidated FROM compare.keys WHERE conname LIKE '\_pgroll%' ORDER BY 1, 2;
SELECT pgroll_c.rollback_migration('app');
SELECT * FROM compare.differences();	-- no rows
SELECT count(*) FROM pg_attribute WHERE attname LIKE '\_pgroll%';

-- both versions write; what one refuses the other does, too, by the name of the key
SELECT pgroll_c.start_migration('02', :'ids', 'app');
CALL pgroll_c.run_tasks('app');
INSERT INTO app_02.t VALUES (200, 1, 0, 'new'), (201, 1, 200, 'new');
INSERT INTO app_01.t VALUES (202, 1, 201, 'old');
INSERT INTO app_02.o VALUES (200, 200, 202, 200, 1);
INSERT INTO app_01.o VALUES (201, 202, 200, 201, 1);
INSERT INTO app_02.o VALUES (999, 999);	-- fails
INSERT INTO app_02.o VALUES (999, 1, 999);	-- fails
INSERT INTO app_01.o VALUES (999, 1, 999);	-- fails
INSERT INTO app_02.o VALUES (999, 1, 1, 1, 2);	-- fails
INSERT INTO away.one VALUES (999);	-- fails
INSERT INTO app_02.t VALUES (3000000000, 1);	-- fails: the old version has no such number
DELETE FROM app_02.t WHERE id = 5;	-- fails
UPDATE app_02.t SET id = 1000 WHERE id = 202;	-- fails
DELETE FROM app_02.o WHERE id = 200;
UPDATE app_02.t SET id = 1000 WHERE id = 202;
SELECT id, t, same_t FROM app_02.o WHERE id = 201;
BEGIN;
SET CONSTRAINTS app."the parent" IMMEDIATE;
INSERT INTO app_02.t VALUES (203, 1, 12345);	-- fails
ROLLBACK;
DELETE FROM app.o WHERE id IN (100, 50, 25);
DELETE FROM away."O 2" WHERE t IN (100, 50, 25);
DELETE FROM app_02.t WHERE id = 100;
SELECT count(*) FROM away.one WHERE t = 100;
INSERT INTO away.parts VALUES (2, 999);	-- fails
SELECT count(*) FROM away.parts WHERE t = 100;

-- a key that is added in flight is carried over, also one of a table that nothing knew
CREATE TABLE away.late (t int REFERENCES app.t);
CREATE TABLE twin_away.late (t int REFERENCES twin.t);
ALTER TABLE away."O 2" VALIDATE CONSTRAINT "not checked";
ALTER TABLE twin_away."O 2" VALIDATE CONSTRAINT "not checked";
CREATE TABLE away.part_3 PARTITION OF away.parts FOR VALUES IN (3);
CREATE TABLE twin_away.part_3 PARTITION OF twin_away.parts FOR VALUES IN (3);
ALTER TABLE away.one DROP CONSTRAINT one_t_fkey;
ALTER TABLE twin_away.one DROP CONSTRAINT one_t_fkey;
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
ALTER TABLE twin.t ALTER id TYPE bigint;
ALTER TABLE twin.o ALTER same_t TYPE bigint;
-- plain DDL gives the partition's key the name of its table's
ALTER TABLE twin_away.part_2_1 RENAME CONSTRAINT "of parts" TO own;
SELECT * FROM compare.differences();	-- no rows
SELECT count(*) FROM pg_attribute WHERE attname LIKE '\_pgroll%';
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'app.t'::regclass AND indisreplident;
INSERT INTO app_02.t VALUES (3000000000, 1);
INSERT INTO app_02.o (id, same_t) VALUES (301, 3000000000);

-- and once more
SELECT pgroll_c.start_migration('03', '{"operations": [
	{"alter_column": {"table": "o", "column": "t", "type": "bigint", "up": "t", "down": "t::int"}},
	{"alter_column": {"table": "t", "column": "id", "type": "numeric", "up": "id", "down": "id::bigint"}},
	{"alter_column": {"table": "t", "column": "parent", "type": "bigint", "up": "parent", "down": "parent::int"}},
	{"alter_column": {"table": "o", "column": "b", "type": "bigint", "up": "b", "down": "b::int"}},
	{"alter_column": {"table": "t", "column": "key 2", "type": "bigint", "up": "\"key 2\"", "down": "\"key 2\"::int"}}]}', 'app');
CALL pgroll_c.run_tasks('app');
SELECT relation, conname, definition FROM compare.keys WHERE conname LIKE '\_pgroll%' ORDER BY 1, 2;
SELECT pgroll_c.complete_migration('app');
ALTER TABLE twin.o ALTER t TYPE bigint, ALTER b TYPE bigint;
ALTER TABLE twin.t ALTER id TYPE numeric, ALTER parent TYPE bigint, ALTER "key 2" TYPE bigint;
ALTER TABLE twin_away.part_2_1 RENAME CONSTRAINT "of parts" TO own;
SELECT * FROM compare.differences();	-- no rows

-- rows for which the new key does not hold fail the migration, by the key's name
SELECT pgroll_c.start_migration('04', '{"operations": [{"alter_column":
	{"table": "t", "column": "id", "type": "bigint", "up": "id * 2", "down": "id / 2"}}]}', 'app');
CALL pgroll_c.run_tasks('app');	-- fails
SELECT task, relation, split_part(last_error, ' (Key', 1) AS error FROM pgroll_c.progress WHERE state = 'failed';
SELECT pgroll_c.rollback_migration('app');
SELECT * FROM compare.differences();	-- no rows

-- types that can't be compared: an error that says what is to be changed, too
\set VERBOSITY default
\set SHOW_CONTEXT never
\set text '{"alter_column": {"table": "t", "column": "id", "type": "text", "up": "id::text", "down": "id::bigint"}}'
SELECT pgroll_c.validate_migration('05', ('{"operations": [' || :'text' || ']}')::jsonb, 'app');	-- fails
SELECT pgroll_c.validate_migration('05', ('{"operations": [' || :'text' || ',
	{"alter_column": {"table": "o", "column": "t", "type": "text", "up": "t::text", "down": "t::int"}},
	{"alter_column": {"table": "o", "column": "same_t", "type": "text", "up": "same_t::text", "down": "same_t::int"}},
	{"alter_column": {"table": "o", "column": "a", "type": "text", "up": "a::text", "down": "a::int"}}]}')::jsonb, 'app');	-- fails
\set VERBOSITY terse
-- so is a table of somebody else's
RESET ROLE;
ALTER TABLE away.late OWNER TO regress_incoming_other;
SET ROLE regress_incoming;
\set VERBOSITY default
SELECT pgroll_c.validate_migration('05', '{"operations": [{"alter_column":
	{"table": "t", "column": "id", "type": "bigint", "up": "id", "down": "id"}}]}', 'app');	-- fails
RESET ROLE;
DROP TABLE away.late;
SET ROLE regress_incoming;

-- a table of another schema whose own migration is in progress
SELECT pgroll_c.start_migration('01', '{"operations": [{"alter_column":
	{"table": "O 2", "column": "t", "nullable": false, "up": "coalesce(t, 0)"}}]}', 'away');
SELECT pgroll_c.validate_migration('05', '{"operations": [{"alter_column":
	{"table": "t", "column": "id", "type": "bigint", "up": "id", "down": "id"}}]}', 'app');	-- fails
SELECT pgroll_c.rollback_migration('away');
SELECT pgroll_c.start_migration('05', '{"operations": [{"alter_column":
	{"table": "t", "column": "id", "type": "bigint", "up": "id", "down": "id"}}]}', 'app');
SELECT pgroll_c.validate_migration('01', '{"operations": [{"alter_column":
	{"table": "O 2", "column": "t", "nullable": false, "up": "coalesce(t, 0)"}}]}', 'away');	-- fails
\set VERBOSITY terse
-- the key's table is dropped meanwhile, or its column goes in the same migration
CALL pgroll_c.run_tasks('app');
DROP TABLE away."O 2", away.one, away.parts;
DELETE FROM app_05.o WHERE id = 301;
DELETE FROM app_05.t WHERE id = 3000000000;
SELECT pgroll_c.complete_migration('app');
SELECT pgroll_c.start_migration('06', '{"operations": [
	{"alter_column": {"table": "t", "column": "id", "type": "int", "up": "id", "down": "id"}},
	{"drop_column": {"table": "o", "column": "a"}},
	{"rename_column": {"table": "o", "from": "t", "to": "t_id"}},
	{"rename_table": {"from": "o", "to": "p"}},
	{"rename_table": {"from": "t", "to": "u"}}]}', 'app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT relation, conname, definition FROM compare.keys WHERE nspname = 'app' AND contype = 'f' ORDER BY 1, 2;

-- the key of an inheritance child, referenced from another schema
CREATE TABLE app.base (id int NOT NULL);
CREATE TABLE app.child (PRIMARY KEY (id)) INHERITS (app.base);
CREATE TABLE away.of_child (c int REFERENCES app.child);
INSERT INTO app.child VALUES (1);
INSERT INTO away.of_child VALUES (1);
\set base '{"operations": [{"alter_column": {"table": "base", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}}]}'
SELECT pgroll_c.start_migration('07', :'base', 'app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.rollback_migration('app');
SELECT pgroll_c.start_migration('07', :'base', 'app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
INSERT INTO app_07.child VALUES (3000000000);
INSERT INTO away.of_child VALUES (2);	-- fails
SELECT relation, conname, definition FROM compare.keys WHERE relation = 'away.of_child';

-- the foreign keys get other names in the same migration
CREATE TABLE app.node (id int PRIMARY KEY, boss int CONSTRAINT boss REFERENCES app.node);
CREATE TABLE app.leaf (node int CONSTRAINT node REFERENCES app.node);
SELECT pgroll_c.start_migration('08', '{"operations": [
	{"rename_constraint": {"table": "node", "from": "boss", "to": "chief"}},
	{"alter_column": {"table": "node", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}},
	{"rename_constraint": {"table": "leaf", "from": "node", "to": "of_node"}},
	{"create_constraint": {"table": "leaf", "name": "node", "type": "check", "check": "node > 0", "columns": ["node"],
		"up": {"node": "node"}, "down": {"node": "node"}}}]}', 'app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT conrelid::regclass, conname, contype, convalidated FROM pg_constraint
	WHERE conrelid IN ('app.node'::regclass, 'app.leaf'::regclass) AND contype IN ('f', 'c') ORDER BY 1, 2;

RESET ROLE;
DROP OWNED BY regress_incoming, regress_incoming_other CASCADE;
DROP ROLE regress_incoming, regress_incoming_other;
