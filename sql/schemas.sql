-- Several base schemas: what reaches from one into another, and migrations of both
-- at the same time.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION pgroll_c;
CREATE ROLE regress_schemas;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_schemas', current_database()); END $$;
CREATE SCHEMA a AUTHORIZATION regress_schemas;
CREATE SCHEMA b AUTHORIZATION regress_schemas;
CREATE SCHEMA "c.d";
CREATE FUNCTION key_to(name text, referenced text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('operations', jsonb_build_array(jsonb_build_object('create_constraint', jsonb_build_object(
		'table', 't', 'name', name, 'type', 'foreign_key', 'columns', '["u"]'::jsonb, 'up', '{"u": "u"}'::jsonb, 'down', '{"u": "u"}'::jsonb,
		'references', jsonb_build_object('table', referenced, 'columns', '["id"]'::jsonb)))))
$$;
GRANT CREATE ON SCHEMA public TO regress_schemas;
SET ROLE regress_schemas;

-- a foreign key of the document may reference another schema's table
CREATE TABLE a.t (id int PRIMARY KEY, u int);
CREATE TABLE a."b.u" (id int PRIMARY KEY);
CREATE TABLE b.u (id int PRIMARY KEY, n int UNIQUE);
CREATE TABLE b.p (id int PRIMARY KEY, n int) PARTITION BY RANGE (id);
CREATE TABLE b."x.y" (id int PRIMARY KEY);
CREATE VIEW b.v AS SELECT * FROM b.u;
RESET ROLE;
CREATE TABLE "c.d".u (id int PRIMARY KEY);
CREATE SCHEMA hidden;
CREATE TABLE hidden.u (id int PRIMARY KEY);
SET ROLE regress_schemas;
SELECT referenced, regexp_replace(command, '.* REFERENCES', 'REFERENCES') AS command
	FROM unnest('{b.u, a.t, b.p, b.x.y, "a.b.u"}'::text[]) referenced,
		pgroll_c.plan_migration('01', key_to('k', referenced), 'a') WHERE command ~ 'REFERENCES';
DROP TABLE a."b.u";
SELECT pgroll_c.validate_migration('01', key_to('k', 'b.missing'), 'a');     -- fails
SELECT pgroll_c.validate_migration('01', key_to('k', 'a.missing'), 'a');     -- fails
SELECT pgroll_c.validate_migration('01', key_to('k', 'missing.u'), 'a');     -- fails
SELECT pgroll_c.validate_migration('01', key_to('k', 'B.U'), 'a');           -- fails
SELECT pgroll_c.validate_migration('01', key_to('k', '"b".u'), 'a');         -- fails
SELECT pgroll_c.validate_migration('01', key_to('k', '.u'), 'a');            -- fails
SELECT pgroll_c.validate_migration('01', key_to('k', 'b.'), 'a');            -- fails
SELECT pgroll_c.validate_migration('01', key_to('k', 'b.v'), 'a');           -- fails
SELECT pgroll_c.start_migration('01', key_to('k', 'hidden.u'), 'a');         -- fails
SELECT pgroll_c.start_migration('01', key_to('k', 'c.d.u'), 'a');            -- fails
RESET ROLE;
GRANT USAGE ON SCHEMA "c.d" TO regress_schemas;
GRANT REFERENCES ON "c.d".u TO regress_schemas;
SET ROLE regress_schemas;
CALL pgroll_c.migrate('01', key_to('k', 'c.d.u'), 'a');
CALL pgroll_c.migrate('02', key_to('l', 'b.u'), 'a');
SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE conrelid = 'a.t'::regclass ORDER BY conname;

-- what a migration of b does to a's table, a child there, stays when one of a ends
CREATE TABLE b.parent (id int PRIMARY KEY, n int);
CREATE TABLE a.child (own int) INHERITS (b.parent);
INSERT INTO a.child VALUES (1, 1, 1);
SELECT pgroll_c.baseline('01', 'b');
CREATE VIEW ours AS SELECT relid::regclass::text AS "table", string_agg(name, ' ' ORDER BY name) AS names FROM (
		SELECT tgrelid, tgname FROM pg_trigger WHERE tgname ~ 'dual_write'
		UNION ALL
		SELECT attrelid, regexp_replace(attname, '\d+', 'N') FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
		WHERE attname ~ '^_pgroll' AND relkind = 'r') o (relid, name)
	WHERE relid::regclass::text ~ '^(a|b)\.' GROUP BY relid;
SELECT '{"operations": [{"alter_column": {"table": "parent", "column": "n", "type": "bigint", "up": "n", "down": "n::int"}}]}' AS n_bigint,
	'{"operations": [{"alter_column": {"table": "child", "column": "own", "type": "bigint", "up": "own", "down": "own::int"}}]}' AS own_bigint,
	'{"operations": [{"rename_column": {"table": "child", "from": "own", "to": "mine"}}]}' AS renamed \gset
SELECT pgroll_c.start_migration('02', :'n_bigint', 'b');
SELECT * FROM ours ORDER BY 1;
SELECT pgroll_c.start_migration('03', :'own_bigint', 'a');                   -- fails
SELECT pgroll_c.start_migration('03', :'renamed', 'a');
SELECT pgroll_c.rollback_migration('a');
CALL pgroll_c.migrate('03', :'renamed', 'a');
SELECT * FROM ours ORDER BY 1;
UPDATE b_02.parent SET n = 3000000000 WHERE id = 1;                          -- fails
UPDATE b_02.parent SET n = 7 WHERE id = 1;
CALL pgroll_c.wait_for_migration('b');
SELECT pgroll_c.complete_migration('b');
SELECT id, n, pg_typeof(n), mine FROM a_03.child;
SELECT * FROM ours;

RESET ROLE;
DROP OWNED BY regress_schemas CASCADE;
DROP ROLE regress_schemas;
