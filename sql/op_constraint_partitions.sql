-- Keys of partitioned tables that are there: each partition's index is built by itself,
-- and in the end the tree is what plain statements make.
\i test/include/setup.sql
\i test/include/partition_tree.sql
SET client_min_messages = warning;

SELECT format($$
	CREATE TABLE %1$s.item (id int, k int, name text, price int) PARTITION BY RANGE (k);
	CREATE TABLE %1$s.item_low PARTITION OF %1$s.item FOR VALUES FROM (0) TO (10);
	CREATE TABLE %1$s.item_high PARTITION OF %1$s.item FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);
	CREATE TABLE %1$s."Item odd" PARTITION OF %1$s.item_high FOR VALUES IN (1, 3);
	-- its columns have other numbers
	CREATE TABLE %1$s.item_even (price int, gone int, name text, k int, id int NOT NULL);
	ALTER TABLE %1$s.item_even DROP gone;
	ALTER TABLE %1$s.item_high ATTACH PARTITION %1$s.item_even FOR VALUES IN (0, 2);
	CREATE TABLE %1$s.empty (a int, b int) PARTITION BY LIST (a);
	INSERT INTO %1$s.item SELECT i %% 4, i %% 20, 'n' || i, i FROM generate_series(1, 200) i;
	-- a name that one of a partition's indexes would have
	CREATE TABLE %1$s.item_low_k_id_price_key ()$$, schema)
	FROM (VALUES ('public'), ('plain')) s (schema) \gexec
SELECT * FROM tree_differences(); -- no rows
SELECT pgroll_c.baseline('01_base');

--
-- a primary key, also of columns that may be NULL; unique ones, also of one that changes
--
\set migration '{"operations": [{"create_constraint": {"table": "item", "name": "item_pk", "type": "primary_key", "columns": ["k", "id", "price"], "up": {"k": "k", "id": "id", "price": "price"}, "down": {"k": "k", "id": "id", "price": "price"}}}, {"create_constraint": {"table": "item", "name": "item_once", "type": "unique", "columns": ["k", "id", "price"], "index_parameters": {"include_columns": ["name"], "storage_parameters": "fillfactor = 70"}, "up": {"k": "k", "id": "id", "price": "price"}, "down": {"k": "k", "id": "id", "price": "price"}}}, {"create_constraint": {"table": "item", "name": "item_name", "type": "unique", "columns": ["id", "name", "k"], "up": {"k": "k", "id": "id", "name": "lower(name)"}, "down": {"k": "k", "id": "id", "name": "upper(name)"}}}, {"create_constraint": {"table": "empty", "name": "empty_pk", "type": "primary_key", "columns": ["a"], "up": {"a": "a"}, "down": {"a": "a"}}}, {"rename_constraint": {"table": "item", "from": "item_once", "to": "Item once"}}, {"rename_table": {"from": "item", "to": "Items"}}, {"rename_column": {"table": "Items", "from": "k", "to": "kind"}}]}'
SELECT phase, operation, lock_mode, relation, background, command
	FROM pgroll_c.plan_migration('02_keys', :'migration') WHERE command ~ 'NULL|INDEX|ONLY|KEY|UNIQUE';
