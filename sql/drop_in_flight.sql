-- What a completion is to drop goes by the name that the start has found: nobody else
-- gets it meanwhile, and what has it by another way is left alone.
\i test/include/setup.sql

CREATE TYPE mood AS ENUM ('good');
CREATE TABLE gone (id int);
CREATE TABLE item (
	id int PRIMARY KEY,
	price int CONSTRAINT positive CHECK (price > 0),
	n int,
	m mood,
	CONSTRAINT pair UNIQUE (id, n)
);
CREATE INDEX item_n ON item (n);
INSERT INTO item SELECT g, g, g FROM generate_series(1, 3) g;

-- also where there is no version before, whose views would need it
SELECT pgroll_c.start_migration('01_drops', '{"operations": [
	{"drop_table": {"name": "gone"}},
	{"drop_index": {"name": "item_n"}},
	{"drop_multicolumn_constraint": {"table": "item", "name": "pair", "down": {"id": "id", "n": "n"}}},
	{"drop_column": {"table": "item", "column": "m"}},
	{"drop_constraint": {"table": "item", "name": "positive", "up": "price", "down": "greatest(price, 1)"}}]}');
CALL pgroll_c.run_tasks();
UPDATE public_01_drops.item SET price = -5 WHERE id = 3;
RESET ROLE;
SELECT type, relation, name FROM pgroll_c.migration_drop ORDER BY 1, 2, 3;
SET ROLE regress_owner;
-- each of these fails
\set VERBOSITY terse
DROP TABLE gone;
ALTER TABLE gone RENAME TO went;
ALTER TABLE gone SET SCHEMA pg_temp;
ALTER TABLE item DROP COLUMN m;
ALTER TABLE item RENAME m TO feeling;
ALTER TABLE item ALTER m TYPE text;
DROP TYPE mood CASCADE;
DROP INDEX item_n;
DROP INDEX CONCURRENTLY item_n;
ALTER INDEX item_n RENAME TO other;
ALTER TABLE item_n RENAME TO other;
ALTER TABLE item DROP CONSTRAINT positive;
ALTER TABLE item RENAME CONSTRAINT positive TO other;
ALTER TABLE item RENAME CONSTRAINT pair TO other;
ALTER INDEX pair RENAME TO other;
\set VERBOSITY default
ALTER TABLE item DROP CONSTRAINT positive;
-- what is changed in place stays the same
REINDEX INDEX CONCURRENTLY item_n;
ALTER TABLE gone ADD COLUMN n int, DROP COLUMN id;
SELECT pgroll_c.complete_migration();
SELECT * FROM item ORDER BY id;
\d item
\d gone

-- other ways to a name: by ALTER INDEX, which takes tables and views as well, and by a key
-- that takes an index over
CREATE TABLE named (id int PRIMARY KEY, a int, z int);
CREATE UNIQUE INDEX named_a ON named (a);
SELECT pgroll_c.start_migration('01_names', '{"operations": [{"drop_index": {"name": "named_a"}}, {"drop_column": {"table": "named", "column": "z"}}]}');
ALTER INDEX named RENAME TO other;
ALTER INDEX public_01_names.named RENAME TO other;
ALTER TABLE named ADD CONSTRAINT named_key UNIQUE USING INDEX named_a;
SELECT pgroll_c.complete_migration();
\d named

-- and by the type that a table is of
CREATE TYPE shape AS (a int, z int);
CREATE TABLE typed OF shape;
SELECT pgroll_c.start_migration('01_typed', '{"operations": [{"alter_column": {"table": "typed", "column": "z", "default": "7"}}]}');
ALTER TYPE shape RENAME ATTRIBUTE z TO other CASCADE;
ALTER TYPE shape RENAME ATTRIBUTE z TO other;
SELECT pgroll_c.complete_migration();

