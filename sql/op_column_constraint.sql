-- check, references, unique and pk of add_column; check, references and unique of
-- alter_column, alone and with its other fields.
\i test/include/setup.sql

CREATE TABLE colors (name text PRIMARY KEY);
INSERT INTO colors VALUES ('red'), ('blue');
CREATE TABLE things (name text NOT NULL, color text, size int);
INSERT INTO things VALUES ('ball', 'red', 1), ('cube', 'green', 2), ('cone', NULL, 2);
CREATE SCHEMA plain;
CREATE TABLE plain.colors (LIKE colors INCLUDING ALL);
CREATE TABLE plain.things (LIKE things INCLUDING ALL);
SELECT pgroll_c.baseline('01_base');

--
-- add_column with all of them
--
\set migration '{"operations": [{"add_column": {"table": "things", "up": "length(name) * 100 + ascii(name) + ascii(substr(name, 3))", "column": {"name": "id", "type": "int", "pk": true, "comment": "the key"}}}, {"add_column": {"table": "things", "up": "upper(name)", "column": {"name": "code", "type": "text", "unique": true, "check": {"name": "loud", "constraint": "code = upper(code)"}}}}, {"add_column": {"table": "things", "column": {"name": "back", "type": "text", "nullable": true, "default": "\'blue\'", "references": {"name": "back_color", "table": "colors", "column": "name", "on_delete": "set default", "deferrable": true, "initially_deferred": true}}}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('02_add', :'migration');
INSERT INTO public_01_base.things VALUES ('rod', 'red', 3);
INSERT INTO public_02_add.things (name, color, size, id, code) VALUES ('disk', 'red', 3, 7, 'DISK');
INSERT INTO public_02_add.things (name, color, size, id, code) VALUES ('disk', 'red', 3, 8, 'Disk'); -- fails
INSERT INTO public_02_add.things (name, color, size, id, code) VALUES ('disk', 'red', 3, 8, NULL); -- fails
INSERT INTO public_02_add.things (name, color, size, id, code, back) VALUES ('disk', 'red', 3, 8, 'D', 'pink'); -- fails
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('02_add', :'migration');
INSERT INTO public_02_add.things (name, color, size, id, code) VALUES ('disc', 'red', 3, 7, 'DISC');
CALL pgroll_c.run_tasks();
INSERT INTO public_02_add.things (name, color, size, id, code) VALUES ('dish', 'red', 3, 7, 'DISH'); -- fails
INSERT INTO public_01_base.things VALUES ('disc', 'red', 3); -- fails
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.things ADD id int PRIMARY KEY, ADD code text NOT NULL UNIQUE CONSTRAINT loud CHECK (code = upper(code)),
	ADD back text DEFAULT 'blue' CONSTRAINT back_color REFERENCES plain.colors ON DELETE SET DEFAULT DEFERRABLE INITIALLY DEFERRED;
COMMENT ON COLUMN plain.things.id IS 'the key';
SELECT * FROM test.differences('public', 'plain'); -- no rows
TABLE public_02_add.things ORDER BY name;

--
-- alter_column with everything that it has
--
\set migration '{"operations": [{"alter_column": {"table": "things", "column": "color", "type": "varchar(20)", "nullable": false, "default": "\'red\'", "comment": "of the front", "check": {"name": "not_pink", "constraint": "color <> \'pink\'"}, "references": {"name": "front_color", "table": "colors", "column": "name", "on_update": "cascade"}, "up": "CASE WHEN color IN (SELECT c.name FROM colors c) THEN color ELSE \'blue\' END", "down": "color"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('03_alter', :'migration');
INSERT INTO public_02_add.things VALUES ('rest', NULL, 4, 9, 'REST');
INSERT INTO public_03_alter.things (name, size, id, code) VALUES ('nest', 4, 10, 'NEST');
INSERT INTO public_03_alter.things (name, color, size, id, code) VALUES ('vest', 'pink', 4, 11, 'VEST'); -- fails
INSERT INTO public_03_alter.things (name, color, size, id, code) VALUES ('vest', 'lime', 4, 11, 'VEST'); -- fails
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('03_alter', :'migration');
CALL pgroll_c.run_tasks();
SELECT name, color FROM public_02_add.things ORDER BY name;
SELECT name, color FROM public_03_alter.things ORDER BY name;
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.things ALTER color TYPE varchar(20), ALTER color SET NOT NULL, ALTER color SET DEFAULT 'red',
	ADD CONSTRAINT not_pink CHECK (color <> 'pink'),
	ADD CONSTRAINT front_color FOREIGN KEY (color) REFERENCES plain.colors ON UPDATE CASCADE;
