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
SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE conrelid = 'a.t'::regclass AND contype = 'f' ORDER BY conname;

-- the other schema's names may change meanwhile
SELECT '{"operations": [
	{"create_constraint": {"table": "t", "name": "m", "type": "foreign_key", "columns": ["u"], "up": {"u": "u"}, "down": {"u": "u"},
		"references": {"table": "b.u", "columns": ["n"]}}},
	{"add_column": {"table": "t", "column": {"name": "w", "type": "int", "nullable": true,
		"references": {"name": "t_w", "table": "b.x.y", "column": "id"}}}},
	{"create_table": {"name": "made", "columns": [{"name": "id", "type": "int", "pk": true,
		"references": {"name": "made_u", "table": "b.u", "column": "id"}}],
		"constraints": [{"name": "made_p", "type": "foreign_key", "columns": ["id"], "references": {"table": "b.p", "columns": ["id"]}}]}}
]}' AS keys \gset
SELECT pgroll_c.start_migration('03', :'keys', 'a');
ALTER TABLE b.u RENAME n TO number;
ALTER TABLE b.u RENAME id TO n;
ALTER TABLE b."x.y" RENAME TO xy;
ALTER TABLE b.p RENAME id TO key;
CALL pgroll_c.wait_for_migration('a');
SELECT pgroll_c.complete_migration('a');
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
	WHERE conrelid IN ('a.t'::regclass, 'a.made'::regclass) AND contype = 'f' ORDER BY conrelid::regclass::text, conname;
ALTER TABLE a.t DROP CONSTRAINT k, DROP CONSTRAINT l, DROP CONSTRAINT m;

-- and those of what references a key that changes
CREATE TABLE b.r (id int PRIMARY KEY, t int CONSTRAINT r_t REFERENCES a.t ON DELETE SET NULL, s int CONSTRAINT r_s REFERENCES a.t);
CREATE TABLE b.s (t int REFERENCES a.t);
CREATE TABLE b.q (t int, s int, CONSTRAINT q_t FOREIGN KEY (t) REFERENCES a.t) PARTITION BY RANGE (s);
CREATE TABLE b.q_1 PARTITION OF b.q DEFAULT;
INSERT INTO a.t VALUES (1), (2), (3);
INSERT INTO b.r VALUES (1, 1, 2);
INSERT INTO b.q VALUES (1, 2);
SELECT '{"operations": [{"alter_column": {"table": "t", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}}]}' AS id_bigint \gset
BEGIN;
SELECT pgroll_c.start_migration('04', :'id_bigint', 'a');
ALTER TABLE b.r RENAME t TO x;
ALTER TABLE b.r RENAME s TO t;
ALTER TABLE b.s RENAME TO s2;
ALTER TABLE b.q RENAME t TO r;
ALTER TABLE b.q_1 RENAME TO q_2;
COMMIT;
CALL pgroll_c.wait_for_migration('a');
ALTER TABLE b.r RENAME CONSTRAINT r_s TO r_r;
ALTER TABLE b.q RENAME CONSTRAINT q_t TO q_r;
SELECT pgroll_c.complete_migration('a');
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
	WHERE confrelid = 'a.t'::regclass ORDER BY conrelid::regclass::text, conname;
DELETE FROM a.t WHERE id = 1;                                                -- fails
DROP TABLE b.q;
DELETE FROM a.t WHERE id = 1;
TABLE b.r;

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
SELECT pgroll_c.start_migration('05', :'own_bigint', 'a');                   -- fails
SELECT pgroll_c.start_migration('05', :'renamed', 'a');
SELECT pgroll_c.rollback_migration('a');
CALL pgroll_c.migrate('05', :'renamed', 'a');
SELECT * FROM ours ORDER BY 1;
UPDATE b_02.parent SET n = 3000000000 WHERE id = 1;                          -- fails
UPDATE b_02.parent SET n = 7 WHERE id = 1;
CALL pgroll_c.wait_for_migration('b');
SELECT pgroll_c.complete_migration('b');
SELECT id, n, pg_typeof(n), mine FROM a_05.child;
SELECT * FROM ours;

