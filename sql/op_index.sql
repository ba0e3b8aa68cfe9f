-- create_index and drop_index: what is built is what plain statements make, a
-- rollback leaves nothing, and what PostgreSQL would refuse is refused at the start.
\i test/include/setup.sql
SET client_min_messages = warning;

CREATE TABLE item (
	id int PRIMARY KEY,
	name text NOT NULL,
	price numeric(9, 2),
	tags int[],
	area box,
	"Odd ""name" text COLLATE "C",
	note text
);
INSERT INTO item SELECT i, 'n' || i % 7, i, ARRAY[i, i + 1], box(point(i, i), point(0, 0)), 'o', 'x'
	FROM generate_series(1, 100) i;
CREATE SCHEMA plain;
CREATE TABLE plain.item (LIKE item INCLUDING ALL);
SELECT pgroll_c.baseline('01_base');

--
-- every setting, and nothing but what the plain statement makes
--
\set migration '{"operations": [{"create_index": {"table": "item", "name": "item_name", "columns": [{"column": "name"}]}}, {"create_index": {"table": "item", "name": "Item \\"all\\"", "unique": true, "columns": [{"column": "name", "collate": "C", "sort": "desc", "nulls": "LAST", "opclass": {"name": "text_pattern_ops"}}, {"column": "Odd \\"name", "sort": "ASC", "nulls": "FIRST"}, "id", "id"], "predicate": "price > 10 AND name <> ''a)b''", "storage_parameters": "fillfactor = 70, deduplicate_items = off"}}, {"create_index": {"table": "item", "name": "item_hash", "columns": [{"column": "name"}], "method": "hash", "storage_parameters": "fillfactor=50"}}, {"create_index": {"table": "item", "name": "item_tags", "columns": ["tags"], "method": "gin", "storage_parameters": "fastupdate = false"}}, {"create_index": {"table": "item", "name": "item_area", "columns": [{"column": "area"}], "method": "gist"}}, {"create_index": {"table": "item", "name": "item_sp", "columns": [{"column": "area", "opclass": {"name": "pg_catalog.box_ops"}}], "method": "spgist"}}, {"create_index": {"table": "item", "name": "item_brin", "columns": [{"column": "price", "opclass": {"name": "numeric_minmax_multi_ops", "params": ["values_per_range = 8"]}}, {"column": "id"}], "method": "brin", "storage_parameters": "autosummarize, pages_per_range=2"}}]}'
SELECT phase, operation, lock_mode, relation, background, command
	FROM pgroll_c.plan_migration('02_all', :'migration') WHERE command !~ 'VIEW|SCHEMA';
CALL test.remember();
SELECT pgroll_c.start_migration('02_all', :'migration');
CALL pgroll_c.wait_for_migration();
SELECT count(*) FROM pg_index WHERE indrelid = 'item'::regclass AND indisvalid;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
CALL pgroll_c.migrate('02_all', :'migration');
CREATE INDEX item_name ON plain.item (name);
CREATE UNIQUE INDEX "Item ""all""" ON plain.item (name COLLATE "C" text_pattern_ops DESC NULLS LAST, "Odd ""name" NULLS FIRST, id, id)
	WITH (fillfactor = 70, deduplicate_items = off) WHERE price > 10 AND name <> 'a)b';
CREATE INDEX item_hash ON plain.item USING hash (name) WITH (fillfactor = 50);
CREATE INDEX item_tags ON plain.item USING gin (tags) WITH (fastupdate = false);
CREATE INDEX item_area ON plain.item USING gist (area);
CREATE INDEX item_sp ON plain.item USING spgist (area box_ops);
CREATE INDEX item_brin ON plain.item USING brin (price numeric_minmax_multi_ops (values_per_range = 8), id) WITH (autosummarize, pages_per_range = 2);
SELECT * FROM test.differences('public', 'plain'); -- no rows
-- the names of their columns
SELECT attrelid::regclass, attnum, attname FROM pg_attribute
	WHERE attrelid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'item'::regclass)
EXCEPT SELECT replace(attrelid::regclass::text, 'plain.', '')::regclass, attnum, attname FROM pg_attribute
	WHERE attrelid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'plain.item'::regclass); -- no rows

--
-- drop_index: the name is free for a later operation, the old index stays until the completion
--
\set migration '{"operations": [{"drop_index": {"name": "item_hash"}}, {"create_index": {"table": "item", "name": "item_hash", "columns": [{"column": "note"}], "method": "hash"}}, {"drop_index": {"name": "Item \\"all\\""}}]}'
SELECT phase, operation, lock_mode, relation, background, command
	FROM pgroll_c.plan_migration('03_drop', :'migration') WHERE command !~ 'VIEW|SCHEMA';