-- a key of a partition that has come since, whose index is a part by now
CREATE TABLE whole (id int, k int NOT NULL) PARTITION BY LIST (k);
CREATE UNIQUE INDEX whole_all ON whole (id, k);
SELECT pgroll_c.start_migration('01_whole', '{"operations": [{"drop_index": {"name": "whole_all"}}]}');
CREATE TABLE whole_1 (id int, k int NOT NULL, CONSTRAINT whole_1_own UNIQUE (id, k));
ALTER TABLE whole ATTACH PARTITION whole_1 FOR VALUES IN (1);
SELECT pgroll_c.complete_migration();	-- fails
SELECT pgroll_c.rollback_migration();

-- around the guard
CREATE TABLE gone (id int);
CREATE TABLE other (id int);
CREATE INDEX item_n ON item (n);
SELECT pgroll_c.start_migration('02_index', '{"operations": [{"drop_index": {"name": "item_n"}}]}');
RESET ROLE;
ALTER EVENT TRIGGER pgroll_c_guard_start DISABLE;
ALTER EVENT TRIGGER pgroll_c_guard_drop DISABLE;
SET ROLE regress_owner;
DROP INDEX item_n;
CREATE INDEX item_n ON other (id);
SELECT pgroll_c.complete_migration();
\d other
SELECT pgroll_c.start_migration('03_table', '{"operations": [{"drop_table": {"name": "gone"}}]}');
DROP VIEW public_02_index.gone;
DROP TABLE gone;
CREATE TABLE gone (precious text);
SELECT pgroll_c.complete_migration();	-- fails
SELECT pgroll_c.rollback_migration();
TABLE gone;
ALTER TABLE other ADD CONSTRAINT positive CHECK (id > 0);
INSERT INTO other VALUES (1);
SELECT pgroll_c.start_migration('04_check', '{"operations": [{"drop_constraint": {"table": "other", "name": "positive", "up": "id", "down": "greatest(id, 1)"}}]}');
CALL pgroll_c.run_tasks();
UPDATE public_04_check.other SET id = -1;
ALTER TABLE other DROP CONSTRAINT positive;
SELECT pgroll_c.complete_migration();	-- fails: -1 would be lost
SELECT pgroll_c.rollback_migration();
RESET ROLE;
ALTER EVENT TRIGGER pgroll_c_guard_start ENABLE ALWAYS;
ALTER EVENT TRIGGER pgroll_c_guard_drop ENABLE ALWAYS;
SET ROLE regress_owner;

-- NOT NULL, which somebody has set or taken away as the migration does
CREATE TABLE nulls (id int PRIMARY KEY, a int, b int NOT NULL, c int NOT NULL);
INSERT INTO nulls VALUES (1, 1, 1, 1);
SELECT pgroll_c.start_migration('05_nulls', '{"operations": [
	{"alter_column": {"table": "nulls", "column": "a", "nullable": false, "up": "coalesce(a, 7)", "down": "a + 100"}},
	{"alter_column": {"table": "nulls", "column": "b", "nullable": true, "down": "coalesce(b, 0)"}},
	{"alter_column": {"table": "nulls", "column": "c", "nullable": true}}]}');
CALL pgroll_c.run_tasks();
UPDATE public_05_nulls.nulls SET a = 2, b = NULL;
ALTER TABLE nulls ALTER a SET NOT NULL, ALTER b DROP NOT NULL, ALTER c DROP NOT NULL;
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
TABLE nulls;
\d nulls

-- a column that is changed and dropped is still referenced
CREATE TABLE referenced (id int PRIMARY KEY);
CREATE TABLE referencing (r int REFERENCES referenced);
SELECT test.error(test.migration('{"alter_column": {"table": "referenced", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}}',
	'{"drop_column": {"table": "referenced", "column": "id", "down": "3"}}'));