-- partitions and children may be renamed with their schema, and by themselves as long as no trigger of ours is on them
CREATE SCHEMA parts;
CREATE TABLE a.p (id int, x int) PARTITION BY RANGE (id);
CREATE TABLE a.p_1 PARTITION OF a.p FOR VALUES FROM (1) TO (10);
CREATE TABLE parts.p_2 PARTITION OF a.p DEFAULT;
INSERT INTO a.p SELECT i, i FROM generate_series(1, 20) i;
CREATE TABLE parts.child (UNIQUE (mine)) INHERITS (a.child);
CREATE INDEX child_n ON parts.child (mine, n);
INSERT INTO parts.child VALUES (2, 2, 2);
SELECT '{"operations": [{"create_index": {"table": "p", "name": "p_x", "columns": [{"column": "x"}]}},
	{"alter_column": {"table": "child", "column": "mine", "type": "bigint", "up": "mine", "down": "mine::int"}}]}' AS indexed \gset
BEGIN;
SELECT pgroll_c.start_migration('06', :'indexed', 'a');
ALTER TABLE parts.child RENAME TO kid;                                       -- fails
ROLLBACK;
BEGIN;
SELECT pgroll_c.start_migration('06', :'indexed', 'a');
ALTER TABLE a.p_1 RENAME TO p_one;
ALTER SCHEMA parts RENAME TO pieces;
COMMIT;
CALL pgroll_c.wait_for_migration('a');
SELECT pgroll_c.rollback_migration('a');
BEGIN;
SELECT pgroll_c.start_migration('06', :'indexed', 'a');
ALTER TABLE a.p_one RENAME TO p_first;
ALTER SCHEMA pieces RENAME TO parts;
COMMIT;
CALL pgroll_c.wait_for_migration('a');
SELECT pgroll_c.complete_migration('a');
SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index
	WHERE indrelid IN ('a.p'::regclass, 'a.p_first'::regclass, 'parts.p_2'::regclass, 'parts.child'::regclass) ORDER BY indexrelid::regclass::text;

-- two migrations at once: what a foreign key joins is changed by one of them
CREATE FUNCTION to_bigint(name text, changed text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('operations', jsonb_build_array(jsonb_build_object('alter_column', jsonb_build_object(
		'table', name, 'column', changed, 'type', 'bigint', 'up', changed, 'down', changed || '::int'))))
$$;
CREATE TABLE a.key (id int PRIMARY KEY, n int UNIQUE, x int);
CREATE TABLE b.of_key (id int PRIMARY KEY, k int CONSTRAINT of_key_k REFERENCES a.key ON UPDATE CASCADE, y int);
INSERT INTO a.key SELECT i, i, i FROM generate_series(1, 100) i;
INSERT INTO b.of_key SELECT i, i, i FROM generate_series(1, 100) i;
SELECT pgroll_c.start_migration('07', to_bigint('key', 'id'), 'a');
CALL pgroll_c.wait_for_migration('a');
SELECT pgroll_c.start_migration('07', to_bigint('of_key', 'k'), 'b');        -- fails
SELECT pgroll_c.start_migration('07', '{"operations": [{"create_constraint": {"table": "of_key", "name": "of_key_y", "type": "foreign_key",
	"columns": ["y"], "up": {"y": "y"}, "down": {"y": "y"}, "references": {"table": "a.key", "columns": ["id"]}}}]}', 'b'); -- fails
SELECT pgroll_c.start_migration('07', '{"operations": [{"create_constraint": {"table": "of_key", "name": "of_key_y", "type": "foreign_key",
	"columns": ["y"], "up": {"y": "y"}, "down": {"y": "y"}, "references": {"table": "a.key", "columns": ["n"]}}},
	{"drop_constraint": {"table": "of_key", "name": "of_key_k", "up": "k", "down": "k"}}]}', 'b');
CALL pgroll_c.wait_for_migration('b');
SELECT schema, migration, state, version_schema, previous_version_schema, tasks_open, tasks_failed FROM pgroll_c.status('a')
UNION ALL
SELECT schema, migration, state, version_schema, previous_version_schema, tasks_open, tasks_failed FROM pgroll_c.status('b');
SELECT pgroll_c.complete_migration('b');
SELECT pgroll_c.complete_migration('a');
SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE conrelid = 'b.of_key'::regclass AND contype = 'f' ORDER BY conname;
SELECT pgroll_c.start_migration('08', to_bigint('of_key', 'y'), 'b');
CALL pgroll_c.wait_for_migration('b');
SELECT pgroll_c.start_migration('08', to_bigint('key', 'n'), 'a');           -- fails
SELECT pgroll_c.start_migration('08', '{"operations": [{"drop_table": {"name": "key"}}]}', 'a'); -- fails
SELECT pgroll_c.start_migration('08', to_bigint('key', 'x'), 'a');
SELECT pgroll_c.rollback_migration('b');
SELECT pgroll_c.rollback_migration('a');

