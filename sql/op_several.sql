-- Several operations in one migration, also on one table and on one column: ups
-- compose in their order, downs in the reverse one.
\i test/include/setup.sql

--
-- merging two columns into one
--
CREATE TABLE person (
	id int PRIMARY KEY,
	first_name text NOT NULL,
	last_name text NOT NULL,
	born date
);
INSERT INTO person VALUES (1, 'Ada', 'Lovelace', '1815-12-10'), (2, 'Alan', 'Turing', NULL);
CREATE SCHEMA plain;
SELECT pgroll_c.baseline('01_base');
\set migration '{"operations": [{"add_column": {"table": "person", "column": {"name": "full_name", "type": "text"}, "up": "first_name || '' '' || last_name"}}, {"drop_column": {"table": "person", "column": "first_name", "down": "split_part(full_name, '' '', 1)"}}, {"drop_column": {"table": "person", "column": "last_name", "down": "split_part(full_name, '' '', 2)"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('02_merge', :'migration');
CALL pgroll_c.run_tasks();
INSERT INTO public_01_base.person VALUES (3, 'Grace', 'Hopper', NULL);
INSERT INTO public_02_merge.person VALUES (4, NULL, 'Kurt Gödel');
UPDATE public_01_base.person SET last_name = 'King' WHERE id = 1;
UPDATE public_02_merge.person SET full_name = 'A Turing' WHERE id = 2;
UPDATE public_02_merge.person SET full_name = NULL WHERE id = 2; -- fails
UPDATE public_01_base.person SET last_name = NULL WHERE id = 2; -- fails
TABLE public_01_base.person ORDER BY id;
TABLE public_02_merge.person ORDER BY id;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
TABLE public_01_base.person ORDER BY id;
SELECT pgroll_c.start_migration('02_merge', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
CREATE TABLE plain.person (id int PRIMARY KEY, born date, full_name text NOT NULL);
SELECT * FROM test.differences('public', 'plain'); -- no rows
TABLE public_02_merge.person ORDER BY id;

--
-- splitting it again, and the new columns under the old names
--
\set migration '{"operations": [{"add_column": {"table": "person", "column": {"name": "first_name", "type": "text"}, "up": "split_part(full_name, '' '', 1)"}}, {"add_column": {"table": "person", "column": {"name": "last_name", "type": "text"}, "up": "split_part(full_name, '' '', 2)"}}, {"drop_column": {"table": "person", "column": "full_name", "down": "first_name || '' '' || last_name"}}]}'
SELECT pgroll_c.start_migration('03_split', :'migration');
CALL pgroll_c.run_tasks();
UPDATE public_03_split.person SET first_name = 'Augusta' WHERE id = 1;
UPDATE public_02_merge.person SET full_name = 'Alan M.' WHERE id = 2;
TABLE public_02_merge.person ORDER BY id;
TABLE public_03_split.person ORDER BY id;
SELECT pgroll_c.complete_migration();
TABLE public_03_split.person ORDER BY id;
DROP TABLE plain.person;
CREATE TABLE plain.person (id int PRIMARY KEY, born date, first_name text NOT NULL, last_name text NOT NULL);
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- two changes of one column: up2(up1(x)), down1(down2(y)); and a default
--
CREATE TABLE n (id int PRIMARY KEY, x int NOT NULL DEFAULT 1);
INSERT INTO n VALUES (1, 10), (2, 20);
SELECT pgroll_c.start_migration('04_view', '{"operations": [{"sql": {"up": "SELECT 1"}}]}');
SELECT pgroll_c.complete_migration();
\set migration '{"operations": [{"alter_column": {"table": "n", "column": "x", "type": "text", "up": "''a'' || x", "down": "substr(x, 2)::int"}}, {"alter_column": {"table": "n", "column": "x", "type": "varchar(20)", "up": "''b'' || x", "down": "substr(x, 2)", "default": "''ba7''"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('05_twice', :'migration');
CALL pgroll_c.run_tasks();
INSERT INTO public_04_view.n VALUES (3, 30), (4, DEFAULT);
INSERT INTO public_05_twice.n VALUES (5, 'ba50'), (6, DEFAULT);
UPDATE public_05_twice.n SET x = 'ba11' WHERE id = 1;
UPDATE public_04_view.n SET x = 22 WHERE id = 2;
SELECT id, o.x AS old, n.x AS new FROM public_04_view.n o JOIN public_05_twice.n n USING (id) ORDER BY id;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('05_twice', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
CREATE TABLE plain.n (id int PRIMARY KEY, x varchar(20) NOT NULL DEFAULT 'ba7');
SELECT * FROM test.differences('public', 'plain'); -- no rows
TABLE public_05_twice.n ORDER BY id;

--
-- names of the place in the list: rename, change, rename, and another takes the
-- first name
--
\set migration '{"operations": [{"rename_column": {"table": "n", "from": "x", "to": "y"}}, {"alter_column": {"table": "n", "column": "y", "type": "text", "up": "upper(y)", "down": "lower(y)"}}, {"rename_column": {"table": "n", "from": "y", "to": "z"}}, {"add_column": {"table": "n", "column": {"name": "x", "type": "int", "nullable": true}, "up": "length(z)"}}, {"rename_table": {"from": "n", "to": "m"}}, {"alter_column": {"table": "m", "column": "z", "nullable": true}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('06_names', :'migration');
CALL pgroll_c.run_tasks();
INSERT INTO public_05_twice.n VALUES (7, 'seven');
INSERT INTO public_06_names.m VALUES (8, 'EIGHT', 8);
TABLE public_05_twice.n ORDER BY id;
TABLE public_06_names.m ORDER BY id;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('06_names', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.n RENAME x TO z;
ALTER TABLE plain.n ALTER z DROP DEFAULT, ALTER z TYPE text, ALTER z SET DEFAULT 'ba7'::varchar, ALTER z DROP NOT NULL, ADD x int;
ALTER TABLE plain.n RENAME TO m;
SELECT * FROM test.differences('public', 'plain'); -- no rows
TABLE public_06_names.m ORDER BY id;

--
-- a new column takes the name of the one it replaces; two swap their names
--
\set migration '{"operations": [{"add_column": {"table": "m", "column": {"name": "w", "type": "bigint", "default": "0"}, "up": "coalesce(x, 0)"}}, {"drop_column": {"table": "m", "column": "x", "down": "w"}}, {"rename_column": {"table": "m", "from": "w", "to": "x"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('07_replace', :'migration');
CALL pgroll_c.run_tasks();
INSERT INTO public_06_names.m VALUES (9, 'NINE', 9);
INSERT INTO public_07_replace.m VALUES (10, 'TEN', 10);
UPDATE public_07_replace.m SET x = 77 WHERE id = 7;
SELECT * FROM public_06_names.m WHERE id > 6 ORDER BY id;
SELECT * FROM public_07_replace.m WHERE id > 6 ORDER BY id;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('07_replace', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.m DROP x, ADD w bigint NOT NULL DEFAULT 0;
ALTER TABLE plain.m RENAME w TO x;
SELECT * FROM test.differences('public', 'plain') WHERE difference !~ 'not_null'; -- no rows

\set migration '{"operations": [{"rename_column": {"table": "m", "from": "x", "to": "tmp"}}, {"rename_column": {"table": "m", "from": "z", "to": "x"}}, {"rename_column": {"table": "m", "from": "tmp", "to": "z"}}, {"alter_column": {"table": "m", "column": "z", "type": "int", "up": "z + length(x)", "down": "z - length(x)"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('08_swap', :'migration');
CALL pgroll_c.run_tasks();
INSERT INTO public_07_replace.m VALUES (11, 'ELEVEN', 11);
INSERT INTO public_08_swap.m VALUES (12, 'TWELVE', 18);
SELECT * FROM public_07_replace.m WHERE id > 6 ORDER BY id;
SELECT * FROM public_08_swap.m WHERE id > 6 ORDER BY id;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('08_swap', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.m RENAME x TO tmp;
ALTER TABLE plain.m RENAME z TO x;
ALTER TABLE plain.m RENAME tmp TO z;
ALTER TABLE plain.m ALTER z TYPE int;
SELECT * FROM test.differences('public', 'plain') WHERE difference !~ 'not_null'; -- no rows
SELECT * FROM public_08_swap.m WHERE id > 6 ORDER BY id;

--
-- what one operation adds, a later one changes, and one after that drops
--
\set migration '{"operations": [{"add_column": {"table": "m", "column": {"name": "a", "type": "int"}, "up": "id"}}, {"alter_column": {"table": "m", "column": "a", "type": "text", "up": "''#'' || a", "down": "substr(a, 2)::int", "comment": "in the end text"}}, {"add_column": {"table": "m", "column": {"name": "b", "type": "text", "nullable": true}, "up": "a || a"}}, {"drop_column": {"table": "m", "column": "b"}}, {"add_column": {"table": "m", "column": {"name": "c", "type": "int", "nullable": true}}}, {"drop_column": {"table": "m", "column": "c"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('09_more', :'migration');
CALL pgroll_c.run_tasks();
INSERT INTO public_08_swap.m VALUES (13, 'THIRTEEN', 13);
INSERT INTO public_09_more.m VALUES (14, 'FOURTEEN', 14, '#x');
SELECT * FROM public_09_more.m WHERE id > 10 ORDER BY id;
SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'public_09_more.m'::regclass;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('09_more', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.m ADD a text NOT NULL;
COMMENT ON COLUMN plain.m.a IS 'in the end text';
SELECT * FROM test.differences('public', 'plain') WHERE difference !~ 'not_null'; -- no rows
SELECT * FROM public_09_more.m WHERE id > 10 ORDER BY id;

--
-- many tables in one migration
--
CREATE TABLE t1 (id int PRIMARY KEY, v int);
CREATE TABLE t2 (id int PRIMARY KEY, v int REFERENCES t1);
CREATE TABLE t3 (id int PRIMARY KEY, v int);
INSERT INTO t1 VALUES (1, 1);
INSERT INTO t2 VALUES (1, 1);
INSERT INTO t3 VALUES (1, 1);
SELECT pgroll_c.start_migration('10_view', '{"operations": [{"sql": {"up": "SELECT 1"}}]}');
SELECT pgroll_c.complete_migration();
\set migration '{"operations": [{"alter_column": {"table": "t1", "column": "v", "type": "bigint", "up": "v * 2", "down": "v / 2"}}, {"rename_table": {"from": "t1", "to": "s1"}}, {"alter_column": {"table": "t2", "column": "v", "nullable": false, "up": "coalesce(v, (SELECT min(id) FROM t1))"}}, {"drop_table": {"name": "t3"}}, {"create_table": {"name": "t4", "columns": [{"name": "id", "type": "int", "pk": true}, {"name": "s", "type": "int", "references": {"name": "t4_s", "table": "s1", "column": "id"}}]}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('11_many', :'migration');
CALL pgroll_c.run_tasks();
INSERT INTO public_10_view.t2 VALUES (2, NULL);
INSERT INTO public_11_many.s1 VALUES (2, 8);
INSERT INTO public_11_many.t4 VALUES (1, 2), (2, 3); -- fails
INSERT INTO public_11_many.t4 VALUES (1, 2);
TABLE public_10_view.t1 ORDER BY id;
TABLE public_11_many.t2 ORDER BY id;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('11_many', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
CREATE TABLE plain.t1 (id int PRIMARY KEY, v bigint);
CREATE TABLE plain.t2 (id int PRIMARY KEY, v int NOT NULL REFERENCES plain.t1);
ALTER TABLE plain.t1 RENAME TO s1;
CREATE TABLE plain.t4 (id int PRIMARY KEY, s int NOT NULL CONSTRAINT t4_s REFERENCES plain.s1 (id));
SELECT * FROM test.differences('public', 'plain') WHERE difference !~ 'not_null'; -- no rows
SELECT table_name FROM information_schema.views WHERE table_schema = 'public_11_many' ORDER BY 1;

--
-- a default, and then another form of the column, of a table with partitions: one
-- of them has a default of its own, which the new one replaces
--
CREATE TABLE city (id int, name text DEFAULT 'none') PARTITION BY RANGE (id);
CREATE TABLE city_1 PARTITION OF city FOR VALUES FROM (0) TO (10);
CREATE TABLE city_2 PARTITION OF city FOR VALUES FROM (10) TO (20);
ALTER TABLE ONLY city_2 ALTER name SET DEFAULT 'own';
SELECT pgroll_c.start_migration('12_default', '{"operations": [{"alter_column": {"table": "city", "column": "name", "default": "''later''"}}, {"alter_column": {"table": "city", "column": "name", "nullable": false, "up": "coalesce(name, '''')"}}]}');
INSERT INTO public_12_default.city VALUES (1);
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
INSERT INTO public_12_default.city VALUES (2);
INSERT INTO city VALUES (3);
INSERT INTO city_1 VALUES (4);
INSERT INTO city_2 VALUES (14);
SELECT * FROM city ORDER BY id;

--
-- a trigger of the user's sees an old column that comes from two new ones, of which
-- the row awaits one
--
CREATE TABLE stock (id int PRIMARY KEY, kind int, number int);
INSERT INTO stock VALUES (1, 4, 5);
CREATE FUNCTION stock_kind() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE 'kind: % becomes %', OLD.kind, NEW.kind;
	NEW.kind := NEW.kind + 10;
	RETURN NEW;
END $$;
CREATE TRIGGER stock_kind BEFORE UPDATE ON stock FOR EACH ROW EXECUTE FUNCTION stock_kind();
SELECT pgroll_c.start_migration('13_two', '{"operations": [{"alter_column": {"table": "stock", "column": "number", "nullable": false, "up": "coalesce(number, 0)"}}, {"alter_column": {"table": "stock", "column": "kind", "nullable": false, "up": "coalesce(kind, 0) / 2", "down": "coalesce(kind + number, -1)"}}]}');
UPDATE public_13_two.stock SET number = 3; -- the trigger sees 5
SELECT * FROM public_13_two.stock; -- kind 7
SELECT id, kind, number FROM stock; -- kind 15
SELECT pgroll_c.rollback_migration();

\i test/include/teardown.sql
