-- Expressions of the document: what is refused, and what they mean.
\i test/include/setup.sql

CREATE TABLE item (id int PRIMARY KEY, name text, price int, doubled int GENERATED ALWAYS AS (price * 2) STORED);
CREATE TABLE rate (currency text PRIMARY KEY, factor numeric);
INSERT INTO rate VALUES ('eur', 2), ('usd', 3);
INSERT INTO item VALUES (1, 'one', 10), (2, NULL, NULL);
CREATE FUNCTION many() RETURNS SETOF int LANGUAGE sql AS 'VALUES (1), (2)';
CREATE FUNCTION swap(text) RETURNS text LANGUAGE sql RETURN reverse($1);
CREATE FUNCTION row_of(item) RETURNS int LANGUAGE sql AS 'SELECT $1.id';
SELECT pgroll_c.baseline('01_base');

-- an up of a nullable text column
CREATE FUNCTION pg_temp.up(expression text) RETURNS text LANGUAGE sql
	RETURN test.error(jsonb_build_object('operations', jsonb_build_array(jsonb_build_object('add_column',
		jsonb_build_object('table', 'item', 'column', '{"name": "x", "type": "text", "nullable": true}'::jsonb, 'up', expression)))));
-- the default of a created column, its check
CREATE FUNCTION pg_temp.default_of(expression text) RETURNS text LANGUAGE sql
	RETURN test.error(jsonb_build_object('operations', jsonb_build_array(jsonb_build_object('create_table',
		jsonb_build_object('name', 't', 'columns', jsonb_build_array(jsonb_build_object('name', 'x', 'type', 'int', 'default', expression)))))));
CREATE FUNCTION pg_temp.check_of(expression text) RETURNS text LANGUAGE sql
	RETURN test.error(jsonb_build_object('operations', jsonb_build_array(jsonb_build_object('create_table',
		jsonb_build_object('name', 't', 'columns', jsonb_build_array(jsonb_build_object('name', 'x', 'type', 'int',
			'check', jsonb_build_object('name', 'c', 'constraint', expression))))))));
CALL test.remember();
\t \a

