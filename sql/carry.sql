-- What hangs on a column that gets a shadow hangs on it after completion, under
-- its old name and with its old definition.
CREATE EXTENSION pgroll_c;
CREATE ROLE regress_carry;
CREATE ROLE regress_carry_reader;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_carry;
CREATE SCHEMA app AUTHORIZATION regress_carry;
SET ROLE regress_carry;
SET search_path = app;
SET client_min_messages = warning;

CREATE TABLE partner (id int PRIMARY KEY);
CREATE TABLE t (
	id int,
	a int NOT NULL DEFAULT 7 CHECK (a > 0),
	b text,
	c int REFERENCES partner ON DELETE CASCADE,
	CONSTRAINT "two columns" CHECK (a < 5000 OR b <> 'a'),
	PRIMARY KEY (id, a));
CREATE INDEX i1 ON t (a DESC NULLS LAST, b COLLATE "C" text_pattern_ops)
	INCLUDE (c) WHERE a > 10;
CREATE UNIQUE INDEX "I 2" ON t ((a + 1), id) WITH (fillfactor = 70);
ALTER INDEX "I 2" ALTER COLUMN 1 SET STATISTICS 500;
CREATE INDEX i3 ON t USING hash (c);
CREATE INDEX other ON t (b);
CREATE UNIQUE INDEX i5 ON t (a);
CREATE UNIQUE INDEX i4 ON t (a, c NULLS FIRST) NULLS NOT DISTINCT;
ALTER TABLE t ADD CONSTRAINT u UNIQUE (a, c) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey;
CLUSTER t USING i5;
ALTER TABLE t ALTER a SET STATISTICS 250, ALTER a SET (n_distinct = -0.5);
COMMENT ON INDEX i1 IS 'index one';
COMMENT ON CONSTRAINT u ON t IS 'key u';
COMMENT ON CONSTRAINT t_a_check ON t IS 'positive';
COMMENT ON COLUMN t.a IS 'an a';
GRANT SELECT (a), UPDATE (a) ON t TO regress_carry_reader;
CREATE SEQUENCE a_seq OWNED BY t.a;
INSERT INTO partner SELECT generate_series(1, 100);
INSERT INTO t SELECT g, g, 'b', g FROM generate_series(1, 100) g;

CREATE VIEW indexes AS
	SELECT indexrelid::regclass::text AS name,
		pg_get_indexdef(indexrelid) AS definition, indisreplident,
		(SELECT array_agg(nullif(to_jsonb(i) ->> 'attstattarget', '-1') ORDER BY attnum)
			FROM pg_attribute i WHERE attrelid = indexrelid) AS targets,
		indisclustered, indisvalid, obj_description(indexrelid, 'pg_class') AS comment
	FROM pg_index WHERE indrelid = 'app.t'::regclass;
CREATE VIEW constraints AS
	SELECT conname, pg_get_constraintdef(oid) AS definition, convalidated,
		obj_description(oid, 'pg_constraint') AS comment
	FROM pg_constraint WHERE conrelid = 'app.t'::regclass AND contype <> 'n';
CREATE VIEW columns AS
	SELECT attname, atttypmod, attnotnull, attstattarget,
		pg_get_expr(adbin, adrelid) AS default_expr, attacl,
		(SELECT array_agg(o) FROM unnest(attoptions) o WHERE o NOT LIKE 'pg\_%') AS options,
		col_description(attrelid, attnum) AS comment
	FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
	WHERE attrelid = 'app.t'::regclass AND attnum > 0 AND NOT attisdropped;
-- the same indexes name the table, so the tables that keep them must not be t
CREATE TABLE kept_indexes AS TABLE indexes;
CREATE TABLE kept_constraints AS TABLE constraints;
CREATE TABLE kept_columns AS TABLE columns;
DROP VIEW columns;

SELECT pgroll_c.start_migration('01', '{"operations": [
	{"alter_column": {"table": "t", "column": "a", "type": "bigint",
		"up": "a", "down": "a::int"}},
	{"alter_column": {"table": "t", "column": "c", "nullable": false,
		"up": "coalesce(c, 1)"}}]}', 'app');
