-- Tables and types that are not the usual ones: each altered with rows in it, written
-- through both versions, and completed as plain DDL would do it.
\i test/include/setup.sql

CREATE SCHEMA types;
SET search_path = public, types;
CREATE TYPE types.mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE types.pair AS (a int, b text);
CREATE DOMAIN types.percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN types.word AS text COLLATE "C" CHECK (VALUE <> '');
CREATE DOMAIN types.certain AS types.word NOT NULL;

CREATE UNLOGGED TABLE quick (id int PRIMARY KEY, v int);
CREATE TABLE keyless (a int, b text);
CREATE TABLE holes (gone_1 text, id int PRIMARY KEY, gone_2 numeric, v int, gone_3 int);
INSERT INTO holes SELECT g::text, g, g, g, g FROM generate_series(1, 100) g;
ALTER TABLE holes DROP gone_1, DROP gone_2, DROP gone_3;
CREATE TABLE types (
	id int PRIMARY KEY,
	m mood,
	p pair,
	r int4range,
	d percent,
	w word,
	tags text[],
	name text COLLATE "C",
	doc jsonb,
	long text
);
INSERT INTO quick SELECT g, g FROM generate_series(1, 100) g;
INSERT INTO keyless SELECT g % 10, g FROM generate_series(1, 100) g;
INSERT INTO types SELECT g, 'ok', ROW(g, 'x')::pair, int4range(g, g + 2), g % 100, 'w' || g, ARRAY['a', g::text], 'n' || g,
		jsonb_build_object('g', g), (SELECT string_agg(md5((g * i)::text), '') FROM generate_series(1, 200 * (g % 3)) i)
	FROM generate_series(1, 100) g;
CREATE SCHEMA plain;
CREATE UNLOGGED TABLE plain.quick (LIKE quick INCLUDING ALL);
CREATE TABLE plain.keyless (LIKE keyless INCLUDING ALL);
CREATE TABLE plain.holes (LIKE holes INCLUDING ALL);
CREATE TABLE plain.types (LIKE types INCLUDING ALL);
CREATE TABLE long_before AS SELECT id, md5(long) AS long, md5(doc::text) AS doc FROM types;
SELECT pgroll_c.baseline('01_base');