-- what does not parse, or tries to be more than one expression
SELECT pg_temp.up('');
SELECT pg_temp.up('   ');
SELECT pg_temp.up('-- nothing');
SELECT pg_temp.up('name +');
SELECT pg_temp.up('name)');
SELECT pg_temp.up('(name');
SELECT pg_temp.up('name); DROP TABLE item; --');
SELECT pg_temp.up('name; SELECT 1');
SELECT pg_temp.up('name, id');
SELECT pg_temp.up('name AS other');
SELECT pg_temp.up('name FROM item');
SELECT pg_temp.up('name WHERE true');
SELECT pg_temp.up('name LIMIT 1');
SELECT pg_temp.up('name ORDER BY 1');
SELECT pg_temp.up('name /* ');
SELECT pg_temp.up('''name');
SELECT pg_temp.up('$$name');
SELECT pg_temp.up('DROP TABLE item');
SELECT pg_temp.up('UPDATE item SET price = 0');
SELECT pg_temp.up('WITH gone AS (DELETE FROM item RETURNING name) SELECT name FROM gone');
SELECT pg_temp.up('SELECT name INTO stolen');
SELECT pg_temp.up('SELECT name FROM item FOR UPDATE');
SELECT pg_temp.up('SELECT name; SELECT name');
SELECT pg_temp.up('SELECT name, id');
SELECT pg_temp.up('VALUES (name)');
SELECT pg_temp.up('*');
SELECT pg_temp.up('DEFAULT');
SELECT pg_temp.up('$1');
SELECT pg_temp.up(':name');

-- what does not type-check
SELECT pg_temp.up('nothing');
SELECT pg_temp.up('nothing.name');
SELECT pg_temp.up('public.item.name');
SELECT pg_temp.up('"NAME"');
SELECT split_part(pg_temp.up('nothing(name)'), E'\n', 1);
SELECT split_part(pg_temp.up('name + 1'), E'\n', 1);
SELECT pg_temp.up('name::nothing');
SELECT pg_temp.up('x');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "int", "nullable": true}, "up": "name"}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "int", "nullable": true}, "up": "''seven''"}}]}');
SELECT test.error('{"operations": [{"alter_column": {"table": "item", "column": "price", "type": "text", "up": "price::text", "down": "price"}}]}');
SELECT test.error('{"operations": [{"drop_column": {"table": "item", "column": "price", "down": "name"}}]}');
SELECT test.error('{"operations": [{"drop_column": {"table": "item", "column": "price", "down": "price"}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "boolean", "nullable": true}, "up": "now()"}}]}');

-- what cannot be computed of a row
SELECT pg_temp.up('max(name)');
SELECT pg_temp.up('count(*)::text');
SELECT pg_temp.up('max(name) FILTER (WHERE true)');
SELECT pg_temp.up('first_value(name) OVER ()');
SELECT pg_temp.up('row_number() OVER ()::text');
SELECT pg_temp.up('many()::text');
SELECT pg_temp.up('unnest(ARRAY[name])');
SELECT pg_temp.up('generate_series(1, 2)::text');
SELECT pg_temp.up('GROUPING(name)::text');
SELECT pg_temp.up('ctid::text');
SELECT pg_temp.up('xmin::text');
SELECT pg_temp.up('tableoid::text');
SELECT pg_temp.up('item.ctid::text');
SELECT pg_temp.up('item::text');
SELECT pg_temp.up('item.*::text');
SELECT pg_temp.up('row_of(item)::text');
SELECT pg_temp.up('to_jsonb(item)::text');
SELECT pg_temp.up('(SELECT to_jsonb(item)::text)');
SELECT pg_temp.up('_pgroll_c_1_pending::text');
SELECT pg_temp.up('(SELECT name FROM nothing)');
SELECT pg_temp.up('(SELECT nothing FROM rate)');
SELECT pg_temp.up('(SELECT currency, factor FROM rate)');

-- defaults and checks
SELECT pg_temp.default_of('');
SELECT pg_temp.default_of('1); DROP TABLE item; --');
SELECT pg_temp.default_of('1, y int');
SELECT pg_temp.default_of('1 NOT NULL');
SELECT pg_temp.default_of('x');
SELECT pg_temp.default_of('id');
SELECT pg_temp.default_of('''seven''');
SELECT pg_temp.default_of('now()');
SELECT pg_temp.default_of('count(*)');
SELECT pg_temp.default_of('many()');
SELECT pg_temp.default_of('(SELECT 1)');
SELECT pg_temp.default_of('SELECT 1');
SELECT pg_temp.default_of('row_number() OVER ()');
SELECT test.error('{"operations": [{"alter_column": {"table": "item", "column": "price", "default": "now()"}}]}');
SELECT test.error('{"operations": [{"alter_column": {"table": "item", "column": "price", "default": "id"}}]}');
SELECT test.error('{"operations": [{"alter_column": {"table": "item", "column": "price", "default": ""}}]}');
SELECT test.error('{"operations": [{"alter_column": {"table": "item", "column": "doubled", "default": "1"}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "int", "default": "seven"}}}]}');
SELECT pg_temp.check_of('');
SELECT pg_temp.check_of('x');
SELECT pg_temp.check_of('x >');
SELECT pg_temp.check_of('x > 0) , CHECK (true');
SELECT pg_temp.check_of('y > 0');
SELECT pg_temp.check_of('x > (SELECT 1)');
SELECT pg_temp.check_of('max(x) > 0');
SELECT pg_temp.check_of('many() > 0');
SELECT pg_temp.check_of('t IS NOT NULL');
SELECT * FROM test.changes(); -- no rows
\t \a

--
-- what they mean: names from the parse tree, in the base schema whatever
-- search_path is; generated columns; subqueries; a leading SELECT
--
CREATE SCHEMA decoy;
CREATE FUNCTION decoy.swap(text) RETURNS text LANGUAGE sql RETURN 'decoy';
CREATE TABLE decoy.rate (currency text, factor numeric);
SET search_path = decoy, public;
SELECT pgroll_c.start_migration('02_mean', '{"operations": [
	{"add_column": {"table": "item", "column": {"name": "swapped", "type": "text", "nullable": true}, "up": "swap(name)"}},
	{"add_column": {"table": "item", "column": {"name": "literal", "type": "text", "nullable": true}, "up": "''name'' || name || ''price'' || $$name$$"}},
	{"add_column": {"table": "item", "column": {"name": "generated", "type": "int", "nullable": true}, "up": "doubled + 1"}},
	{"add_column": {"table": "item", "column": {"name": "queried", "type": "numeric", "nullable": true}, "up": "price * (SELECT factor FROM rate WHERE currency = ''eur'')"}},
	{"add_column": {"table": "item", "column": {"name": "selected", "type": "text", "nullable": true}, "up": "SELECT string_agg(currency, name ORDER BY currency) FROM rate"}},
	{"add_column": {"table": "item", "column": {"name": "inner_wins", "type": "text", "nullable": true}, "up": "(SELECT min(name) FROM (VALUES (''inner'')) AS v (name))"}},
	{"add_column": {"table": "item", "column": {"name": "outer_named", "type": "text", "nullable": true}, "up": "(SELECT min(item.name) FROM (VALUES (''inner'')) AS v (name))"}},
	{"add_column": {"table": "item", "column": {"name": "cast_on_assignment", "type": "int", "nullable": true}, "up": "price::numeric + 0.6"}},
	{"add_column": {"table": "item", "column": {"name": "unknown", "type": "date", "nullable": true}, "up": "''2001-02-03''"}},
	{"add_column": {"table": "item", "column": {"name": "nulls", "type": "int", "nullable": true}, "up": "NULL"}},
	{"add_column": {"table": "item", "column": {"name": "number", "type": "int", "nullable": true}, "up": 7}},
	{"add_column": {"table": "item", "column": {"name": "bool", "type": "boolean", "nullable": true}, "up": true}}]}');
CALL pgroll_c.run_tasks();
INSERT INTO public_01_base.item VALUES (3, 'three', 30);
RESET search_path;
\x
TABLE public_02_mean.item;
\x

-- the function's text was resolved at the start: a later one of a better match
-- is not called
CREATE FUNCTION swap(varchar) RETURNS text LANGUAGE sql RETURN 'later';
UPDATE public_01_base.item SET name = 'eno' WHERE id = 1;
SELECT swapped FROM public_02_mean.item WHERE id = 1;
SELECT pgroll_c.complete_migration();
SELECT swapped, literal, generated FROM public_02_mean.item ORDER BY id;
DROP FUNCTION swap(text), swap(varchar), row_of(item), many();
DROP TABLE decoy.rate;
DROP FUNCTION decoy.swap;

--
-- a value that fails: at the start nothing is evaluated, a write fails, and the
-- backfill says which row
--
SELECT pgroll_c.start_migration('03_fail', '{"operations": [{"alter_column": {"table": "item", "column": "name", "type": "int", "up": "name::int", "down": "name::text"}}]}');
INSERT INTO public_02_mean.item (id, name) VALUES (4, 'four'); -- fails
INSERT INTO public_02_mean.item (id, name) VALUES (4, '4');
CALL pgroll_c.run_tasks(); -- fails
SELECT state, last_error FROM pgroll_c.status();
\t \a
SELECT test.error_of('SELECT pgroll_c.complete_migration()');
\t \a
UPDATE public_02_mean.item SET name = id::text;
SELECT pgroll_c.retry_migration();
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
SELECT id, name FROM public_03_fail.item ORDER BY id;

--
-- settings of the sessions that start, write and complete change no value: what
-- one has written another one reads
--
CREATE TABLE moment (id int PRIMARY KEY, note text, at timestamptz,
	price float8 CHECK (price < '1.23456789012345678'::float8), day date DEFAULT '2020-01-02');
INSERT INTO moment VALUES (1, 'a\b', '2020-03-04 05:06:07+00', 1);
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = 'sql_standard';
SET extra_float_digits = -10;
SELECT pgroll_c.start_migration('04_settings', $${"operations": [
	{"alter_column": {"table": "moment", "column": "note", "type": "varchar(20)", "up": "replace(note, '\\', '/')", "down": "replace(note, '/', '\\')"}},
	{"alter_column": {"table": "moment", "column": "price", "type": "float4", "up": "price", "down": "price"}},
	{"add_column": {"table": "moment", "column": {"name": "since", "type": "date", "nullable": true}, "up": "date '2020-03-04' + (price * 0)::int"}},
	{"add_column": {"table": "moment", "column": {"name": "span", "type": "interval", "nullable": true}, "up": "at - at + interval '-1 day -02:03'"}},
	{"add_column": {"table": "moment", "column": {"name": "path", "type": "text", "default": "'c:\\d'"}}}]}$$);
RESET DateStyle;
SET IntervalStyle = 'postgres';
RESET extra_float_digits;
\c
SET ROLE regress_owner;
-- 19 knows no other strings
SELECT current_setting('server_version_num')::int < 190000 AS other_strings \gset
\if :other_strings
SET standard_conforming_strings = off;
SET escape_string_warning = off;
\endif
SET DateStyle = 'German, DMY';
INSERT INTO moment (id, note, price) VALUES (2, E'c\\d', 1);
INSERT INTO public_04_settings.moment (id, note, price) VALUES (3, 'e/f', 1);
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
\if :other_strings
RESET standard_conforming_strings;
\endif
SET DateStyle = 'ISO, MDY';
SELECT id, note, price, day, since, span, path FROM moment ORDER BY id;
SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'moment'::regclass ORDER BY adnum;
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'moment'::regclass AND contype = 'c';

-- a literal of the document means what it meant at the start
CREATE TABLE day (id int, at date, since timestamptz);
SET DateStyle = 'ISO, DMY';
SET TimeZone = 'Asia/Tokyo';
SELECT pgroll_c.start_migration('05_days', $${"operations": [
	{"alter_column": {"table": "day", "column": "at", "default": "'02/01/2020'"}},
	{"alter_column": {"table": "day", "column": "since", "default": "'2020-01-01 00:00'"}}]}$$);
SET DateStyle = 'ISO, MDY';
SET TimeZone = 'UTC';
SELECT pgroll_c.complete_migration();
SHOW DateStyle;
INSERT INTO day VALUES (1);
INSERT INTO public_05_days.day VALUES (2);
SELECT * FROM day ORDER BY id;
RESET DateStyle;
RESET TimeZone;

\i test/include/teardown.sql