COMMENT ON COLUMN plain.things.color IS 'of the front';
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- unique: with values of its own a shadow; of the column as it is, only an index
--
\set migration '{"operations": [{"alter_column": {"table": "things", "column": "size", "unique": {"name": "one_size"}, "up": "size * 1000 + id"}}, {"alter_column": {"table": "things", "column": "name", "unique": {"name": "one_name"}, "up": "name"}}]}'
SELECT phase, step, command FROM pgroll_c.plan_migration('04_unique', :'migration')
	WHERE phase = 'background';
SELECT pgroll_c.start_migration('04_unique', :'migration');
CALL pgroll_c.run_tasks();
INSERT INTO public_03_alter.things (name, size, id, code) VALUES ('cube', 4, 12, 'CUBE2'); -- fails
SELECT name, size FROM public_03_alter.things ORDER BY name;
SELECT name, size FROM public_04_unique.things ORDER BY name;
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.things ADD CONSTRAINT one_size UNIQUE (size), ADD CONSTRAINT one_name UNIQUE (name);
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- on a table that the same migration creates
--
\set migration '{"operations": [{"create_table": {"name": "made", "columns": [{"name": "a", "type": "text"}]}}, {"alter_column": {"table": "made", "column": "a", "unique": {"name": "one_a"}, "check": {"name": "short_a", "constraint": "length(a) < 9"}, "references": {"name": "color_a", "table": "colors", "column": "name"}, "up": "a", "down": "a"}}, {"add_column": {"table": "made", "column": {"name": "b", "type": "int", "pk": true, "check": {"name": "big_b", "constraint": "b > 9"}}, "up": "1"}}, {"add_column": {"table": "made", "column": {"name": "c", "type": "int", "nullable": true, "unique": true, "references": {"name": "b_of_c", "table": "made", "column": "b"}}}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('05_made', :'migration');
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('05_made', :'migration');
SELECT pgroll_c.complete_migration();
CREATE TABLE plain.made (a text NOT NULL CONSTRAINT one_a UNIQUE CONSTRAINT short_a CHECK (length(a) < 9)
	CONSTRAINT color_a REFERENCES plain.colors, b int PRIMARY KEY CONSTRAINT big_b CHECK (b > 9),
	c int UNIQUE CONSTRAINT b_of_c REFERENCES plain.made (b));
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- another primary key, under the name of the old one
--
\set migration '{"operations": [{"drop_constraint": {"table": "things", "name": "things_pkey"}}, {"add_column": {"table": "things", "column": {"name": "number", "type": "bigint", "pk": true}, "up": "id + 1000"}}]}'
SELECT pgroll_c.start_migration('06_key', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.things DROP CONSTRAINT things_pkey, ADD number bigint PRIMARY KEY;
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- errors
--
CREATE FUNCTION pg_temp.alter_error(fields jsonb) RETURNS text LANGUAGE sql RETURN
	test.error(test.migration(jsonb_build_object('alter_column', '{"table": "things", "column": "size"}' || fields)));
CREATE FUNCTION pg_temp.add_error(fields jsonb) RETURNS text LANGUAGE sql RETURN
	test.error(test.migration(jsonb_build_object('add_column', jsonb_build_object('table', 'things', 'up', '1', 'column', '{"name": "new", "type": "int"}' || fields))));
\pset tuples_only
\pset format unaligned
SELECT pg_temp.alter_error('{"unique": {}}');
SELECT pg_temp.alter_error('{"unique": {"name": "u", "columns": ["size"]}, "up": "size"}');
SELECT pg_temp.alter_error('{"unique": {"name": "u"}}');
SELECT pg_temp.alter_error('{"check": {"name": "c", "constraint": "size > 0"}}');
SELECT pg_temp.alter_error('{"check": {"name": "c", "constraint": "size > 0"}, "up": "size"}');
SELECT pg_temp.alter_error('{"references": {"name": "r", "table": "colors", "column": "name"}, "up": "size", "down": "size"}');
SELECT pg_temp.alter_error('{"references": {"name": "r", "table": "colors", "column": "name"}, "up": "size"}');
SELECT pg_temp.alter_error('{"unique": {"name": "one_name"}, "up": "size"}');
SELECT pg_temp.add_error('{"pk": true}');
SELECT pg_temp.add_error('{"check": {"name": "loud", "constraint": "new > 0"}}');
SELECT pg_temp.add_error('{"check": {"name": "c", "constraint": "nothing > 0"}}');
SELECT pg_temp.add_error('{"references": {"name": "r", "table": "colors", "column": "name"}}');
SELECT pg_temp.add_error('{"references": {"name": "r", "table": "nothing", "column": "name"}}');
\i test/include/teardown.sql
