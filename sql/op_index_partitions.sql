-- Indexes of partitioned tables: each partition's is built by itself, and in the end
-- the tree is what plain statements make.
\i test/include/setup.sql
\i test/include/partition_tree.sql
SET client_min_messages = warning;

SELECT format($$
	CREATE TABLE %1$s.item (id int, k int, name text, price int) PARTITION BY RANGE (k);
	CREATE TABLE %1$s.item_low PARTITION OF %1$s.item FOR VALUES FROM (0) TO (10);
	CREATE TABLE %1$s.item_high PARTITION OF %1$s.item FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);
	CREATE TABLE %1$s."Item odd" PARTITION OF %1$s.item_high FOR VALUES IN (1, 3);
	-- its columns have other numbers
	CREATE TABLE %1$s.item_even (price int, gone int, name text, k int, id int);
	ALTER TABLE %1$s.item_even DROP gone;
	ALTER TABLE %1$s.item_high ATTACH PARTITION %1$s.item_even FOR VALUES IN (0, 2);
	CREATE TABLE %1$s.empty (a int, b int) PARTITION BY LIST (a);
	INSERT INTO %1$s.item SELECT i %% 4, i %% 20, 'n' || i, i FROM generate_series(1, 200) i $$, schema)
	FROM (VALUES ('public'), ('plain')) s (schema) \gexec
SELECT * FROM tree_differences(); -- no rows
SELECT pgroll_c.baseline('01_base');

--
-- create_index
--
\set migration '{"operations": [{"create_index": {"table": "item", "name": "item_name", "columns": ["name", "name", {"column": "price", "sort": "DESC"}], "predicate": "price > 10 AND name <> ''x''", "storage_parameters": "fillfactor = 70"}}, {"create_index": {"table": "item", "name": "item_key", "columns": ["k", "id", "price"], "unique": true}}, {"create_index": {"table": "item", "name": "item_k", "columns": ["k"]}}, {"create_index": {"table": "item", "name": "item_k_too", "columns": ["k"], "method": "hash"}}, {"create_index": {"table": "empty", "name": "empty_a", "columns": ["a"], "unique": true}}]}'
SELECT phase, operation, lock_mode, relation, background, command
	FROM pgroll_c.plan_migration('02_create', :'migration') WHERE operation < 3 OR operation = 5;
CALL test.remember();
SELECT pgroll_c.start_migration('02_create', :'migration');
CALL pgroll_c.wait_for_migration();
INSERT INTO public_01_base.item VALUES (1, 1, 'twice', 1); -- fails
INSERT INTO public_02_create.item VALUES (0, 0, 'twice', 20); -- fails
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
CALL pgroll_c.migrate('02_create', :'migration');
CREATE INDEX item_name ON plain.item (name, name, price DESC) WITH (fillfactor = 70) WHERE price > 10 AND name <> 'x';
CREATE UNIQUE INDEX item_key ON plain.item (k, id, price);
CREATE INDEX item_k ON plain.item (k);
CREATE INDEX item_k_too ON plain.item USING hash (k);
CREATE UNIQUE INDEX empty_a ON plain.empty (a);
SELECT * FROM tree_differences(); -- no rows
SELECT "table", index, of, key FROM index_tree WHERE schema = 'public' ORDER BY 1, 2;

--
-- drop_index; the partitions' names are free for a later operation
--
\set migration '{"operations": [{"drop_index": {"name": "item_k"}}, {"create_index": {"table": "item", "name": "item_k_new", "columns": ["k"]}}, {"drop_index": {"name": "item_name"}}]}'
SELECT phase, operation, lock_mode, relation, command
	FROM pgroll_c.plan_migration('03_drop', :'migration') WHERE command ~ 'DROP INDEX';
CALL test.remember();
SELECT pgroll_c.start_migration('03_drop', :'migration');
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
CALL pgroll_c.migrate('03_drop', :'migration');
DROP INDEX plain.item_k, plain.item_name;
CREATE INDEX item_k_new ON plain.item (k);
SELECT * FROM tree_differences(); -- no rows

