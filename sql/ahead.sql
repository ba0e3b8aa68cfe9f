-- The views of tables that do not change are made and dropped before the others are
-- locked; where that goes wrong, or was overtaken, they are made under the locks.
CREATE EXTENSION pgroll_c;
SET client_min_messages = warning;
CREATE ROLE regress_reader;
CREATE TABLE changed (id int PRIMARY KEY, a text);
CREATE TABLE b_child (more int) INHERITS (changed);
CREATE TABLE other (id int PRIMARY KEY, a text DEFAULT 'x');
CREATE TABLE renamed (id int PRIMARY KEY);
CREATE TABLE going (id int PRIMARY KEY);
CREATE VIEW a_view AS SELECT id FROM changed;
CREATE TABLE referenced (id int PRIMARY KEY);
GRANT SELECT ON other TO regress_reader;
CREATE ROLE regress_owner;
ALTER TABLE other OWNER TO regress_owner;
COMMENT ON COLUMN other.a IS 'of the other';
INSERT INTO changed VALUES (1, '1');
INSERT INTO other VALUES (1, 'one');
SELECT pgroll_c.baseline('01');

\set migration '{"operations": [{"alter_column": {"table": "changed", "column": "a", "type": "int", "up": "a::int", "down": "a::text"}}, {"rename_table": {"from": "renamed", "to": "new_name"}}, {"drop_table": {"name": "going"}}, {"create_table": {"name": "coming", "columns": [{"name": "id", "type": "int", "pk": true, "references": {"name": "coming_id", "table": "referenced", "column": "id"}}]}}]}'

-- What hangs on the views; the same whichever way they were made.
CREATE VIEW pg_temp.made AS
	SELECT c.relname, pg_get_viewdef(c.oid) AS definition, c.relacl::text, c.reloptions,
		(SELECT string_agg(pg_get_expr(adbin, adrelid), ', ') FROM pg_attrdef WHERE adrelid = c.oid) AS defaults,
		(SELECT string_agg(description, ', ') FROM pg_description WHERE objoid = c.oid) AS comments
	FROM pg_class c WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'public_02') AND relkind = 'v';

-- Which views come and go while the changed table is locked, and which while it is not?
CREATE FUNCTION locks_changed() RETURNS boolean LANGUAGE sql AS $$
	SELECT EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'public.changed'::regclass AND mode = 'AccessExclusiveLock')
$$;
CREATE TABLE seen (n int GENERATED ALWAYS AS IDENTITY, what text, under_lock boolean);
CREATE FUNCTION note_made() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.seen (what, under_lock) SELECT command_tag || ' ' || object_identity, public.locks_changed()
		FROM pg_event_trigger_ddl_commands();
END $$;
CREATE FUNCTION note_dropped() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.seen (what, under_lock) SELECT 'DROP ' || object_identity, public.locks_changed()
		FROM pg_event_trigger_dropped_objects() WHERE original;
END $$;
CREATE EVENT TRIGGER note_made ON ddl_command_end WHEN TAG IN ('CREATE VIEW', 'CREATE SCHEMA') EXECUTE FUNCTION note_made();
CREATE EVENT TRIGGER note_dropped ON sql_drop WHEN TAG IN ('DROP VIEW', 'DROP SCHEMA') EXECUTE FUNCTION note_dropped();
CREATE FUNCTION pg_temp.seen() RETURNS TABLE (what text, under_lock boolean) LANGUAGE sql AS $$
	WITH gone AS (DELETE FROM seen RETURNING *) SELECT gone.what, gone.under_lock FROM gone ORDER BY gone.under_lock, gone.what COLLATE "C"
$$;
-- the plan tells the order
SELECT row_number() OVER (), left(command, 42) AS command, lock_mode, relation
	FROM pgroll_c.plan_migration('02', :'migration') WHERE phase = 'start';

SELECT pgroll_c.start_migration('02', :'migration');
SELECT * FROM pg_temp.seen();
-- so it was run
SELECT step, left(command, 42) AS command FROM pgroll_c.step_log
	WHERE migration = 2 AND phase = 'start' AND command ~ '^CREATE' ORDER BY id;
CREATE TEMP TABLE right_ones AS SELECT * FROM pg_temp.made;
CREATE FUNCTION pg_temp.differing() RETURNS SETOF name LANGUAGE sql AS $$
	SELECT relname FROM ((TABLE right_ones EXCEPT TABLE pg_temp.made) UNION ALL (TABLE pg_temp.made EXCEPT TABLE right_ones)) AS each
	WHERE relname NOT IN ('changed', 'b_child')	-- whose columns have the migration's number
$$;
SELECT relname, relacl LIKE '%regress_reader=r/%' AS may_read, defaults, comments FROM right_ones ORDER BY relname;
SELECT pgroll_c.rollback_migration();
SELECT * FROM pg_temp.seen();

-- An error while they are made ahead: they are made under the locks.
CREATE FUNCTION refuse_ahead() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NOT public.locks_changed() THEN
		RAISE 'not now';
	END IF;
END $$;
CREATE EVENT TRIGGER refuse_ahead ON ddl_command_end WHEN TAG IN ('CREATE VIEW', 'DROP VIEW') EXECUTE FUNCTION refuse_ahead();
SELECT pgroll_c.start_migration('02', :'migration');
SELECT * FROM pg_temp.seen();
SELECT * FROM pg_temp.differing(); -- no rows
SELECT pgroll_c.rollback_migration();
SELECT * FROM pg_temp.seen();
-- an error that does not go away is told
ALTER EVENT TRIGGER note_made DISABLE;
CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'never'; END $$;
CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION refuse();
\set VERBOSITY terse
SELECT pgroll_c.start_migration('02', :'migration'); -- fails
\set VERBOSITY default
DROP EVENT TRIGGER refuse;
ALTER EVENT TRIGGER refuse_ahead DISABLE;
ALTER EVENT TRIGGER note_made ENABLE;

-- What a view shows is changed after it was made ahead: it is made again.
CREATE FUNCTION overtake() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NOT public.locks_changed() AND EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'public_02.other') THEN
		COMMENT ON COLUMN public.other.a IS 'said since';
		GRANT UPDATE (a) ON public.other TO regress_reader;
	END IF;
END $$;
CREATE EVENT TRIGGER overtake ON ddl_command_end WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION overtake();
SELECT pgroll_c.start_migration('02', :'migration');
SELECT * FROM pg_temp.seen();
SELECT relname, defaults, comments FROM pg_temp.made WHERE relname = 'other';
SELECT has_table_privilege('regress_reader', 'public_02.other', 'SELECT') AS may_read,
	has_column_privilege('regress_reader', 'public_02.other', 'a', 'UPDATE') AS may_update;
SELECT DISTINCT * FROM pg_temp.differing() AS name WHERE name <> 'other'; -- no rows
DROP EVENT TRIGGER overtake;

-- the completion retires the old views in the same way, first where they can't go ahead
CALL pgroll_c.wait_for_migration();
BEGIN;
ALTER EVENT TRIGGER refuse_ahead ENABLE;
SELECT pgroll_c.complete_migration();
SELECT * FROM pg_temp.seen();
ROLLBACK;
DROP EVENT TRIGGER refuse_ahead;
SELECT pgroll_c.complete_migration();
SELECT * FROM pg_temp.seen();
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'public\_%';
SELECT * FROM public_02.changed;
DROP EVENT TRIGGER note_made;
DROP EVENT TRIGGER note_dropped;
DROP OWNED BY regress_reader, regress_owner;
DROP ROLE regress_reader, regress_owner;
