-- Triggers of partitioned tables, constraint triggers, and conditions that read a
-- column whose type changes: each write is noted by each of them once, through
-- either version, and all of them stand as they were after completion or rollback.
CREATE EXTENSION pgroll_c;
CREATE ROLE regress_trigger_kinds;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_trigger_kinds;
CREATE SCHEMA app AUTHORIZATION regress_trigger_kinds;
CREATE FUNCTION change(name text, type text) RETURNS text LANGUAGE sql AS $$
	SELECT pgroll_c.start_migration(name, jsonb_build_object('operations',
		jsonb_build_array(jsonb_build_object('alter_column', jsonb_build_object(
			'table', 't', 'column', 'a', 'type', type, 'up', 'a::text::' || type,
			'down', 'a::text::int')))), 'app');
$$;
SET ROLE regress_trigger_kinds;
SET search_path = app, public;
SET client_min_messages = warning;

CREATE TABLE t (id int PRIMARY KEY, a int, b text) PARTITION BY RANGE (id);
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (MINVALUE) TO (10);
CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (10) TO (MAXVALUE) PARTITION BY HASH (id);
CREATE TABLE t_2_0 PARTITION OF t_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE t_2_1 (b text, x int, id int NOT NULL, a int);
ALTER TABLE t_2_1 DROP x;
ALTER TABLE t_2 ATTACH PARTITION t_2_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE u (id int);
CREATE TABLE log (name text, partition text, old_a text, new_a text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_LEVEL = 'ROW' THEN
		INSERT INTO app.log VALUES (TG_NAME, TG_TABLE_NAME, old.a, new.a);
	ELSE
		INSERT INTO app.log VALUES (TG_NAME, TG_TABLE_NAME);
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER of_a AFTER UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER before_a BEFORE UPDATE OF b, a ON t FOR EACH ROW WHEN (new.a > 7)
	EXECUTE FUNCTION note('x');
CREATE TRIGGER statement AFTER UPDATE OF a ON t EXECUTE FUNCTION note();
CREATE TRIGGER tables AFTER UPDATE ON t REFERENCING OLD TABLE AS o NEW TABLE AS n
	FOR EACH STATEMENT EXECUTE FUNCTION note();
CREATE TRIGGER row_differs AFTER UPDATE OF a ON t FOR EACH ROW
	WHEN (old.* IS DISTINCT FROM new.*) EXECUTE FUNCTION note();
CREATE CONSTRAINT TRIGGER deferred AFTER UPDATE OF a ON t FROM u
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (old.a <> new.a)
	EXECUTE FUNCTION note('c', 'd');
CREATE CONSTRAINT TRIGGER at_once AFTER UPDATE ON t DEFERRABLE FOR EACH ROW
	WHEN (new.a < 0) EXECUTE FUNCTION note();
-- the partitions' are enabled otherwise, and have comments of their own
ALTER TABLE t ENABLE ALWAYS TRIGGER before_a;
ALTER TABLE t_2 DISABLE TRIGGER before_a;
ALTER TABLE t_2_1 ENABLE REPLICA TRIGGER before_a;
ALTER TABLE ONLY t DISABLE TRIGGER deferred;
ALTER TABLE t_1 ENABLE REPLICA TRIGGER deferred;
COMMENT ON TRIGGER deferred ON t IS 'of t';
COMMENT ON CONSTRAINT deferred ON t_1 IS 'of t_1';
COMMENT ON TRIGGER deferred ON t_2_0 IS 'of t_2_0';
COMMENT ON TRIGGER of_a ON t_2_0 IS 'of t_2_0';
ALTER TRIGGER of_a ON t DEPENDS ON EXTENSION plpgsql;
ALTER TRIGGER deferred ON t_2_0 DEPENDS ON EXTENSION plpgsql;
INSERT INTO t SELECT g, g, 'b' FROM generate_series(1, 20) g;

CREATE VIEW triggers AS
	SELECT tgrelid::regclass AS relation, tgname, tgenabled, tgdeferrable, tginitdeferred,
		tgparentid <> 0 AS is_clone, pg_get_triggerdef(t.oid) AS definition,
		obj_description(t.oid, 'pg_trigger') AS comment,
		obj_description(tgconstraint, 'pg_constraint') AS constraint_comment,
		(SELECT count(*) FROM pg_depend WHERE objid = t.oid AND deptype = 'x') AS extensions
	FROM pg_trigger t WHERE tgrelid IN (SELECT relid FROM pg_partition_tree('app.t'))
		AND NOT tgisinternal AND tgname !~ 'pgroll_c';
CREATE TABLE kept AS TABLE triggers;
SELECT tgname, count(*) FROM kept GROUP BY 1 ORDER BY 1;

SELECT change('01', 'bigint');
-- while it is active only the OF lists differ
SELECT tgname, count(*) FROM (SELECT relation, tgname, tgenabled, comment, constraint_comment, extensions,
	regexp_replace(definition, ', _pgroll_c_\d+_\d+_a', '') FROM triggers EXCEPT
	SELECT relation, tgname, tgenabled, comment, constraint_comment, extensions, definition FROM kept) x GROUP BY 1;	-- no rows
-- each write is noted once by each trigger that is enabled
UPDATE app_01.t SET a = 50 WHERE id IN (3, 12);
SELECT * FROM log ORDER BY 2, 1;
TRUNCATE log;
UPDATE t SET a = 51 WHERE id IN (3, 12);
SELECT * FROM log ORDER BY 2, 1;
TRUNCATE log;
UPDATE app_01.t SET a = -1 WHERE id IN (3, 12);
SELECT * FROM log ORDER BY 2, 1;
TRUNCATE log;
-- neither version writes a
UPDATE app_01.t SET b = 'c' WHERE id IN (4, 12);
SELECT * FROM log ORDER BY 2, 1;
TRUNCATE log;
-- a row that moves
UPDATE app_01.t SET id = 31, a = 40 WHERE id = 4;
SELECT * FROM log ORDER BY 2, 1;
TRUNCATE log;
SELECT pgroll_c.rollback_migration('app');
TABLE kept EXCEPT TABLE triggers;	-- no rows
TABLE triggers EXCEPT TABLE kept;	-- no rows

SELECT change('02', 'bigint');
-- how a trigger is enabled may change meanwhile
ALTER TABLE t_1 DISABLE TRIGGER of_a;
UPDATE kept SET tgenabled = 'D' WHERE relation = 't_1'::regclass AND tgname = 'of_a';
CALL pgroll_c.run_tasks('app');
SELECT * FROM log;	-- no rows
SELECT pgroll_c.complete_migration('app');
TABLE kept EXCEPT TABLE triggers;	-- no rows
TABLE triggers EXCEPT TABLE kept;	-- no rows
UPDATE t SET a = 5000000000 WHERE id IN (3, 12);
SELECT * FROM log ORDER BY 2, 1;
TRUNCATE log;

-- a condition that means nothing for the new type is told at the start
SELECT change('03', 'text');	-- fails
-- … where nothing has changed
TABLE kept EXCEPT TABLE triggers;	-- no rows
TABLE triggers EXCEPT TABLE kept;	-- no rows
DROP TRIGGER before_a ON t;
DROP TRIGGER at_once ON t;
DELETE FROM kept WHERE tgname IN ('before_a', 'at_once');
UPDATE t SET a = 0 WHERE a = 5000000000;
TRUNCATE log;
SELECT change('04', 'text');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
TABLE kept EXCEPT TABLE triggers;	-- no rows
TABLE triggers EXCEPT TABLE kept;	-- no rows
UPDATE t SET a = 'text' WHERE id IN (3, 12);
SELECT * FROM log ORDER BY 2, 1;

RESET ROLE;
DROP OWNED BY regress_trigger_kinds CASCADE;
DROP ROLE regress_trigger_kinds;