--
-- partitions that come and go meanwhile
--
\set migration '{"operations": [{"create_index": {"table": "item", "name": "item_late", "columns": ["name"]}}]}'
SELECT pgroll_c.start_migration('04_late', :'migration');
CALL pgroll_c.wait_for_migration();
CREATE TABLE item_late PARTITION OF item FOR VALUES FROM (30) TO (40);
ALTER TABLE item DETACH PARTITION item_low;
CALL pgroll_c.wait_for_migration(); -- fails
SELECT last_error FROM pgroll_c.progress;
DROP TABLE item_late;
SELECT pgroll_c.retry_migration();
CALL pgroll_c.wait_for_migration();
CREATE TABLE item_later PARTITION OF item FOR VALUES FROM (20) TO (30);
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();
CREATE TABLE plain.item_later PARTITION OF plain.item FOR VALUES FROM (20) TO (30);
ALTER TABLE plain.item DETACH PARTITION plain.item_low;
CREATE INDEX item_late ON plain.item (name);
SELECT * FROM tree_differences(); -- no rows
-- a rollback leaves nothing on one that was detached either
SELECT pgroll_c.start_migration('05_gone', test.migration('{"create_index": {"table": "item", "name": "item_gone", "columns": ["name"]}}'));
CALL pgroll_c.wait_for_migration();
ALTER TABLE item DETACH PARTITION item_later;
ALTER TABLE plain.item DETACH PARTITION plain.item_later;
SELECT pgroll_c.rollback_migration();
SELECT * FROM tree_differences(); -- no rows

--
-- a column gets another type: its indexes and keys come along, the partitions' own, too
--
SELECT format($$
	CREATE TABLE %1$s.ware (id int, k int, name text, price %2$s NOT NULL) PARTITION BY RANGE (k);
	CREATE TABLE %1$s.ware_low PARTITION OF %1$s.ware FOR VALUES FROM (0) TO (10);
	CREATE TABLE %1$s.ware_high PARTITION OF %1$s.ware FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);
	CREATE TABLE %1$s."Ware odd" PARTITION OF %1$s.ware_high FOR VALUES IN (1, 3);
	CREATE TABLE %1$s.ware_even (price %2$s NOT NULL, gone int, name text, k int, id int);
	ALTER TABLE %1$s.ware_even DROP gone;
	CREATE INDEX even_own ON %1$s.ware_even ((price + 1)) WHERE price > 5;
	CREATE INDEX even_name ON %1$s.ware_even (name);
	ALTER TABLE %1$s.ware_high ATTACH PARTITION %1$s.ware_even FOR VALUES IN (0, 2);
	ALTER TABLE %1$s.ware ADD CONSTRAINT ware_pkey PRIMARY KEY (k, id, price);
	ALTER TABLE %1$s.ware ADD CONSTRAINT ware_key UNIQUE (price, k, id) INCLUDE (name) WITH (fillfactor = 80) DEFERRABLE INITIALLY DEFERRED;
	ALTER TABLE %1$s.ware_low ADD CONSTRAINT low_own UNIQUE (price);
	COMMENT ON CONSTRAINT low_own ON %1$s.ware_low IS 'its own';
	CREATE INDEX ware_price ON %1$s.ware (price DESC, lower(name), (price + k)) INCLUDE (name) WHERE price <> 3;
	ALTER INDEX %1$s.ware_low_price_lower_expr_name_idx ALTER COLUMN 3 SET STATISTICS 33;
	COMMENT ON INDEX %1$s.ware_price IS 'by price';
	COMMENT ON INDEX %1$s.ware_even_price_lower_expr_name_idx IS 'by price in one';
	CREATE INDEX ware_name ON %1$s.ware (name);
	CREATE UNIQUE INDEX "Ware k" ON %1$s.ware (k, id, price) WHERE price > 0;
	ALTER TABLE %1$s."Ware odd" REPLICA IDENTITY USING INDEX "Ware odd_pkey";
	CLUSTER %1$s.ware_low USING ware_low_pkey;
	INSERT INTO %1$s.ware SELECT i %% 4, i %% 20, 'n' || i, i FROM generate_series(1, 200) i $$, schema, type)
	FROM (VALUES ('public', 'int'), ('plain', 'bigint')) s (schema, type) \gexec
\set migration '{"operations": [{"alter_column": {"table": "ware", "column": "price", "type": "bigint", "up": "price", "down": "price::int"}}, {"drop_index": {"name": "Ware k"}}, {"create_index": {"table": "ware", "name": "ware_new", "columns": ["price", "k"], "predicate": "price > 7"}}]}'
SELECT phase, operation, lock_mode, relation, command
	FROM pgroll_c.plan_migration('06_type', :'migration') WHERE phase <> 'start' AND command ~ 'INDEX|ONLY|KEY|UNIQUE';