CALL pgroll_c.run_tasks('app');
SELECT task, state FROM pgroll_c.progress;	-- no rows
SELECT pgroll_c.complete_migration('app');

-- all as before, and nothing else: no rows
TABLE kept_indexes EXCEPT TABLE indexes;
TABLE indexes EXCEPT TABLE kept_indexes;
TABLE kept_constraints EXCEPT TABLE constraints;
TABLE constraints EXCEPT TABLE kept_constraints;
SELECT attname, format_type(atttypid, atttypmod), attnotnull
	FROM pg_attribute WHERE attrelid = 'app.t'::regclass AND attnum > 0
		AND NOT attisdropped ORDER BY attname;
SELECT pg_get_serial_sequence('app.t', 'a');
SELECT attstattarget, attacl, pg_get_expr(adbin, adrelid), col_description(attrelid, attnum),
		'n_distinct=-0.5' = ANY (attoptions) AS option
	FROM pg_attribute JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
	WHERE attrelid = 'app.t'::regclass AND attname = 'a';

-- a unique index on values that are not: the migration fails, says which, and
-- goes on when they are mended
SELECT pgroll_c.start_migration('02', '{"operations": [{"alter_column":
	{"table": "t", "column": "a", "type": "int", "up": "CASE a WHEN 3 THEN 2 ELSE a END", "down": "a"}}]}', 'app');
CALL pgroll_c.run_tasks('app');	-- fails
UPDATE app_02.t SET a = id;
SELECT pgroll_c.retry_migration('app') > 0 AS retried;
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
TABLE kept_indexes EXCEPT TABLE indexes;	-- no rows

-- what is added while a migration is in progress is carried over as well
BEGIN;
SELECT pgroll_c.start_migration('03', '{"operations": [{"alter_column":
	{"table": "t", "column": "a", "type": "bigint", "up": "a", "down": "a::int"}}]}', 'app');
CREATE INDEX early ON t (a, b);
ALTER TABLE t ADD CONSTRAINT early CHECK (a <> 4711);
COMMIT;
CALL pgroll_c.run_tasks('app');
SELECT state FROM pgroll_c.status('app');
CREATE INDEX late ON t (b, a);
GRANT INSERT (a) ON t TO regress_carry_reader;
GRANT DELETE ON t TO regress_carry_reader;
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT name FROM indexes EXCEPT SELECT name FROM kept_indexes ORDER BY 1;
SELECT conname FROM constraints EXCEPT SELECT conname FROM kept_constraints;
SELECT has_column_privilege('regress_carry_reader', 'app.t', 'a', 'INSERT') AS a,
	has_column_privilege('regress_carry_reader', 'app.t', 'b', 'INSERT') AS b,
	has_table_privilege('regress_carry_reader', 'app_03.t', 'DELETE') AS d;

-- a write that the other version's constraint refuses fails with the name that
-- the constraint has for everybody
SELECT pgroll_c.start_migration('03b', '{"operations": [{"alter_column":
	{"table": "t", "column": "a", "type": "int", "up": "a - 50", "down": "a + 50"}}]}', 'app');
\set VERBOSITY sqlstate
INSERT INTO app_03.t VALUES (500, 1, 'b', 1);	-- fails
\set VERBOSITY default
DO $$
DECLARE
	constraint_name text;
BEGIN
	INSERT INTO app_03.t VALUES (500, 1, 'b', 1);
EXCEPTION WHEN check_violation THEN
	GET STACKED DIAGNOSTICS constraint_name = CONSTRAINT_NAME;
	RAISE WARNING '%: %', constraint_name, SQLERRM;
END $$;
SELECT pgroll_c.rollback_migration('app');

-- a rollback leaves all as it was, also one in the middle of the tasks
SELECT pgroll_c.start_migration('04', '{"operations": [{"alter_column":
	{"table": "t", "column": "a", "type": "int", "up": "a", "down": "a"}}]}', 'app');
