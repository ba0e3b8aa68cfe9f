-- Rules on a table of which a column changes: those that read the row that was there
-- go on to, for writes of either version; what they do with a row that is written they
-- see for one version alone, and are refused.
CREATE EXTENSION pgroll_c;
CREATE SCHEMA app;
SET search_path = app;
SET client_min_messages = warning;
CREATE FUNCTION change(name text, type text) RETURNS text LANGUAGE sql AS $$
	SELECT pgroll_c.start_migration(name, jsonb_build_object('operations',
		jsonb_build_array(jsonb_build_object('alter_column', jsonb_build_object(
			'table', 't', 'column', 'a', 'type', type, 'up', 'a::text::' || type,
			'down', 'a::text::int')))), 'app');
$$;
CREATE TABLE t (id int PRIMARY KEY, a int, b text);
CREATE TABLE log (what text, a text, b text);
INSERT INTO t VALUES (1, 1, 'x'), (7, 7, 'x'), (8, 8, 'x'), (9, 9, 'x');
CREATE RULE upd AS ON UPDATE TO t WHERE old.a > 0 DO ALSO INSERT INTO log VALUES ('upd', old.a, new.b);
CREATE RULE ins AS ON INSERT TO t DO ALSO INSERT INTO log SELECT 'ins', max(x.a), new.b FROM t x GROUP BY 3;
CREATE RULE del AS ON DELETE TO t WHERE old.a > 0 DO ALSO INSERT INTO log VALUES ('del', old.a, old.b);
CREATE RULE "Keep" AS ON DELETE TO t WHERE old.a = 7 DO INSTEAD NOTHING;
CREATE RULE replica AS ON DELETE TO t WHERE old.a = 8 DO INSTEAD NOTHING;
ALTER TABLE t DISABLE RULE replica;
COMMENT ON RULE "Keep" ON t IS 'seven';
CREATE VIEW rules AS
	SELECT rulename, ev_enabled, pg_get_ruledef(oid), obj_description(oid, 'pg_rewrite')
	FROM pg_rewrite WHERE ev_class = 't'::regclass;
CREATE TABLE kept AS TABLE rules;

SELECT change('01', 'bigint');
UPDATE app_01.t SET a = 3, b = 'new' WHERE id = 1;
INSERT INTO app_01.t VALUES (2, 20, 'new');
DELETE FROM app_01.t WHERE id IN (7, 8);
TABLE log;
TRUNCATE log;
UPDATE t SET a = 4, b = 'old' WHERE id = 1;
INSERT INTO t VALUES (3, 30, 'old');
DELETE FROM t WHERE id IN (7, 9);
TABLE log;
SELECT id, a, b FROM t ORDER BY id;
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
TABLE kept EXCEPT TABLE rules;	-- no rows
TABLE rules EXCEPT TABLE kept;	-- no rows
SELECT change('02', 'int');
SELECT pgroll_c.rollback_migration('app');
TABLE kept EXCEPT TABLE rules;	-- no rows

-- a rule that does not work with the new type
\set SHOW_CONTEXT never
SELECT change('03', 'text');	-- fails
-- what reads the new value, wherever it does
CREATE RULE reads AS ON UPDATE TO t DO ALSO INSERT INTO log SELECT 'x', y FROM (SELECT new.a AS y) AS z;
SELECT change('03', 'int');	-- fails
CREATE OR REPLACE RULE reads AS ON UPDATE TO t
	DO ALSO UPDATE log SET what = (SELECT string_agg(x.b, (SELECT new.a::text)) FROM t x);
SELECT change('03', 'int');	-- fails
CREATE OR REPLACE RULE reads AS ON INSERT TO t WHERE new.a = 0 DO INSTEAD NOTHING;
SELECT change('03', 'int');	-- fails