-- what a migration dropped beside another one that has made its foreign key anew
ALTER TABLE b.of_key DROP CONSTRAINT of_key_y, ADD CONSTRAINT of_key_y FOREIGN KEY (y) REFERENCES a.key;
CREATE TABLE b.of_key_too (id int REFERENCES a.key);
SELECT pgroll_c.start_migration('09', '{"operations": [{"alter_column": {"table": "key", "column": "id", "type": "int", "up": "id::int", "down": "id"}}]}', 'a');
CALL pgroll_c.wait_for_migration('a');
CALL pgroll_c.migrate('09', '{"operations": [{"drop_column": {"table": "of_key", "column": "y"}}, {"drop_table": {"name": "of_key_too"}}]}', 'b');
SELECT pgroll_c.complete_migration('a');
SELECT count(*) FROM pg_constraint WHERE confrelid = 'a.key'::regclass;

-- names of version schemas that are alike, and those of base schemas
RESET ROLE;
CREATE SCHEMA a_b AUTHORIZATION regress_schemas;
SET ROLE regress_schemas;
CREATE TABLE a_b.t (id int PRIMARY KEY);
SELECT pgroll_c.baseline('01', 'a_b');
SELECT pgroll_c.start_migration('b_01', to_bigint('key', 'x'), 'a');         -- fails
SELECT pgroll_c.validate_migration('b_01', to_bigint('key', 'x'), 'a');      -- fails
SELECT pgroll_c.start_migration('b_02', to_bigint('key', 'x'), 'a');
SELECT pgroll_c.start_migration('02', to_bigint('t', 'id'), 'a_b');          -- fails
SELECT pgroll_c.start_migration('03', to_bigint('t', 'id'), 'a_b');
CALL pgroll_c.wait_for_migration('a_b');
CALL pgroll_c.wait_for_migration('a');
INSERT INTO a_b_03.t VALUES (3000000000);                                    -- fails
INSERT INTO a_b_03.t VALUES (3);
UPDATE a_b_02.key SET x = 3 WHERE x = 2;
SELECT pgroll_c.rollback_migration('a');
SELECT pgroll_c.complete_migration('a_b');
SELECT latest FROM (VALUES (pgroll_c.latest_version('a')), (pgroll_c.latest_version('a_b')), (pgroll_c.latest_version('b'))) v (latest);

-- a version schema is no base schema
\set VERBOSITY default
SELECT pgroll_c.baseline('01', pgroll_c.latest_version('b'));                                            -- fails
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
SELECT pgroll_c.start_migration('10', to_bigint('of_key', 'id'), pgroll_c.latest_version('b'));          -- fails
SELECT pgroll_c.validate_migration('10', to_bigint('of_key', 'id'), pgroll_c.latest_version('b'));       -- fails
-- another one of its name may be
CREATE SCHEMA d;
SELECT pgroll_c.baseline('01', 'd');
DROP SCHEMA d_01;
CREATE SCHEMA d_01 CREATE TABLE t (id int);
SELECT pgroll_c.baseline('01', 'd_01');
DROP SCHEMA d_01, d_01_01 CASCADE;
CREATE SCHEMA d_01;
DROP SCHEMA d;
SELECT pgroll_c.baseline('02', 'd_01');
DROP SCHEMA d_01, d_01_02;

-- a schema, and a table of it, whose migration or whose neighbour's is in progress
SELECT pgroll_c.start_migration('10', to_bigint('of_key', 'id'), 'b');
CALL pgroll_c.wait_for_migration('b');
ALTER TABLE b.of_key SET SCHEMA a_b;                                         -- fails
RESET ROLE;
ALTER SCHEMA b RENAME TO c;                                                  -- fails
ALTER SCHEMA b_10 RENAME TO c;                                               -- fails
DROP SCHEMA b CASCADE;                                                       -- fails
DROP SCHEMA b_10 CASCADE;                                                    -- fails
ALTER SCHEMA a RENAME TO other;
ALTER SCHEMA other RENAME TO a;
SET ROLE regress_schemas;
SELECT pgroll_c.rollback_migration('b');

RESET ROLE;
DROP OWNED BY regress_schemas CASCADE;
DROP ROLE regress_schemas;