CALL test.remember();
SELECT pgroll_c.start_migration('03_drop', :'migration');
CALL pgroll_c.wait_for_migration();
SELECT pg_get_indexdef('item_hash'::regclass);
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
CALL pgroll_c.migrate('03_drop', :'migration');
DROP INDEX plain.item_hash, plain."Item ""all""";
CREATE INDEX item_hash ON plain.item USING hash (note);
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- among other operations: renamed before and after, shadowed, dropped again
--
\set migration '{"operations": [{"rename_column": {"table": "item", "from": "note", "to": "remark"}}, {"create_index": {"table": "item", "name": "item_remark", "columns": ["remark", "price"], "predicate": "remark <> price::text"}}, {"alter_column": {"table": "item", "column": "price", "type": "numeric(12, 2)", "up": "price * 2", "down": "price / 2"}}, {"rename_column": {"table": "item", "from": "remark", "to": "comment"}}, {"rename_table": {"from": "item", "to": "goods"}}, {"create_index": {"table": "goods", "name": "goods_gone", "columns": ["tags"]}}, {"drop_column": {"table": "goods", "column": "tags"}}, {"create_index": {"table": "goods", "name": "goods_not", "columns": ["id"]}}, {"drop_index": {"name": "goods_not"}}, {"drop_index": {"name": "item_name"}}]}'
SELECT phase, operation, lock_mode, relation, background, command
	FROM pgroll_c.plan_migration('04_among', :'migration') WHERE command ~ 'INDEX|item_';
CALL test.remember();
SELECT pgroll_c.start_migration('04_among', :'migration');
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
CALL pgroll_c.migrate('04_among', :'migration');
ALTER TABLE plain.item RENAME note TO remark;
CREATE INDEX item_remark ON plain.item (remark, price) WHERE remark <> price::text;
ALTER TABLE plain.item ALTER price TYPE numeric(12, 2) USING price * 2;
ALTER TABLE plain.item RENAME remark TO comment;
ALTER TABLE plain.item DROP COLUMN tags;
ALTER TABLE plain.item RENAME TO goods;
DROP INDEX plain.item_name;
SELECT * FROM test.differences('public', 'plain'); -- no rows
SELECT attrelid::regclass, attnum, attname FROM pg_attribute
	WHERE attrelid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'goods'::regclass)
EXCEPT SELECT replace(attrelid::regclass::text, 'plain.', '')::regclass, attnum, attname FROM pg_attribute
	WHERE attrelid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'plain.goods'::regclass); -- no rows

--
-- a table that the migration creates has its index at once, without a task
--
\set migration '{"operations": [{"create_table": {"name": "fresh", "columns": [{"name": "id", "type": "int", "pk": true}, {"name": "a", "type": "text"}]}}, {"create_index": {"table": "fresh", "name": "fresh_a", "columns": ["a"], "predicate": "a > ''m''", "unique": true}}, {"rename_column": {"table": "fresh", "from": "a", "to": "b"}}, {"create_index": {"table": "fresh", "name": "fresh_b", "columns": ["b"]}}, {"create_index": {"table": "fresh", "name": "fresh_c", "columns": ["b"]}}, {"drop_index": {"name": "fresh_b"}}, {"rename_table": {"from": "fresh", "to": "new"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('05_fresh', :'migration');
SELECT state, tasks_open FROM pgroll_c.status();
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'new'::regclass ORDER BY 1;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
CALL pgroll_c.migrate('05_fresh', :'migration');
CREATE TABLE plain.fresh (id int PRIMARY KEY, a text NOT NULL);
CREATE UNIQUE INDEX fresh_a ON plain.fresh (a) WHERE a > 'm';
ALTER TABLE plain.fresh RENAME a TO b;
CREATE INDEX fresh_c ON plain.fresh (b);
ALTER TABLE plain.fresh RENAME TO new;
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- a unique index binds both versions once it is built, under its final name
--
SELECT pgroll_c.start_migration('06_unique', test.migration('{"create_index": {"table": "new", "name": "new_b", "unique": true, "columns": ["b"]}}'));
CALL pgroll_c.wait_for_migration();
INSERT INTO public_05_fresh.new VALUES (1, 'b');
INSERT INTO public_05_fresh.new VALUES (2, 'b'); -- fails
INSERT INTO public_06_unique.new VALUES (2, 'b'); -- fails
SELECT pgroll_c.complete_migration();
INSERT INTO public_06_unique.new VALUES (2, 'b'); -- fails

