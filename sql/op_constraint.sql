-- create_constraint, drop_constraint, drop_multicolumn_constraint and
-- rename_constraint: both versions written, rolled back, and completed as plain DDL
-- would do it.
\i test/include/setup.sql

CREATE TABLE sellers (name text, zip int, PRIMARY KEY (name, zip), UNIQUE (zip));
INSERT INTO sellers VALUES ('Ada', 1), ('Bob', 2);
CREATE TABLE tickets (
	id int NOT NULL,
	seller text,
	zip int,
	price numeric NOT NULL,
	CONSTRAINT cheap CHECK (price < 1000),
	CONSTRAINT fair CHECK (price > zip)
);
INSERT INTO tickets VALUES (1, 'Ada', 1, 10), (2, 'Bob', 2, 20), (3, 'Cyd', NULL, 30);
CREATE SEQUENCE ids START 4;
CREATE SCHEMA plain;
CREATE TABLE plain.sellers (LIKE sellers INCLUDING ALL);
CREATE TABLE plain.tickets (LIKE tickets INCLUDING ALL);
CREATE SEQUENCE plain.ids START 4;
SELECT pgroll_c.baseline('01_base');

--
-- a check on columns that stay as they are: no shadow, no trigger, no marker
--
\set migration '{"operations": [{"create_constraint": {"table": "tickets", "name": "known", "type": "check", "columns": ["seller", "zip"], "check": "seller <> \'-\' OR zip > 0", "up": {"seller": "seller", "zip": "zip"}, "down": {"seller": "seller", "zip": "zip"}}}]}'
SELECT phase, step, command, lock_mode FROM pgroll_c.plan_migration('02_check', :'migration')
	WHERE relation ~ 'tickets' AND command !~ 'VIEW|GRANT';