CALL test.remember();
SELECT pgroll_c.start_migration('06_type', :'migration');
CALL pgroll_c.wait_for_migration();
INSERT INTO public_06_type.ware VALUES (1, 1, 'twice', 21), (1, 1, 'twice', 21); -- fails
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('06_type', :'migration');
CALL pgroll_c.wait_for_migration();
INSERT INTO public_06_type.ware SELECT * FROM public_06_type.ware LIMIT 3 ON CONFLICT (k, id, price) DO NOTHING;
-- what comes meanwhile
CREATE INDEX ware_meanwhile ON ware (price);
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();
CREATE INDEX ware_meanwhile ON plain.ware (price);
DROP INDEX plain."Ware k";
CREATE INDEX ware_new ON plain.ware (price, k) WHERE price > 7;
SELECT * FROM tree_differences(); -- no rows
SELECT "table", index, of, key FROM index_tree WHERE schema = 'public' AND "table" ~* 'ware' ORDER BY 1, 2;

--
-- names that others take, or partitions get, meanwhile
--
-- the name that a partition's would have is taken meanwhile: what is built is found
CREATE INDEX item_even_price_idx ON plain.item_even (price);
SELECT pgroll_c.start_migration('07_taken', test.migration('{"create_index": {"table": "item", "name": "item_price", "columns": ["price"]}}'));
CALL pgroll_c.wait_for_migration();
CREATE INDEX item_even_price_idx ON item_even (price);
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();
CREATE INDEX item_price ON ONLY plain.item (price);
CREATE INDEX item_high_price_idx ON ONLY plain.item_high (price);
ALTER INDEX plain.item_price ATTACH PARTITION plain.item_high_price_idx;
CREATE INDEX item_even_price_idx1 ON plain.item_even (price);
ALTER INDEX plain.item_high_price_idx ATTACH PARTITION plain.item_even_price_idx1;
CREATE INDEX "Item odd_price_idx" ON plain."Item odd" (price);
ALTER INDEX plain.item_high_price_idx ATTACH PARTITION plain."Item odd_price_idx";
SELECT * FROM tree_differences(); -- no rows
-- a partition that is called otherwise since gets another, and loses the first
SELECT pgroll_c.start_migration('08_called', test.migration('{"create_index": {"table": "item", "name": "item_id", "columns": ["id"]}}'));
CALL pgroll_c.wait_for_migration();
ALTER TABLE item_even RENAME TO item_flat;
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.item_even RENAME TO item_flat;
CREATE INDEX item_id ON plain.item (id);
SELECT * FROM tree_differences(); -- no rows
ALTER TABLE item_flat RENAME TO item_even;
ALTER TABLE plain.item_flat RENAME TO item_even;
-- the server takes what is built for parts of an equal index: it stays there
SELECT pgroll_c.start_migration('09_equal', test.migration('{"create_index": {"table": "item", "name": "item_equal", "columns": ["id", "name"]}}'));
CALL pgroll_c.wait_for_migration();
CREATE INDEX item_first ON item (id, name);
SELECT pgroll_c.rollback_migration();
CREATE INDEX item_first ON plain.item (id, name);
SELECT * FROM tree_differences(); -- no rows
SELECT pgroll_c.start_migration('09_equal', test.migration('{"create_index": {"table": "item", "name": "item_equal", "columns": ["id", "name"]}}'));
CALL pgroll_c.wait_for_migration();
CREATE INDEX item_second ON item (id, name);
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();
CREATE INDEX item_second ON plain.item (id, name);
CREATE INDEX item_equal ON plain.item (id, name);
SELECT * FROM tree_differences(); -- no rows

--
-- what is refused
--
SELECT test.error(test.migration('{"create_index": {"table": "item", "name": "i", "columns": ["name"], "unique": true}}'));
SELECT test.error(test.migration('{"create_index": {"table": "item", "name": "i", "columns": ["k", "name"], "unique": true}}'));
SELECT test.error(test.migration('{"drop_index": {"name": "item_name"}}', '{"drop_index": {"name": "item_even_name_idx"}}'));
RESET ROLE;
CREATE FOREIGN DATA WRAPPER regress_wrapper;
CREATE SERVER regress_server FOREIGN DATA WRAPPER regress_wrapper;
CREATE FOREIGN TABLE far (a int, b int) SERVER regress_server;
ALTER TABLE far OWNER TO regress_owner;
CREATE TABLE others (a int, b int);
SET ROLE regress_owner;
DROP INDEX empty_a;
ALTER TABLE empty ATTACH PARTITION far FOR VALUES IN (1);
SELECT test.error(test.migration('{"create_index": {"table": "empty", "name": "i", "columns": ["b"]}}'));
DROP FOREIGN TABLE far;
RESET ROLE;
ALTER TABLE empty ATTACH PARTITION others FOR VALUES IN (2);
SET ROLE regress_owner;
SELECT test.error(test.migration('{"create_index": {"table": "empty", "name": "i", "columns": ["b"]}}'));
