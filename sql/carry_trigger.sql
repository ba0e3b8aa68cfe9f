-- A user's trigger that names a column follows it to its shadow: it fires for
-- writes of either version, and stands as it was after completion or rollback.
CREATE EXTENSION pgroll_c;
CREATE ROLE regress_carry_trigger;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_carry_trigger;
CREATE SCHEMA app AUTHORIZATION regress_carry_trigger;
SET ROLE regress_carry_trigger;
SET search_path = app;
SET client_min_messages = warning;

CREATE TABLE t (id int PRIMARY KEY, a int, b text);
CREATE TABLE audit (trigger_name text, args text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO app.audit VALUES (TG_NAME, TG_ARGV::text);
	RETURN NEW;
END $$;
CREATE TRIGGER "An audit" AFTER UPDATE OF b, a ON t FOR EACH ROW
	WHEN (old.b IS DISTINCT FROM new.b OR new.id > 0)
	EXECUTE FUNCTION note('it''s', 'y');
CREATE TRIGGER of_a BEFORE UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER sleeping BEFORE UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION note();
ALTER TABLE t DISABLE TRIGGER sleeping;
CREATE TRIGGER statements AFTER INSERT OR UPDATE OF a ON t FOR EACH STATEMENT
	EXECUTE FUNCTION note();
CREATE TRIGGER of_b AFTER UPDATE OF b ON t FOR EACH ROW EXECUTE FUNCTION note();
COMMENT ON TRIGGER of_a ON t IS 'a comment';
INSERT INTO t SELECT g, g, 'b' FROM generate_series(1, 10) g;
TRUNCATE audit;

CREATE VIEW triggers AS
	SELECT tgname, tgenabled, pg_get_triggerdef(oid) AS definition,
		obj_description(oid, 'pg_trigger') AS comment
	FROM pg_trigger WHERE tgrelid = 'app.t'::regclass AND NOT tgisinternal;
CREATE TABLE kept AS TABLE triggers;

SELECT pgroll_c.start_migration('01', '{"operations": [{"alter_column":
	{"table": "t", "column": "a", "type": "bigint", "up": "a", "down": "a::int"}}]}', 'app');
-- the new version writes a
UPDATE app_01.t SET a = 5 WHERE id = 3;
SELECT * FROM audit ORDER BY 1;
TRUNCATE audit;
-- the old one does
UPDATE t SET a = 6 WHERE id = 4;
SELECT * FROM audit ORDER BY 1;
TRUNCATE audit;
-- neither does
UPDATE app_01.t SET b = 'c' WHERE id = 5;
SELECT * FROM audit ORDER BY 1;
TRUNCATE audit;
-- the backfill fires none of them
CALL pgroll_c.run_tasks('app');
SELECT * FROM audit;	-- no rows
SELECT pgroll_c.complete_migration('app');
TABLE kept EXCEPT TABLE triggers;	-- no rows
TABLE triggers EXCEPT TABLE kept;	-- no rows

-- a condition that would have no meaning for the new type is refused
CREATE TRIGGER condition BEFORE UPDATE ON t FOR EACH ROW
	WHEN (new.a > 7) EXECUTE FUNCTION note();
SELECT pgroll_c.start_migration('02', '{"operations": [{"alter_column":
	{"table": "t", "column": "a", "type": "text", "up": "a::text", "down": "a::bigint"}}]}', 'app');	-- fails
-- … and carried over where it has one
SELECT pgroll_c.start_migration('03', '{"operations": [{"alter_column":
	{"table": "t", "column": "a", "nullable": false, "up": "coalesce(a, 0)"}}]}', 'app');
SELECT pgroll_c.rollback_migration('app');
TABLE kept EXCEPT TABLE triggers;	-- no rows
SELECT pgroll_c.start_migration('04', '{"operations": [{"alter_column":
	{"table": "t", "column": "a", "nullable": false, "up": "coalesce(a, 0)"}}]}', 'app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
TABLE triggers EXCEPT TABLE kept;
TRUNCATE audit;
UPDATE t SET a = id + 7;
SELECT trigger_name, count(*) FROM audit GROUP BY 1 ORDER BY 1;

RESET ROLE;
DROP OWNED BY regress_carry_trigger CASCADE;
DROP ROLE regress_carry_trigger;