\set migration '{"operations": [{"alter_column": {"table": "quick", "column": "v", "type": "bigint", "up": "v", "down": "v::int"}}, {"alter_column": {"table": "keyless", "column": "a", "nullable": false, "up": "coalesce(a, 0)"}}, {"create_index": {"table": "keyless", "name": "keyless_b", "columns": [{"column": "b"}]}}, {"alter_column": {"table": "holes", "column": "v", "type": "text", "up": "v::text", "down": "v::int"}}, {"add_column": {"table": "holes", "column": {"name": "w", "type": "int"}, "up": "v::int * 2"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('02_odd', :'migration');
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('02_odd', :'migration');
INSERT INTO public_01_base.quick VALUES (101, 101);
INSERT INTO public_02_odd.quick VALUES (102, 102);
INSERT INTO public_01_base.keyless VALUES (NULL, 'x');
INSERT INTO public_01_base.holes VALUES (101, 101);
INSERT INTO public_02_odd.holes VALUES (102, '102', 7);
DELETE FROM public_02_odd.holes WHERE id = 5;
CALL pgroll_c.run_tasks();
UPDATE public_02_odd.keyless SET a = a + 1 WHERE b IN ('1', 'x');
SELECT count(*), sum(v) FROM public_01_base.quick;
SELECT count(*), sum(v) FROM public_02_odd.quick;
SELECT count(*), sum(a), count(*) FILTER (WHERE a IS NULL) FROM public_01_base.keyless;
SELECT count(*), sum(a), count(*) FILTER (WHERE a IS NULL) FROM public_02_odd.keyless;
SELECT count(*), sum(v) FROM public_01_base.holes;
SELECT count(*), sum(v::int), sum(w) FROM public_02_odd.holes;
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.quick ALTER v TYPE bigint;
ALTER TABLE plain.keyless ALTER a SET NOT NULL;
CREATE INDEX keyless_b ON plain.keyless (b);
ALTER TABLE plain.holes ALTER v TYPE text, ADD w int NOT NULL;
CREATE TABLE plain.long_before (LIKE long_before);
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- every column of an unusual type, to another and by an expression
--
\set migration '{"operations": [{"alter_column": {"table": "types", "column": "m", "type": "text", "up": "m::text", "down": "m::types.mood"}}, {"alter_column": {"table": "types", "column": "p", "type": "text", "up": "(p).b", "down": "ROW(1, p)::types.pair"}}, {"alter_column": {"table": "types", "column": "r", "type": "int8range", "up": "int8range(lower(r), upper(r))", "down": "int4range(lower(r)::int, upper(r)::int)"}}, {"alter_column": {"table": "types", "column": "d", "type": "int", "up": "d", "down": "least(greatest(d, 0), 100)"}}, {"alter_column": {"table": "types", "column": "w", "type": "text", "up": "w", "down": "coalesce(w, \'none\')"}}, {"alter_column": {"table": "types", "column": "tags", "type": "types.word[]", "up": "tags::types.word[]", "down": "tags::text[]"}}, {"alter_column": {"table": "types", "column": "name", "nullable": false, "up": "coalesce(name, \'?\')"}}, {"alter_column": {"table": "types", "column": "doc", "nullable": false, "up": "coalesce(doc, \'{}\')"}}, {"alter_column": {"table": "types", "column": "long", "nullable": false, "up": "coalesce(long, \'\')"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('03_types', :'migration');
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('03_types', :'migration');
INSERT INTO public_02_odd.types VALUES (101, 'sad', (1, 'p'), '[1,3)', 7, 'w', '{t}', NULL, NULL, NULL);
INSERT INTO public_03_types.types VALUES (102, 'happy', 'q', '[1,3)', 700, NULL, '{t}', 'n', '{}', repeat('x', 5000));
UPDATE public_03_types.types SET d = 200 WHERE id = 1;
UPDATE public_02_odd.types SET long = repeat('y', 10000) WHERE id = 2;
INSERT INTO public_03_types.types VALUES (103, 'glad', 'q', '[1,3)', 7, 'w', '{t}', 'n', '{}', ''); -- fails
INSERT INTO public_03_types.types VALUES (103, 'sad', 'q', '[1,3)', 7, 'w', ARRAY[''], 'n', '{}', ''); -- fails
CALL pgroll_c.run_tasks();
SELECT id, m, p, r, d, w, tags, name, doc, length(long) FROM public_02_odd.types WHERE id IN (1, 2, 101, 102) ORDER BY id;
SELECT id, m, p, r, d, w, tags, name, doc, length(long) FROM public_03_types.types WHERE id IN (1, 2, 101, 102) ORDER BY id;
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.types ALTER m TYPE text, ALTER p TYPE text USING (p).b, ALTER r TYPE int8range USING NULL,
	ALTER d TYPE int, ALTER w TYPE text, ALTER tags TYPE word[] USING tags::word[], ALTER name SET NOT NULL, ALTER doc SET NOT NULL, ALTER long SET NOT NULL;
SELECT * FROM test.differences('public', 'plain'); -- no rows
SELECT count(*) AS unequal FROM types t JOIN long_before b USING (id)
	WHERE (coalesce(b.long, md5('')), b.doc) IS DISTINCT FROM (md5(t.long), md5(t.doc::text)); -- 1: the one that was updated
VACUUM (FULL) types;