-- a sequence goes with its table, or its column, and another's default may read it
CREATE TABLE counted (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY);
CREATE TABLE reader (id int DEFAULT nextval('counted_id_seq'), n int DEFAULT nextval('counted_n_seq'));
\set table '{"drop_table": {"name": "counted"}}'
SELECT test.error(test.migration(:'table'));
SELECT test.error(test.migration('{"drop_column": {"table": "counted", "column": "n", "down": "1"}}'));
SELECT test.error(test.migration('{"drop_column": {"table": "reader", "column": "id"}}', :'table'));
-- the defaults of partitions and children go along
CREATE TABLE tree (id serial, k int) PARTITION BY LIST (k);
CREATE TABLE tree_1 PARTITION OF tree FOR VALUES IN (1);
CREATE TABLE up (id serial, n int);
CREATE TABLE below () INHERITS (up);
CREATE TABLE below_own (id int DEFAULT nextval('up_id_seq')) INHERITS (up);
SELECT test.error(test.migration('{"drop_column": {"table": "up", "column": "id"}}'));
DROP TABLE below_own;
SELECT pgroll_c.start_migration('06_tree', test.migration('{"drop_column": {"table": "tree", "column": "id", "down": "1"}}', '{"drop_column": {"table": "up", "column": "id", "down": "1"}}'));
SELECT pgroll_c.complete_migration();
SELECT pgroll_c.start_migration('06_trees', test.migration('{"drop_table": {"name": "tree"}}'));
SELECT pgroll_c.complete_migration();

-- and those that the same migration makes
CREATE TABLE owner (id serial, n int);
SELECT test.error(test.migration('{"add_column": {"table": "reader", "column": {"name": "s", "type": "int", "default": "nextval(''owner_id_seq'')", "nullable": true}}}', '{"drop_table": {"name": "owner"}}'));
SELECT test.error(test.migration('{"drop_column": {"table": "owner", "column": "id", "down": "1"}}', '{"alter_column": {"table": "reader", "column": "n", "default": "nextval(''owner_id_seq'')"}}'));

-- readers that go before
CREATE TABLE watched (id int);
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE numbered (id serial);
CREATE TRIGGER watch BEFORE INSERT ON watched FOR EACH ROW WHEN (NEW.id > nextval('numbered_id_seq')) EXECUTE FUNCTION watch();
CREATE TABLE parted (x int, k int) PARTITION BY LIST (k);
CREATE TABLE parted_1 PARTITION OF parted (x DEFAULT nextval('numbered_id_seq')) FOR VALUES IN (1);
SELECT test.error(test.migration('{"drop_table": {"name": "numbered"}}'));
SELECT pgroll_c.start_migration('06_readers', test.migration('{"drop_table": {"name": "watched"}}', '{"drop_column": {"table": "parted", "column": "x"}}', '{"drop_table": {"name": "numbered"}}'));
SELECT pgroll_c.complete_migration();
ALTER TABLE reader ALTER n DROP DEFAULT;
SELECT pgroll_c.start_migration('06_counted', test.migration('{"alter_column": {"table": "reader", "column": "id", "default": "5"}}', :'table'));
ALTER TABLE reader ALTER n SET DEFAULT nextval('counted_n_seq');
SELECT pgroll_c.complete_migration();	-- fails
ALTER TABLE reader ALTER n DROP DEFAULT;
SELECT pgroll_c.complete_migration();
\d reader
-- the key that a new foreign key references; a partition of it may leave
CREATE TABLE keyed (id int PRIMARY KEY, n int UNIQUE);
CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
SELECT pgroll_c.start_migration('06_keys', test.migration(
	'{"add_column": {"table": "keyed", "column": {"name": "m", "type": "int", "nullable": true, "references": {"name": "fk", "table": "keyed", "column": "n"}}, "up": "n"}}',
	'{"add_column": {"table": "keyed", "column": {"name": "p", "type": "int", "nullable": true, "references": {"name": "fk_parts", "table": "parts", "column": "id"}}}}'));
CALL pgroll_c.run_tasks();
SELECT test.error_of('ALTER TABLE keyed DROP CONSTRAINT keyed_n_key CASCADE');
SELECT test.error_of('ALTER TABLE parts DROP CONSTRAINT parts_pkey CASCADE');
ALTER TABLE parts DETACH PARTITION parts_2;
SELECT pgroll_c.complete_migration();
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'keyed'::regclass AND contype = 'f' AND conparentid = 0 ORDER BY 1;
-- what was noted goes with the migration
RESET ROLE;
SELECT migration FROM pgroll_c.migration_drop UNION SELECT migration FROM pgroll_c.migration_table; -- no rows

\i test/include/teardown.sql