SELECT pgroll_c.rollback_migration('app');
TABLE kept_indexes EXCEPT TABLE indexes;	-- no rows
TABLE kept_constraints EXCEPT TABLE constraints;	-- no rows

-- what is added and does not fit the new form of its column fails the migration
-- and a retry, by name, until it is dropped
CREATE TABLE shapes (id int PRIMARY KEY, name text);
INSERT INTO shapes VALUES (1, '1');
\set SHOW_CONTEXT never
ALTER TABLE shapes ADD CONSTRAINT shape CHECK (name NOT LIKE 'a%');
SELECT pgroll_c.start_migration('05', '{"operations": [{"alter_column":
	{"table": "shapes", "column": "name", "type": "int", "up": "name::int", "down": "name::text"}}]}', 'app');	-- fails
ALTER TABLE shapes DROP CONSTRAINT shape;
BEGIN;
SELECT pgroll_c.start_migration('05', '{"operations": [{"alter_column":
	{"table": "shapes", "column": "name", "type": "int", "up": "name::int", "down": "name::text"}}]}', 'app');
ALTER TABLE shapes ADD CONSTRAINT shape CHECK (name NOT LIKE 'a%');
COMMIT;
CALL pgroll_c.run_tasks('app');	-- fails
SELECT state, tasks_open, tasks_failed, last_error FROM pgroll_c.status('app');
SELECT pgroll_c.complete_migration('app');	-- fails
SELECT pgroll_c.retry_migration('app');	-- fails
ALTER TABLE shapes DROP CONSTRAINT shape;
CREATE INDEX shapes_name ON shapes ((name || 'x'), (name LIKE 'a%'));
SELECT pgroll_c.retry_migration('app');	-- 2
CALL pgroll_c.run_tasks('app');	-- fails
SELECT pgroll_c.retry_migration('app');	-- 1
CALL pgroll_c.run_tasks('app');	-- fails
DROP INDEX shapes_name;
SELECT pgroll_c.retry_migration('app');	-- 1
CALL pgroll_c.run_tasks('app');
SELECT state FROM pgroll_c.status('app');
-- what is dropped, and made again in another way, is so afterwards, too
BEGIN;
CREATE INDEX shapes_name ON shapes (name);
ALTER TABLE shapes ADD CONSTRAINT shape CHECK (name IS NOT NULL);
ALTER TABLE shapes ADD CONSTRAINT shape_key UNIQUE (name);
COMMIT;
CALL pgroll_c.run_tasks('app');
DROP INDEX shapes_name;
ALTER TABLE shapes DROP CONSTRAINT shape, ADD CONSTRAINT shape CHECK (name IS NOT NULL OR id > 1);
ALTER TABLE shapes DROP CONSTRAINT shape_key;
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
	WHERE conrelid = 'shapes'::regclass AND contype <> 'n' ORDER BY conname;
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'shapes'::regclass;
\set SHOW_CONTEXT errors

-- what could not be carried over is refused at the start, by name
CREATE RULE r AS ON UPDATE TO t WHERE new.a = 0 DO INSTEAD NOTHING;
SELECT pgroll_c.start_migration('06', '{"operations": [{"alter_column":
	{"table": "t", "column": "a", "type": "int", "up": "a", "down": "a"}}]}', 'app');	-- fails
DROP RULE r ON t;

--
-- from 18 on: what is not enforced stays so, and what cannot be made again is
-- refused at the start
--
CREATE TABLE lax_parent (id bigint PRIMARY KEY);
CREATE TABLE lax (id int PRIMARY KEY, a int, b int);
CREATE PROCEDURE from_18(command text) LANGUAGE plpgsql AS $$ BEGIN
	IF current_setting('server_version_num')::int >= 180000 THEN
		EXECUTE command;
	END IF;