--
-- to a domain: the table is not rewritten, and the domain is checked
--
CREATE TABLE marks (id int PRIMARY KEY, mark int, note text);
INSERT INTO marks SELECT g, g * 2, 'n' || g FROM generate_series(1, 60) g;
CREATE TABLE plain.marks (LIKE marks INCLUDING ALL);
SELECT relfilenode AS before FROM pg_class WHERE oid = 'marks'::regclass \gset
\set migration '{"operations": [{"alter_column": {"table": "marks", "column": "mark", "type": "types.percent", "up": "least(mark, 100)", "down": "mark"}}, {"add_column": {"table": "marks", "column": {"name": "w", "type": "types.word", "nullable": true}}}, {"add_column": {"table": "marks", "column": {"name": "v", "type": "types.word", "default": "\'v\'"}}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('04_domain', :'migration');
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('04_domain', :'migration');
SELECT relfilenode <> :before AS rewritten FROM pg_class WHERE oid = 'marks'::regclass;
INSERT INTO marks (id, mark) VALUES (61, 1000);
INSERT INTO public_04_domain.marks (id, mark) VALUES (62, 1000); -- fails
INSERT INTO public_04_domain.marks (id, mark, w) VALUES (62, 100, ''); -- fails
INSERT INTO public_04_domain.marks (id, mark, w) VALUES (62, 99, 'w');
CALL pgroll_c.run_tasks();
SELECT sum(mark), count(w), count(v) FROM public_04_domain.marks;
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.marks ALTER mark TYPE types.percent USING NULL, ADD w types.word, ADD v types.word NOT NULL DEFAULT 'v';
SELECT * FROM test.differences('public', 'plain'); -- no rows
SELECT pgroll_c.start_migration('05_certain', '{"operations": [{"alter_column": {"table": "marks", "column": "note", "type": "types.certain", "up": "note", "down": "note"}}]}'); -- fails
SELECT pgroll_c.start_migration('05_certain', '{"operations": [{"add_column": {"table": "marks", "column": {"name": "c", "type": "types.certain"}, "up": "note"}}]}'); -- fails
ALTER TABLE marks ADD certain types.certain DEFAULT 'x';
ALTER TABLE marks ALTER certain DROP DEFAULT;
SELECT pgroll_c.start_migration('05_certain', '{"operations": [{"alter_column": {"table": "marks", "column": "certain", "type": "text", "up": "certain", "down": "certain"}}]}'); -- fails
SELECT pgroll_c.start_migration('05_certain', '{"operations": [{"drop_column": {"table": "marks", "column": "certain"}}]}'); -- fails

-- what the domain's owner wrote does not run with the rights of who migrates
CREATE FUNCTION types.spy() RETURNS boolean LANGUAGE plpgsql AS $$BEGIN
	RAISE WARNING 'checked as %', current_user;
	RETURN true;
END$$;
CREATE DOMAIN types.spied AS int CHECK (types.spy());
CREATE TABLE spied (id int PRIMARY KEY, spied types.spied);
RESET ROLE;
SET client_min_messages = warning;
SELECT pgroll_c.start_migration('05_spied', '{"operations": [{"alter_column": {"table": "spied", "column": "spied", "nullable": false, "up": "coalesce(spied, 0)", "down": "spied"}}]}');
SELECT pgroll_c.rollback_migration();
SET ROLE regress_owner;
RESET client_min_messages;

--
-- many columns
--
DO $$BEGIN
	EXECUTE (SELECT format('CREATE TABLE wide (id int PRIMARY KEY, %s)', string_agg(format('c%s int', g), ', ' ORDER BY g)) FROM generate_series(1, 1499) g);
END$$;
INSERT INTO wide (id, c7, c1499) SELECT g, g, g FROM generate_series(1, 50) g;
SELECT pgroll_c.start_migration('06_wide', '{"operations": [{"alter_column": {"table": "wide", "column": "c7", "type": "bigint", "up": "c7", "down": "c7::int"}}, {"alter_column": {"table": "wide", "column": "c1499", "type": "text", "up": "c1499::text", "down": "c1499::int"}}]}');
INSERT INTO wide (id, c7, c1499) VALUES (51, 51, 51);
CALL pgroll_c.run_tasks();
UPDATE public_06_wide.wide SET c7 = c7 + 1, c1499 = c1499 || '0' WHERE id = 1;
SELECT sum(c7), sum(c1499) FROM wide;
SELECT sum(c7), sum(c1499::int) FROM public_06_wide.wide;
SELECT pgroll_c.complete_migration();
SELECT sum(c7), sum(c1499::int) FROM public_06_wide.wide;
SELECT pgroll_c.start_migration('07_wide', format('{"operations": [%s]}', string_agg(format('{"alter_column": {"table": "wide", "column": "c%s", "type": "text", "up": "c%s::text", "down": "c%s::int"}}', g, g, g), ','))::jsonb)
	FROM generate_series(10, 120) g; -- fails: not 1,600 columns
SELECT pgroll_c.validate_migration('07_wide', format('{"operations": [%s]}', string_agg(format('{"alter_column": {"table": "wide", "column": "c%s", "type": "text", "up": "c%s::text", "down": "c%s::int"}}', g, g, g), ','))::jsonb)
	FROM generate_series(10, 120) g; -- fails
\i test/include/teardown.sql