CALL test.remember();
SELECT pgroll_c.start_migration('02_check', :'migration');
INSERT INTO public_01_base.tickets VALUES (nextval('ids'), '-', 0, 1); -- fails
INSERT INTO public_02_check.tickets VALUES (nextval('ids'), '-', 0, 1); -- fails
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('02_check', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.tickets ADD CONSTRAINT known CHECK (seller <> '-' OR zip > 0);
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- a primary key; id is NOT NULL already
--
\set migration '{"operations": [{"create_constraint": {"table": "tickets", "name": "tickets_pkey", "type": "primary_key", "columns": ["id"], "up": {"id": "id"}, "down": {"id": "id"}}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('03_key', :'migration');
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('03_key', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.tickets ADD PRIMARY KEY (id);
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- a foreign key of two columns, values repaired on the way: shadows
--
\set migration '{"operations": [{"create_constraint": {"table": "tickets", "name": "tickets_seller", "type": "foreign_key", "columns": ["seller", "zip"], "references": {"table": "sellers", "columns": ["name", "zip"], "on_delete": "SET NULL", "on_delete_set_columns": ["zip"], "on_update": "CASCADE"}, "up": {"seller": "CASE WHEN seller = \'Cyd\' THEN \'Ada\' ELSE seller END", "zip": "coalesce(zip, 1)"}, "down": {"seller": "seller", "zip": "zip"}}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('04_foreign', :'migration');
INSERT INTO public_03_key.tickets VALUES (nextval('ids'), 'Dan', 4, 40); -- fails
INSERT INTO public_04_foreign.tickets VALUES (nextval('ids'), 'Dan', 4, 40); -- fails
INSERT INTO public_03_key.tickets VALUES (nextval('ids'), 'Cyd', 1, 40);
INSERT INTO public_04_foreign.tickets VALUES (nextval('ids'), 'Bob', 2, 50);
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('04_foreign', :'migration');
CALL pgroll_c.run_tasks();
SELECT seller, zip, price FROM public_03_key.tickets ORDER BY price;
SELECT seller, zip, price FROM public_04_foreign.tickets ORDER BY price;
UPDATE sellers SET name = 'Adam' WHERE name = 'Ada';
SELECT seller, zip, price FROM public_03_key.tickets ORDER BY price;
SELECT seller, zip, price FROM public_04_foreign.tickets ORDER BY price;
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.tickets ADD CONSTRAINT tickets_seller FOREIGN KEY (seller, zip)
	REFERENCES plain.sellers (name, zip) ON DELETE SET NULL (zip) ON UPDATE CASCADE;
SELECT * FROM test.differences('public', 'plain'); -- no rows
SELECT seller, zip, price FROM public_04_foreign.tickets ORDER BY price;

--
-- unique, with an included column; a second one in the same migration, both renamed
--
\set migration '{"operations": [{"create_constraint": {"table": "tickets", "name": "one_price", "type": "unique", "columns": ["price"], "index_parameters": {"include_columns": ["zip"]}, "up": {"price": "price + id / 100.0"}, "down": {"price": "price"}}}, {"rename_constraint": {"table": "tickets", "from": "one_price", "to": "Price \\"once\\""}}, {"rename_constraint": {"table": "tickets", "from": "cheap", "to": "very_cheap"}}, {"rename_constraint": {"table": "tickets", "from": "known", "to": "cheap"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('05_unique', :'migration');
INSERT INTO public_05_unique.tickets VALUES (nextval('ids'), 'Bob', 2, 77);
CALL pgroll_c.run_tasks();
INSERT INTO public_05_unique.tickets VALUES (nextval('ids'), 'Bob', 2, 77); -- fails
INSERT INTO public_05_unique.tickets VALUES (nextval('ids'), 'Bob', 2, 1077); -- fails
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('05_unique', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.tickets ADD CONSTRAINT "Price ""once""" UNIQUE (price) INCLUDE (zip);
ALTER TABLE plain.tickets RENAME CONSTRAINT cheap TO very_cheap;
ALTER TABLE plain.tickets RENAME CONSTRAINT known TO cheap;
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- drop_constraint: with a down there is a shadow, and the new version is free of it
--
\set migration '{"operations": [{"drop_constraint": {"table": "tickets", "name": "very_cheap", "down": "least(price, 999)"}}, {"drop_constraint": {"table": "sellers", "name": "sellers_zip_key"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('06_drop', :'migration');
INSERT INTO public_06_drop.tickets VALUES (nextval('ids'), 'Bob', 2, 5000);
INSERT INTO public_05_unique.tickets VALUES (nextval('ids'), 'Bob', 2, 5001); -- fails
INSERT INTO public_06_drop.sellers VALUES ('Eve', 2); -- fails
CALL pgroll_c.run_tasks();
SELECT price FROM public_05_unique.tickets WHERE price > 100;
SELECT price FROM public_06_drop.tickets WHERE price > 100;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('06_drop', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.tickets DROP CONSTRAINT very_cheap;
ALTER TABLE plain.sellers DROP CONSTRAINT sellers_zip_key;
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- drop_multicolumn_constraint, and a new one under its name
--
\set migration '{"operations": [{"drop_multicolumn_constraint": {"table": "tickets", "name": "fair", "down": {"price": "greatest(price, zip + 1)", "zip": "zip"}}}, {"create_constraint": {"table": "tickets", "name": "fair", "type": "check", "check": "price > 0", "columns": ["price"], "up": {"price": "price"}, "down": {"price": "price"}}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('07_drop', :'migration');
INSERT INTO public_07_drop.tickets VALUES (nextval('ids'), 'Bob', 2, 0.5);
INSERT INTO public_07_drop.tickets VALUES (nextval('ids'), 'Bob', 2, -1); -- fails
INSERT INTO public_06_drop.tickets VALUES (nextval('ids'), 'Bob', 2, 0.5); -- fails
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('07_drop', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.tickets DROP CONSTRAINT fair;
ALTER TABLE plain.tickets ADD CONSTRAINT fair CHECK (price > 0);
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- a foreign key and the key it references, dropped together
--
\set migration '{"operations": [{"drop_multicolumn_constraint": {"table": "tickets", "name": "tickets_seller", "down": {"seller": "seller", "zip": "zip"}}}, {"drop_multicolumn_constraint": {"table": "sellers", "name": "sellers_pkey", "down": {"name": "name", "zip": "zip"}}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('08_keys', :'migration');
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('08_keys', :'migration');
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.tickets DROP CONSTRAINT tickets_seller;
ALTER TABLE plain.sellers DROP CONSTRAINT sellers_pkey;
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- on a table that the same migration creates
--
\set migration '{"operations": [{"create_table": {"name": "tasks", "columns": [{"name": "id", "type": "serial"}, {"name": "title", "type": "text", "nullable": true}, {"name": "parent", "type": "int", "nullable": true}]}}, {"create_constraint": {"table": "tasks", "name": "tasks_pkey", "type": "primary_key", "columns": ["id"], "up": {"id": "id"}, "down": {"id": "id"}}}, {"create_constraint": {"table": "tasks", "name": "f", "type": "foreign_key", "columns": ["parent"], "references": {"table": "tasks", "columns": ["id"]}, "up": {"parent": "parent"}, "down": {"parent": "parent"}}}, {"create_constraint": {"table": "tasks", "name": "c", "type": "check", "columns": ["title"], "check": "title <> \'\'", "no_inherit": true, "up": {"title": "title"}, "down": {"title": "title"}}}, {"rename_constraint": {"table": "tasks", "from": "f", "to": "parent_task"}}, {"create_constraint": {"table": "tasks", "name": "f", "type": "unique", "columns": ["title"], "up": {"title": "title"}, "down": {"title": "title"}}}, {"drop_constraint": {"table": "tasks", "name": "f"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('09_created', :'migration');
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('09_created', :'migration');
SELECT pgroll_c.complete_migration();
CREATE TABLE plain.tasks (id serial PRIMARY KEY, title text CONSTRAINT c CHECK (title <> '') NO INHERIT,
	parent int CONSTRAINT parent_task REFERENCES plain.tasks);
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- foreign keys to keys that the same migration makes, or whose column it changes
--
CREATE TABLE owners (id int PRIMARY KEY, email text NOT NULL);
CREATE TABLE cars (id int PRIMARY KEY, owner int, email text);
INSERT INTO owners VALUES (1, 'a@x'), (2, 'b@x');
INSERT INTO cars VALUES (1, 1, 'a@x'), (2, 3, 'c@x'), (3, NULL, NULL);
CREATE TABLE plain.owners (LIKE owners INCLUDING ALL);
CREATE TABLE plain.cars (LIKE cars INCLUDING ALL);
\set migration '{"operations": [{"create_constraint": {"table": "owners", "name": "one_email", "type": "unique", "columns": ["email"], "up": {"email": "email"}, "down": {"email": "email"}}}, {"create_constraint": {"table": "cars", "name": "car_email", "type": "foreign_key", "columns": ["email"], "references": {"table": "owners", "columns": ["email"], "on_update": "cascade"}, "up": {"email": "CASE WHEN email IN (SELECT o.email FROM owners o) THEN email END"}, "down": {"email": "email"}}}, {"alter_column": {"table": "owners", "column": "id", "type": "bigint", "up": "id", "down": "id"}}, {"create_constraint": {"table": "cars", "name": "car_owner", "type": "foreign_key", "columns": ["owner"], "references": {"table": "owners", "columns": ["id"]}, "up": {"owner": "CASE WHEN owner < 3 THEN owner END"}, "down": {"owner": "owner"}}}, {"create_table": {"name": "plates", "columns": [{"name": "car", "type": "int", "pk": true}, {"name": "owner", "type": "bigint"}], "constraints": [{"name": "plate_owner", "type": "foreign_key", "columns": ["owner"], "references": {"table": "owners", "columns": ["id"]}}]}}]}'
SELECT pgroll_c.start_migration('10_foreign', :'migration'); -- fails
SELECT jsonb_set(:'migration', '{operations}', (:'migration'::jsonb -> 'operations') - 4) AS migration \gset
CALL test.remember();
SELECT pgroll_c.start_migration('10_foreign', :'migration');
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('10_foreign', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('10_foreign', :'migration');
CALL pgroll_c.run_tasks();
INSERT INTO public_10_foreign.cars VALUES (4, 4, NULL); -- fails
INSERT INTO public_10_foreign.cars VALUES (4, NULL, 'd@x'); -- fails
SELECT id, owner, email FROM cars ORDER BY id;
TABLE public_10_foreign.cars ORDER BY id;
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.owners ADD CONSTRAINT one_email UNIQUE (email), ALTER id TYPE bigint;
ALTER TABLE plain.cars ADD CONSTRAINT car_email FOREIGN KEY (email) REFERENCES plain.owners (email) ON UPDATE CASCADE,
	ADD CONSTRAINT car_owner FOREIGN KEY (owner) REFERENCES plain.owners (id);
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- a foreign key of a table that exists to one that the migration creates
--
\set migration '{"operations": [{"create_table": {"name": "brands", "columns": [{"name": "id", "type": "int", "pk": true}]}}, {"add_column": {"table": "cars", "column": {"name": "brand", "type": "int", "nullable": true, "references": {"name": "car_brand", "table": "brands", "column": "id"}}}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('11_brand', :'migration');
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows

--
-- a key of columns that swap their names
--
CREATE TABLE swapped (a int, b int);
INSERT INTO swapped VALUES (1, 2), (3, 4);
CREATE TABLE plain.swapped (LIKE swapped);
SELECT pgroll_c.start_migration('11_swap', '{"operations": [{"rename_column": {"table": "swapped", "from": "a", "to": "c"}}, {"rename_column": {"table": "swapped", "from": "b", "to": "a"}}, {"create_constraint": {"table": "swapped", "name": "both", "type": "unique", "columns": ["a", "c"], "up": {"a": "a", "c": "c"}, "down": {"a": "a", "c": "c"}}}]}');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.swapped RENAME a TO c;
ALTER TABLE plain.swapped RENAME b TO a;
ALTER TABLE plain.swapped ADD CONSTRAINT "both" UNIQUE (a, c);
SELECT * FROM test.differences('public', 'plain'); -- no rows
SELECT attname FROM pg_attribute WHERE attrelid = '"both"'::regclass ORDER BY attnum;

--
-- a child with a check of its own; a constraint that somebody wants to drop in the meantime
--
CREATE TABLE parent (a int CONSTRAINT small CHECK (a < 100));
CREATE TABLE own_check (CONSTRAINT not_7 CHECK (a <> 7)) INHERITS (parent);
SELECT pgroll_c.start_migration('11_child', '{"operations": [{"alter_column": {"table": "parent", "column": "a", "type": "bigint", "up": "a", "down": "a::int"}}]}');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.rollback_migration();
SELECT pgroll_c.start_migration('11_gone', '{"operations": [{"drop_constraint": {"table": "parent", "name": "small"}}]}');
ALTER TABLE parent DROP CONSTRAINT small; -- fails
SELECT pgroll_c.complete_migration();
CREATE TABLE plain.parent (a int);
CREATE TABLE plain.own_check (CONSTRAINT not_7 CHECK (a <> 7)) INHERITS (plain.parent);
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- names that come free, with a view that needs the columns' names before
--
CREATE TABLE viewed (id int PRIMARY KEY, email text, x int, CONSTRAINT old CHECK (id > 0));
CREATE INDEX viewed_email ON viewed (email);
CREATE VIEW reader AS SELECT x FROM viewed;
CREATE TABLE plain.viewed (LIKE viewed INCLUDING ALL);
CREATE VIEW plain.reader AS SELECT x FROM plain.viewed;
SELECT pgroll_c.start_migration('11_view', '{"operations": [{"alter_column": {"table": "viewed", "column": "x", "nullable": false, "up": "coalesce(x, 0)"}}, {"drop_index": {"name": "viewed_email"}}, {"create_constraint": {"table": "viewed", "name": "viewed_email", "type": "unique", "columns": ["email"], "up": {"email": "email"}, "down": {"email": "email"}}}, {"rename_constraint": {"table": "viewed", "from": "old", "to": "older"}}, {"create_constraint": {"table": "viewed", "name": "old", "type": "check", "check": "id < 1000", "up": {}, "down": {}}}]}');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.viewed ALTER x SET NOT NULL;
DROP INDEX plain.viewed_email_idx;
ALTER TABLE plain.viewed ADD CONSTRAINT viewed_email UNIQUE (email);
ALTER TABLE plain.viewed RENAME CONSTRAINT old TO older;
ALTER TABLE plain.viewed ADD CONSTRAINT old CHECK (id < 1000);
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- what fails in the background says which row, by the final name
--
CREATE TABLE twice (id int PRIMARY KEY, a int);
INSERT INTO twice VALUES (1, 7), (2, 7);
SELECT pgroll_c.start_migration('12_twice', '{"operations": [{"create_constraint": {"table": "twice", "name": "once", "type": "unique", "columns": ["a"], "up": {"a": "a"}, "down": {"a": "a"}}}]}');
CALL pgroll_c.run_tasks(); -- fails
SELECT state, last_error FROM pgroll_c.status();
UPDATE twice SET a = 8 WHERE id = 2;
SELECT pgroll_c.retry_migration();
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
SELECT pgroll_c.start_migration('13_small', '{"operations": [{"create_constraint": {"table": "twice", "name": "small", "type": "check", "check": "a < 8", "columns": ["a"], "up": {"a": "a"}, "down": {"a": "a"}}}]}');
CALL pgroll_c.run_tasks(); -- fails
SELECT state, last_error FROM pgroll_c.status();
SELECT pgroll_c.rollback_migration();
\d twice

--
-- errors
--
CREATE FUNCTION pg_temp.constraint_error(fields jsonb, tab text DEFAULT 'twice') RETURNS text LANGUAGE sql RETURN
	test.error(test.migration(jsonb_build_object('create_constraint', jsonb_build_object('table', tab, 'name', 'n', 'up', '{"a": "a"}'::jsonb, 'down', '{"a": "a"}'::jsonb, 'columns', '["a"]'::jsonb) || fields)));
CREATE FUNCTION pg_temp.operation_error(operation text, fields jsonb) RETURNS text LANGUAGE sql RETURN
	test.error(test.migration(jsonb_build_object(operation, jsonb_build_object('table', 'twice') || fields)));
\pset tuples_only
\pset format unaligned
SELECT pg_temp.constraint_error('{"type": "chekc"}');
SELECT pg_temp.constraint_error('{}');
SELECT pg_temp.constraint_error('{"type": "check"}');
SELECT pg_temp.constraint_error('{"type": "check", "check": "a +"}');
SELECT pg_temp.constraint_error('{"type": "check", "check": "a"}');
SELECT pg_temp.constraint_error('{"type": "check", "check": "b > 1"}');
SELECT pg_temp.constraint_error('{"type": "check", "check": "a > (SELECT 1)"}');
SELECT pg_temp.constraint_error('{"type": "unique", "check": "a > 1"}');
SELECT pg_temp.constraint_error('{"type": "unique", "columns": []}');
SELECT pg_temp.constraint_error('{"type": "unique", "columns": ["b"], "up": {"b": "b"}, "down": {"b": "b"}}');
SELECT pg_temp.constraint_error('{"type": "unique", "columns": ["a", "a"]}');
SELECT pg_temp.constraint_error('{"type": "unique", "up": {}}');
SELECT pg_temp.constraint_error('{"type": "unique", "down": {"a": "a", "id": "id"}}');
SELECT pg_temp.constraint_error('{"type": "unique", "up": {"a": "a ||"}}');
SELECT pg_temp.constraint_error('{"type": "unique", "name": "once"}');
SELECT pg_temp.constraint_error('{"type": "unique", "name": "sellers"}');
SELECT pg_temp.constraint_error('{"type": "check", "check": "a > 1", "name": "once"}');
SELECT pg_temp.constraint_error('{"type": "unique", "name": "_pgroll_c_1"}');
SELECT pg_temp.constraint_error('{"type": "primary_key"}');
SELECT pg_temp.constraint_error('{"type": "unique", "index_parameters": {"include_columns": ["b"]}}');
SELECT pg_temp.constraint_error('{"type": "unique", "index_parameters": {"tablespace": "nowhere"}}');
SELECT pg_temp.constraint_error('{"type": "foreign_key"}');
SELECT pg_temp.constraint_error('{"type": "foreign_key", "references": {"table": "nowhere", "columns": ["a"]}}');
SELECT pg_temp.constraint_error('{"type": "foreign_key", "references": {"table": "tasks", "columns": ["a"]}}');
SELECT pg_temp.constraint_error('{"type": "foreign_key", "references": {"table": "tasks", "columns": ["title"]}}');
SELECT pg_temp.constraint_error('{"type": "foreign_key", "references": {"table": "tasks", "columns": ["id", "title"]}}');
SELECT pg_temp.constraint_error('{"type": "foreign_key", "references": {"table": "tasks", "columns": ["id"], "match_type": "PARTIAL"}}');
SELECT pg_temp.constraint_error('{"type": "foreign_key", "references": {"table": "tasks", "columns": ["id"], "on_delete_set_columns": ["a"]}}');
SELECT pg_temp.constraint_error('{"type": "foreign_key", "references": {"table": "tasks", "columns": ["id"], "on_delete": "set null", "on_delete_set_columns": ["id"]}}');
SELECT pg_temp.constraint_error('{"type": "check", "check": "true"}', 'nowhere');
SELECT pg_temp.operation_error('drop_constraint', '{"name": "nothing", "down": "a"}');
SELECT pg_temp.operation_error('drop_constraint', '{"name": "once", "down": "a +"}');
SELECT pg_temp.operation_error('drop_constraint', '{"table": "tasks", "name": "tasks_pkey", "down": "id"}');
SELECT pg_temp.operation_error('drop_multicolumn_constraint', '{"name": "once", "down": {}}');
SELECT pg_temp.operation_error('drop_multicolumn_constraint', '{"name": "once", "down": {"a": "a", "id": "id"}}');
SELECT pg_temp.operation_error('rename_constraint', '{"from": "nothing", "to": "n"}');
SELECT pg_temp.operation_error('rename_constraint', '{"from": "once", "to": "twice_pkey"}');
SELECT pg_temp.operation_error('rename_constraint', '{"from": "once", "to": "tasks"}');
SELECT test.error(test.migration('{"create_constraint": {"table": "twice", "name": "f", "type": "foreign_key", "columns": ["a"], "references": {"table": "twice", "columns": ["id"]}, "up": {"a": "a"}, "down": {"a": "a"}}}', '{"drop_constraint": {"table": "twice", "name": "twice_pkey"}}'));
-- 19 has more to say
SELECT substring(test.error(test.migration('{"create_constraint": {"table": "twice", "name": "c", "type": "check", "check": "a > 1", "columns": ["a"], "up": {"a": "a"}, "down": {"a": "a"}}}', '{"alter_column": {"table": "twice", "column": "a", "type": "text", "up": "a::text", "down": "a::int"}}')) FROM '.*\n *At [a-z_\[\]0.]*check');
CREATE TABLE child (CONSTRAINT c CHECK (title <> '')) INHERITS (tasks);
ALTER TABLE tasks ADD CONSTRAINT d CHECK (parent > 0);
SELECT pg_temp.operation_error('drop_constraint', '{"table": "child", "name": "d", "down": "parent"}');
SELECT pg_temp.operation_error('rename_constraint', '{"table": "child", "from": "d", "to": "e"}');
-- a name that a child or partition has already is not found out at the completion
ALTER TABLE child ADD CONSTRAINT own CHECK (id > 0);
SELECT pg_temp.constraint_error('{"type": "check", "check": "parent > 0", "name": "own", "columns": ["parent"], "up": {"parent": "parent"}, "down": {"parent": "parent"}}', 'tasks');
SELECT pg_temp.operation_error('rename_constraint', '{"table": "tasks", "from": "d", "to": "own"}');
ALTER TABLE tasks ADD CONSTRAINT only_here CHECK (parent > 0) NO INHERIT;
SELECT pg_temp.operation_error('rename_constraint', '{"table": "tasks", "from": "only_here", "to": "own"}');
SELECT test.error(test.migration('{"rename_constraint": {"table": "child", "from": "own", "to": "owned"}}',
	'{"rename_constraint": {"table": "tasks", "from": "d", "to": "own"}}'));
CREATE TABLE whole (id int PRIMARY KEY, a int REFERENCES tasks) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF whole (CONSTRAINT n CHECK (a > 0)) FOR VALUES IN (1);
SELECT pg_temp.constraint_error('{"type": "foreign_key", "references": {"table": "tasks", "columns": ["id"]}}', 'whole');
SELECT pg_temp.constraint_error('{"type": "check", "check": "a > 1"}', 'whole');
CREATE TABLE two_keys (a int, b int, UNIQUE (a, b));
SELECT pg_temp.operation_error('drop_constraint', '{"table": "two_keys", "name": "two_keys_a_b_key", "down": "a"}');
\i test/include/teardown.sql
