-- Indexes of partitioned tables: each partition's is built by itself, and in the end
-- the tree is what plain statements make.
\i test/include/setup.sql
SET client_min_messages = warning;

CREATE SCHEMA plain;
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
CREATE VIEW index_tree AS
	SELECT t.relnamespace::regnamespace::text AS schema, t.relname AS "table", i.relname AS index,
		(SELECT relname FROM pg_class WHERE oid = inhparent) AS of, indisvalid, indisunique, indisprimary,
		(SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = i.oid) AS columns,
		(SELECT string_agg(conname || ' of ' || coalesce((SELECT conname FROM pg_constraint p WHERE p.oid = c.conparentid), '-'), ', ')
			FROM pg_constraint c WHERE conindid = i.oid AND contype IN ('p', 'u')) AS key
	FROM pg_index JOIN pg_class i ON i.oid = indexrelid JOIN pg_class t ON t.oid = indrelid
		LEFT JOIN pg_inherits ON inhrelid = indexrelid
	WHERE t.relnamespace IN ('public'::regnamespace, 'plain'::regnamespace);
CREATE FUNCTION tree_differences() RETURNS SETOF text LANGUAGE sql AS $$
	WITH ours AS (SELECT (to_jsonb(t) - 'schema')::text FROM index_tree t WHERE schema = 'public'),
		plain AS (SELECT (to_jsonb(t) - 'schema')::text FROM index_tree t WHERE schema = 'plain')
	SELECT 'public: ' || l FROM (TABLE ours EXCEPT ALL TABLE plain) AS a (l)
	UNION ALL SELECT 'plain: ' || l FROM (TABLE plain EXCEPT ALL TABLE ours) AS b (l)
	UNION ALL SELECT difference FROM test.differences('public', 'plain') WHERE difference !~ ': view |relation v |column index_tree'
$$;
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
SELECT pgroll_c.complete_migration(); -- fails
DROP TABLE item_late;
CREATE TABLE item_later PARTITION OF item FOR VALUES FROM (20) TO (30);
SELECT test.error_of('SELECT pgroll_c.complete_migration()');
SELECT pgroll_c.retry_migration();
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
-- what is refused
--
SELECT test.error(test.migration('{"create_index": {"table": "item", "name": "i", "columns": ["name"], "unique": true}}'));
SELECT test.error(test.migration('{"create_index": {"table": "item", "name": "i", "columns": ["k", "name"], "unique": true}}'));
SELECT test.error(test.migration('{"drop_index": {"name": "item_key"}}', '{"drop_index": {"name": "item_even_k_id_price_idx"}}'));
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