END $$;
CALL from_18('ALTER TABLE lax ADD CONSTRAINT positive CHECK (a > 0) NOT ENFORCED');
CALL from_18('ALTER TABLE lax ADD CONSTRAINT real FOREIGN KEY (a) REFERENCES lax_parent NOT ENFORCED');
INSERT INTO lax VALUES (1, -1);
SELECT pgroll_c.start_migration('90_lax', '{"operations": [
	{"alter_column": {"table": "lax", "column": "a", "type": "bigint", "up": "a", "down": "a"}}]}', 'app');
INSERT INTO lax (id, a) VALUES (2, -2);
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT id, a FROM lax ORDER BY id;
SELECT count(*) = CASE WHEN current_setting('server_version_num')::int >= 180000 THEN 2 ELSE 0 END AS as_before
	FROM pg_constraint c
	WHERE conrelid = 'lax'::regclass AND conname IN ('positive', 'real')
		AND NOT (to_jsonb(c) ->> 'conenforced')::boolean;
CALL from_18('ALTER TABLE lax ADD CONSTRAINT later NOT NULL b NOT VALID');
DO $$ BEGIN
	PERFORM pgroll_c.start_migration('91_later', '{"operations": [
		{"alter_column": {"table": "lax", "column": "b", "type": "bigint", "up": "b", "down": "b"}}]}', 'app');
	RAISE feature_not_supported USING MESSAGE = 'before 18';
EXCEPTION WHEN feature_not_supported THEN
	IF SQLERRM NOT IN ('before 18',
			'column "b" of table "lax" cannot be changed: constraint later on table lax could not be carried over') THEN
		RAISE;
	END IF;
END $$;

-- an index keeps its columns' names, also one that another of them has been given
CREATE TABLE renamed (a int, b int);
CREATE INDEX renamed_a_b ON renamed (a, b);
ALTER TABLE renamed RENAME a TO c;
ALTER TABLE renamed RENAME b TO a;
CALL pgroll_c.migrate('92_renamed', '{"operations": [
	{"alter_column": {"table": "renamed", "column": "c", "type": "bigint", "up": "c", "down": "c"}}]}', 'app');
SELECT attname, format_type(atttypid, atttypmod), pg_get_indexdef(attrelid, attnum, true)
	FROM pg_attribute WHERE attrelid = 'renamed_a_b'::regclass ORDER BY attnum;

-- and its expression and predicate as they were written, also where they could be shorter
CREATE FUNCTION seven() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 7';
CREATE TABLE sums (a int, b int);
CREATE INDEX sums_i ON sums ((a + seven()), (coalesce(seven(), b))) WHERE a > seven() AND (b > 0 AND 1 + 1 = 2);
SELECT pg_get_indexdef('sums_i'::regclass) AS sums_i \gset
CALL pgroll_c.migrate('93_sums', '{"operations": [
	{"alter_column": {"table": "sums", "column": "b", "type": "int", "nullable": false, "up": "0", "down": "b"}}]}', 'app');
SELECT pg_get_indexdef('sums_i'::regclass) = :'sums_i' AS as_before;

-- NOT NULL of a composite column is about the whole value; its proof is found
CREATE TYPE pair AS (x int, y int);
CREATE TABLE pairs (id int, p pair);
INSERT INTO pairs VALUES (1, ROW(1, NULL)), (2, NULL);
SELECT pgroll_c.start_migration('94_pairs', '{"operations": [
	{"alter_column": {"table": "pairs", "column": "p", "nullable": false, "up": "coalesce(p, ROW(0, NULL)::pair)"}}]}', 'app');
INSERT INTO app_94_pairs.pairs VALUES (3, ROW(NULL, 3)), (4, ROW(NULL, NULL));
INSERT INTO app_94_pairs.pairs VALUES (5, NULL);                           -- fails
CALL pgroll_c.wait_for_migration('app');
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'pairs'::regclass AND contype = 'c';
SELECT pgroll_c.complete_migration('app');
TABLE pairs ORDER BY id;

RESET ROLE;
DROP OWNED BY regress_carry CASCADE;
DROP ROLE regress_carry, regress_carry_reader;