CALL test.remember();
SELECT pgroll_c.start_migration('02_keys', :'migration');
CALL pgroll_c.wait_for_migration();
INSERT INTO public_01_base.item VALUES (1, 1, 'twice', 1); -- fails
INSERT INTO public_01_base.item VALUES (NULL, 1, 'none', 1); -- fails
INSERT INTO public_02_keys."Items" VALUES (NULL, 1, 'none', 1); -- fails
INSERT INTO public_02_keys."Items" VALUES (1, 1, 'none', NULL); -- fails
INSERT INTO public_02_keys."Items" VALUES (1, 1, 'n1', 1000); -- fails
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
CALL pgroll_c.migrate('02_keys', :'migration');
UPDATE plain.item SET name = lower(name);
ALTER TABLE plain.item ADD CONSTRAINT item_pk PRIMARY KEY (k, id, price);
ALTER TABLE plain.item ADD CONSTRAINT "Item once" UNIQUE (k, id, price) INCLUDE (name) WITH (fillfactor = 70);
ALTER TABLE plain.item ADD CONSTRAINT item_name UNIQUE (id, name, k);
ALTER TABLE plain.empty ADD CONSTRAINT empty_pk PRIMARY KEY (a);
ALTER TABLE plain.item RENAME TO "Items";
ALTER TABLE plain."Items" RENAME k TO kind;
SELECT * FROM tree_differences(); -- no rows
SELECT "table", index, of, columns, key FROM index_tree WHERE schema = 'public' ORDER BY 1, 2;

--
-- partitions that come and go meanwhile (op_unique_partitions.sql has more)
--
SELECT format($$
	CREATE TABLE %1$s.log (at int, id int, note text) PARTITION BY RANGE (at);
	CREATE TABLE %1$s.log_1 PARTITION OF %1$s.log FOR VALUES FROM (0) TO (10);
	CREATE TABLE %1$s.log_2 PARTITION OF %1$s.log FOR VALUES FROM (10) TO (20);
	INSERT INTO %1$s.log SELECT i, i, 'n' || i FROM generate_series(0, 19) i$$, schema)
	FROM (VALUES ('public'), ('plain')) s (schema) \gexec
\set migration '{"operations": [{"create_constraint": {"table": "log", "name": "log_pk", "type": "primary_key", "columns": ["at"], "up": {"at": "at"}, "down": {"at": "at"}}}, {"alter_column": {"table": "log", "column": "at", "unique": {"name": "log_at"}, "up": "at"}}]}'
SELECT pgroll_c.start_migration('03_late', :'migration');
CALL pgroll_c.wait_for_migration();
CREATE TABLE log_3 PARTITION OF log FOR VALUES FROM (20) TO (30);
CALL pgroll_c.wait_for_migration();
ALTER TABLE log DETACH PARTITION log_1;
DROP TABLE log_3;
CREATE TABLE log_4 (at int, id int, note text);
INSERT INTO log_4 VALUES (30, 1, 'twice'), (30, 2, 'twice');
ALTER TABLE log ATTACH PARTITION log_4 FOR VALUES FROM (30) TO (40); -- fails
DELETE FROM log_4 WHERE id = 2;
ALTER TABLE log ATTACH PARTITION log_4 FOR VALUES FROM (30) TO (40);
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();
CREATE TABLE plain.log_4 (at int, id int, note text);
ALTER TABLE plain.log ATTACH PARTITION plain.log_4 FOR VALUES FROM (30) TO (40);
ALTER TABLE plain.log DETACH PARTITION plain.log_1;
ALTER TABLE plain.log ADD CONSTRAINT log_pk PRIMARY KEY (at);
ALTER TABLE plain.log ADD CONSTRAINT log_at UNIQUE (at);
SELECT * FROM tree_differences(); -- no rows

--
-- partitions with a key of their own: it becomes a part of the table's as it is
--
SELECT format($$
	CREATE TABLE %1$s.bill (id int, no int) PARTITION BY RANGE (id);
	CREATE TABLE %1$s.bill_1 PARTITION OF %1$s.bill (PRIMARY KEY (id)) FOR VALUES FROM (0) TO (10);
	CREATE TABLE %1$s.bill_2 PARTITION OF %1$s.bill (CONSTRAINT own PRIMARY KEY (id)) FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
	CREATE TABLE %1$s.bill_2_1 PARTITION OF %1$s.bill_2 FOR VALUES FROM (10) TO (15);
	CREATE TABLE %1$s.bill_3 PARTITION OF %1$s.bill FOR VALUES FROM (20) TO (30);
	INSERT INTO %1$s.bill SELECT i, i FROM generate_series(1, 14) i$$, schema)
	FROM (VALUES ('public'), ('plain')) s (schema) \gexec