-- duplicate keys fail the task; it goes on when they are mended
DROP INDEX new_b;
INSERT INTO new VALUES (2, 'b');
SELECT pgroll_c.start_migration('07_twice', test.migration('{"create_index": {"table": "new", "name": "new_b", "unique": true, "columns": ["b"]}}'));
CALL pgroll_c.wait_for_migration(); -- fails
SELECT state, last_error FROM pgroll_c.status();
UPDATE new SET b = 'c' WHERE id = 2;
SELECT pgroll_c.retry_migration();
CALL pgroll_c.wait_for_migration();
-- one that somebody has dropped is built again
SELECT indexrelid::regclass AS built FROM pg_index WHERE indrelid = 'new'::regclass AND indexrelid::regclass::text ~ 'new_b' \gset
DROP INDEX :built; -- fails
RESET ROLE;
ALTER EVENT TRIGGER pgroll_c_guard_start DISABLE;
DROP INDEX :built;
ALTER EVENT TRIGGER pgroll_c_guard_start ENABLE ALWAYS;
SET ROLE regress_owner;
SELECT test.error_of('SELECT pgroll_c.complete_migration()');
SELECT pgroll_c.retry_migration();
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();
SELECT pg_get_indexdef('new_b'::regclass);
-- an index that is to go is not for others to drop
SELECT pgroll_c.start_migration('08_lost', test.migration('{"drop_index": {"name": "new_b"}}'));
DROP INDEX new_b; -- fails
SELECT pgroll_c.complete_migration();

--
-- what is refused
--
CREATE TABLE part (id int, k int) PARTITION BY RANGE (k);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
CREATE INDEX part_k ON part (k);
CREATE INDEX part_1_own ON part_1 (id);
CREATE UNIQUE INDEX goods_identity ON goods (id);
ALTER TABLE goods REPLICA IDENTITY USING INDEX goods_identity;
CREATE FUNCTION index_error(settings jsonb) RETURNS text LANGUAGE sql
	RETURN test.error(test.migration(jsonb_build_object('create_index',
		'{"table": "goods", "name": "i", "columns": ["name"]}' || settings)));