\set migration '{"operations": [{"create_constraint": {"table": "bill", "name": "bill_pk", "type": "primary_key", "columns": ["id"], "up": {"id": "id"}, "down": {"id": "id"}}}]}'
SELECT phase, relation, command
	FROM pgroll_c.plan_migration('04_own', :'migration') WHERE command ~ 'NULL|INDEX|ONLY|KEY|UNIQUE';
CALL pgroll_c.migrate('04_own', :'migration');
ALTER TABLE plain.bill ADD CONSTRAINT bill_pk PRIMARY KEY (id);
SELECT * FROM tree_differences(); -- no rows

--
-- what is refused
--
CREATE FUNCTION pg_temp.key_error(place text, name text, type text, VARIADIC columns text[]) RETURNS text LANGUAGE sql AS $$
	SELECT test.error(test.migration(jsonb_build_object('create_constraint', jsonb_build_object(
		'table', place, 'name', name, 'type', type, 'columns', columns,
		'up', (SELECT jsonb_object_agg(c, c) FROM unnest(columns) c), 'down', (SELECT jsonb_object_agg(c, c) FROM unnest(columns) c)))))
$$;
SELECT pg_temp.key_error('bill', 'k', 'unique', 'no');
SELECT pg_temp.key_error('bill', 'k', 'primary_key', 'id');
SELECT pg_temp.key_error('bill', 'bill_3_pkey', 'unique', 'id');
SELECT test.error(test.migration('{"add_column": {"table": "log", "column": {"name": "k", "type": "int", "nullable": true, "unique": true}}}'));
SELECT test.error(test.migration('{"create_constraint": {"table": "log", "name": "k", "type": "unique", "columns": ["at"], "up": {"at": "at + 1"}, "down": {"at": "at - 1"}}}'));
SELECT test.error(test.migration('{"alter_column": {"table": "bill", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}}'));
SELECT test.error(test.migration('{"alter_column": {"table": "Items", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}}'));
SELECT test.error(test.migration('{"drop_column": {"table": "Items", "column": "id", "down": "1"}}'));
-- a primary key of a partition that is another one
CREATE TABLE paper (id int, no int) PARTITION BY RANGE (id);
CREATE TABLE paper_1 PARTITION OF paper (PRIMARY KEY (id, no)) FOR VALUES FROM (0) TO (10);
SELECT pg_temp.key_error('paper', 'k', 'primary_key', 'id');
SELECT pg_temp.key_error('paper', 'k', 'primary_key', 'no', 'id');
-- or that changes
SELECT test.error(test.migration('{"create_constraint": {"table": "paper", "name": "k", "type": "primary_key", "columns": ["id", "no"], "up": {"id": "id", "no": "no + 1"}, "down": {"id": "id", "no": "no - 1"}}}'));
ALTER TABLE paper ALTER no SET NOT NULL;
SELECT test.error(test.migration('{"create_constraint": {"table": "paper", "name": "k", "type": "primary_key", "columns": ["id", "no"], "up": {"id": "id", "no": "no"}, "down": {"id": "id", "no": "no"}}}',
	'{"alter_column": {"table": "paper", "column": "no", "type": "bigint", "up": "no", "down": "no::int"}}'));
-- a foreign key that references it
CREATE TABLE writer (paper int);
SELECT test.error(test.migration('{"create_constraint": {"table": "paper", "name": "k", "type": "unique", "columns": ["id"], "up": {"id": "id"}, "down": {"id": "id"}}}',
	'{"create_constraint": {"table": "writer", "name": "f", "type": "foreign_key", "columns": ["paper"], "references": {"table": "paper", "columns": ["id"]}, "up": {"paper": "paper"}, "down": {"paper": "paper"}}}'));
\i test/include/teardown.sql