SELECT index_error('{"table": "item"}');
SELECT index_error('{"table": "public_08_lost.goods"}');
SELECT index_error('{"name": "item_remark"}');
SELECT index_error('{"name": "new"}');
SELECT index_error('{"name": "_pgroll_c_i"}');
SELECT index_error('{"columns": ["nome"]}');
SELECT index_error('{"columns": ["ctid"]}');
SELECT index_error('{"columns": [{"column": "name", "collate": "de_XX"}]}');
SELECT index_error('{"columns": [{"column": "id", "collate": "C"}]}');
SELECT index_error('{"columns": [{"column": "name", "opclass": {"name": "no_ops"}}]}');
SELECT index_error('{"columns": [{"column": "name", "opclass": {"name": "int4_ops"}}]}');
SELECT index_error('{"columns": ["area"]}');
SELECT index_error('{"columns": ["area"], "method": "gist", "unique": true}');
SELECT index_error('{"columns": ["name", "id"], "method": "hash"}');
SELECT index_error('{"columns": [{"column": "name", "sort": "DESC"}], "method": "hash"}');
SELECT index_error('{"columns": [{"column": "name", "nulls": "LAST"}], "method": "brin"}');
SELECT index_error('{"columns": [{"column": "name", "opclass": {"name": "text_ops", "params": ["a=1"]}}]}');
SELECT index_error('{"columns": [{"column": "price", "opclass": {"name": "numeric_minmax_multi_ops", "params": ["values_per_range = 8000"]}}], "method": "brin"}');
SELECT index_error('{"columns": [{"column": "price", "opclass": {"name": "numeric_minmax_multi_ops", "params": ["values_per_range = 8), id int4_minmax_ops (x = 1"]}}], "method": "brin"}');
SELECT index_error('{"storage_parameters": "fillfactor = 5"}');
SELECT index_error('{"storage_parameters": "fill = 50"}');
SELECT index_error('{"storage_parameters": "fillfactor"}');
SELECT index_error('{"storage_parameters": "toast.fillfactor = 50"}');
SELECT index_error('{"storage_parameters": "fillfactor = 50, fillfactor = 60"}');
SELECT index_error('{"columns": [{"column": "price", "opclass": {"name": "numeric_minmax_multi_ops", "params": ["toast.values_per_range = 16"]}}], "method": "brin"}');
SELECT index_error('{"columns": [{"column": "price", "opclass": {"name": "numeric_minmax_multi_ops", "params": ["values_per_range = 16", "values_per_range = 32"]}}], "method": "brin"}');
SELECT index_error('{"storage_parameters": "fillfactor = 50) WHERE (price > 1"}');
SELECT index_error('{"storage_parameters": "fillfactor = 50); DROP TABLE goods; --"}');
SELECT index_error('{"predicate": "nome > ''a''"}');
SELECT index_error('{"predicate": "name"}');
SELECT index_error('{"predicate": "price > random()"}');
SELECT index_error('{"predicate": "id > (SELECT 1)"}');
SELECT index_error('{"predicate": "max(id) > 1"}');
SELECT test.error(test.migration('{"create_index": {"table": "goods", "name": "i", "columns": ["name"]}}', '{"create_index": {"table": "new", "name": "i", "columns": ["id"]}}'));
SELECT test.error(test.migration('{"create_index": {"table": "goods", "name": "i", "columns": [{"column": "name", "opclass": {"name": "text_pattern_ops"}}]}}', '{"alter_column": {"table": "goods", "column": "name", "type": "int", "up": "1", "down": "name"}}'));
SELECT test.error(test.migration('{"drop_index": {"name": "no_index"}}'));
SELECT test.error(test.migration('{"drop_index": {"name": "goods"}}'));
SELECT test.error(test.migration('{"drop_index": {"name": "goods_identity"}}'));
SELECT test.error(test.migration('{"drop_index": {"name": "item_pkey"}}'));
CREATE UNIQUE INDEX goods_price ON goods (price);
CREATE TABLE referrer (price numeric REFERENCES goods (price));
SELECT test.error(test.migration('{"drop_index": {"name": "goods_price"}}'));
SELECT pgroll_c.validate_migration('09_both', test.migration('{"drop_constraint": {"table": "referrer", "name": "referrer_price_fkey", "down": "price"}}', '{"drop_index": {"name": "goods_price"}}'));
SELECT test.error(test.migration('{"drop_index": {"name": "item_hash"}}', '{"drop_index": {"name": "item_hash"}}'));
SELECT test.error(test.migration('{"drop_index": {"name": "part_1_k_idx"}}'));
SELECT test.error(test.migration('{"drop_index": {"name": "part_1_own"}}'));
-- of a table of somebody else's
RESET ROLE;
CREATE TABLE others (id int);
CREATE INDEX others_id ON others (id);
SET ROLE regress_owner;
SELECT test.error(test.migration('{"drop_index": {"name": "others_id"}}'));
SELECT test.error(test.migration('{"create_index": {"table": "others", "name": "i", "columns": ["id"]}}'));
-- the owner of the table must be able to build it
RESET ROLE;
CREATE ROLE regress_indexer;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_indexer;
GRANT USAGE ON SCHEMA public TO regress_indexer;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
ALTER TABLE others OWNER TO regress_indexer;
REVOKE CREATE ON SCHEMA public FROM regress_owner;
SET ROLE regress_indexer;
SELECT test.error(test.migration('{"create_index": {"table": "others", "name": "i", "columns": ["id"]}}'));

-- what a failed concurrent build has left is dropped, and makes room for another
RESET ROLE;
GRANT CREATE ON SCHEMA public TO regress_owner;
SET ROLE regress_owner;
CREATE TABLE twice (id int PRIMARY KEY, a int) PARTITION BY RANGE (id);
CREATE TABLE twice_1 PARTITION OF twice FOR VALUES FROM (0) TO (9);
CREATE INDEX twice_only ON ONLY twice (a);
CREATE TABLE double (id int PRIMARY KEY, a int);
INSERT INTO double VALUES (1, 1), (2, 1);
CREATE UNIQUE INDEX CONCURRENTLY double_a ON double (a); -- fails
CREATE UNIQUE INDEX CONCURRENTLY double_b ON double (a); -- fails
SELECT relname FROM pg_class JOIN pg_index ON indexrelid = oid WHERE NOT indisvalid ORDER BY 1;
SELECT test.error(test.migration('{"create_index": {"table": "double", "name": "double_a", "columns": ["a"]}}'));
SELECT test.error(test.migration('{"create_constraint": {"table": "double", "name": "double_a", "type": "unique", "columns": ["a"], "up": {"a": "id"}, "down": {"a": "a"}}}'));
\set migration '{"operations": [{"drop_index": {"name": "double_a"}}, {"create_index": {"table": "double", "name": "double_a", "columns": ["a", "id"]}}, {"drop_index": {"name": "double_b"}}, {"drop_index": {"name": "twice_only"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('20_invalid', :'migration');
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
CALL pgroll_c.migrate('20_invalid', :'migration');
SELECT c.relname, indisvalid, pg_get_indexdef(c.oid) FROM pg_class c JOIN pg_index ON indexrelid = oid WHERE c.relname ~ '^(double|twice)_[^1]*$' ORDER BY 1;
