-- Foreign keys of partitioned tables: new ones, and those of a column that changes.
\i test/include/setup.sql

CREATE TABLE shops (id int PRIMARY KEY);
INSERT INTO shops SELECT generate_series(1, 5);
CREATE TABLE sales (day int, shop int, amount int) PARTITION BY RANGE (day);
CREATE TABLE sales_1 PARTITION OF sales FOR VALUES FROM (1) TO (10);
CREATE TABLE sales_2 PARTITION OF sales FOR VALUES FROM (10) TO (20) PARTITION BY LIST (shop);
CREATE TABLE sales_2_a PARTITION OF sales_2 FOR VALUES IN (1, 2, NULL);
CREATE TABLE sales_2_b PARTITION OF sales_2 DEFAULT;
INSERT INTO sales SELECT g % 19 + 1, g % 5 + 1, g FROM generate_series(1, 50) g;
CREATE SCHEMA plain;
CREATE TABLE plain.shops (LIKE shops INCLUDING ALL);
CREATE TABLE plain.sales (day int, shop int, amount int) PARTITION BY RANGE (day);
CREATE TABLE plain.sales_1 PARTITION OF plain.sales FOR VALUES FROM (1) TO (10);
CREATE TABLE plain.sales_2 PARTITION OF plain.sales FOR VALUES FROM (10) TO (20) PARTITION BY LIST (shop);
CREATE TABLE plain.sales_2_a PARTITION OF plain.sales_2 FOR VALUES IN (1, 2, NULL);
CREATE TABLE plain.sales_2_b PARTITION OF plain.sales_2 DEFAULT;
SELECT pgroll_c.baseline('01_base');

-- a new one, on the column as it is
\set migration '{"operations": [{"create_constraint": {"table": "sales", "name": "sale_shop", "type": "foreign_key", "columns": ["shop"], "references": {"table": "shops", "columns": ["id"], "on_delete": "cascade"}, "up": {"shop": "shop"}, "down": {"shop": "shop"}}}]}'
SELECT phase, command, lock_mode FROM pgroll_c.plan_migration('02_foreign', :'migration')
	WHERE command ~ 'ALTER TABLE' OR command ~ '^lock';
CALL test.remember();
SELECT pgroll_c.start_migration('02_foreign', :'migration');
INSERT INTO public_01_base.sales VALUES (1, 9, 1); -- fails
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('02_foreign', :'migration');
CALL pgroll_c.run_tasks();
-- a partition that comes late is seen to
CREATE TABLE sales_3 PARTITION OF sales FOR VALUES FROM (20) TO (30);
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
CREATE TABLE plain.sales_3 PARTITION OF plain.sales FOR VALUES FROM (20) TO (30);
ALTER TABLE plain.sales ADD CONSTRAINT sale_shop FOREIGN KEY (shop) REFERENCES plain.shops ON DELETE CASCADE;
SELECT * FROM test.differences('public', 'plain'); -- no rows

-- two more, of which one gets a shadow; then its column changes again
\set migration '{"operations": [{"create_constraint": {"table": "sales", "name": "sale_amount", "type": "foreign_key", "columns": ["amount"], "references": {"table": "shops", "columns": ["id"]}, "up": {"amount": "amount % 5 + 1"}, "down": {"amount": "amount"}}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('03_amount', :'migration');
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('03_amount', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.sales ADD CONSTRAINT sale_amount FOREIGN KEY (amount) REFERENCES plain.shops;
SELECT * FROM test.differences('public', 'plain'); -- no rows
\set migration '{"operations": [{"alter_column": {"table": "sales", "column": "amount", "type": "bigint", "up": "amount", "down": "amount"}}, {"rename_constraint": {"table": "sales", "from": "sale_amount", "to": "sale_number"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('04_big', :'migration');
INSERT INTO public_03_amount.sales VALUES (2, 1, 2);
INSERT INTO public_04_big.sales VALUES (12, 3, 2);
INSERT INTO public_04_big.sales VALUES (12, 3, 77); -- fails
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('04_big', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.sales ALTER amount TYPE bigint;
ALTER TABLE plain.sales RENAME CONSTRAINT sale_amount TO sale_number;
SELECT * FROM test.differences('public', 'plain'); -- no rows
DELETE FROM shops WHERE id = 2; -- fails

-- the table's has another name by now than those of its partitions
\set migration '{"operations": [{"alter_column": {"table": "sales", "column": "amount", "type": "integer", "up": "amount::integer", "down": "amount"}}]}'
SELECT pgroll_c.start_migration('05_small', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
SELECT conrelid::regclass, conname, convalidated FROM pg_constraint
	WHERE conname ~ '^sale_(amount|number)' AND connamespace = 'public'::regnamespace ORDER BY 1;

-- the tables and the referenced column get other names at the same time, and an index is made
\set migration '{"operations": [{"alter_column": {"table": "sales", "column": "amount", "type": "bigint", "up": "amount", "down": "amount"}}, {"create_constraint": {"table": "sales", "name": "sale_day", "type": "foreign_key", "columns": ["day"], "references": {"table": "shops", "columns": ["id"]}, "up": {"day": "day"}, "down": {"day": "day"}}}, {"rename_table": {"from": "shops", "to": "stores"}}, {"rename_column": {"table": "stores", "from": "id", "to": "number"}}, {"rename_table": {"from": "sales", "to": "deals"}}, {"create_index": {"table": "deals", "name": "deal_days", "columns": [{"column": "day"}]}}]}'
INSERT INTO shops SELECT generate_series(6, 30);
SELECT pgroll_c.start_migration('06_names', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
	WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY 1, 2;
SELECT indrelid::regclass, indexrelid::regclass, indisvalid FROM pg_index
	WHERE pg_get_indexdef(indexrelid) ~ ' btree \(day\)' AND indrelid::regclass::text !~ 'plain' ORDER BY 1;

-- what stands for one is told by its name
SELECT pgroll_c.start_migration('07_wider', '{"operations": [{"alter_column": {"table": "deals", "column": "amount", "type": "integer", "up": "amount::int", "down": "amount"}}]}');
ALTER TABLE deals RENAME CONSTRAINT sale_number TO other;                       -- fails
ALTER TABLE sales_2_a RENAME CONSTRAINT sale_amount TO other;                   -- fails
SELECT pgroll_c.rollback_migration();
ALTER TABLE sales_2_a RENAME CONSTRAINT sale_amount TO other;

-- a partition's own foreign key, equal to the table's, stays its own, whichever the
-- server would find first
CREATE TABLE twice_target (id int PRIMARY KEY);
CREATE TABLE twice (k int, a int) PARTITION BY RANGE (k);
CREATE TABLE twice_1 PARTITION OF twice FOR VALUES FROM (0) TO (10);
CREATE TABLE twice_2 PARTITION OF twice FOR VALUES FROM (10) TO (20);
ALTER TABLE twice ADD CONSTRAINT mid FOREIGN KEY (a) REFERENCES twice_target;
ALTER TABLE twice_1 ADD CONSTRAINT zzz FOREIGN KEY (a) REFERENCES twice_target;
ALTER TABLE twice_2 ADD CONSTRAINT "AAA" FOREIGN KEY (a) REFERENCES twice_target;
SELECT test.error('{"operations": [{"alter_column": {"table": "twice", "column": "a", "type": "text", "up": "a::text", "down": "a::int"}}]}');
CREATE VIEW twice_keys AS SELECT conrelid::regclass, conname, conparentid <> 0 AS is_part, conislocal, coninhcount, convalidated
	FROM pg_constraint WHERE conrelid::regclass::text ~ '^twice' AND contype = 'f';
CREATE TABLE keys_before AS TABLE twice_keys;
TABLE keys_before ORDER BY conrelid::text, conname;
SELECT pgroll_c.start_migration('90_big', '{"operations": [{"alter_column": {"table": "twice", "column": "a", "type": "bigint", "up": "a", "down": "a::int"}}]}');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
TABLE keys_before EXCEPT TABLE twice_keys;	-- no rows
TABLE twice_keys EXCEPT TABLE keys_before;	-- no rows
SELECT pgroll_c.start_migration('91_both', '{"operations": [{"alter_column": {"table": "twice_target", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}}]}');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
TABLE keys_before EXCEPT TABLE twice_keys;	-- no rows
TABLE twice_keys EXCEPT TABLE keys_before;	-- no rows

-- one that becomes a part of the table's while its column changes
CREATE TABLE taken (k int, a int) PARTITION BY RANGE (k);
CREATE TABLE taken_1 PARTITION OF taken FOR VALUES FROM (0) TO (10);
CREATE TABLE taken_2 PARTITION OF taken FOR VALUES FROM (10) TO (20);
ALTER TABLE taken_1 ADD CONSTRAINT own FOREIGN KEY (a) REFERENCES twice_target;
SELECT pgroll_c.start_migration('92_taken', '{"operations": [{"alter_column": {"table": "taken", "column": "a", "type": "integer", "up": "a", "down": "a"}}]}');
CALL pgroll_c.run_tasks();
ALTER TABLE taken ADD CONSTRAINT added FOREIGN KEY (a) REFERENCES twice_target;
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
SELECT conrelid::regclass, conname, conparentid <> 0 AS is_part FROM pg_constraint
	WHERE conrelid::regclass::text ~ '^taken' AND contype = 'f' ORDER BY 1, 2;

-- one that is made deferrable while its column, or the key that it references, changes
CREATE TABLE late_target (id int PRIMARY KEY);
CREATE TABLE late (k int, a int, b int) PARTITION BY RANGE (k);
CREATE TABLE late_1 PARTITION OF late FOR VALUES FROM (0) TO (10);
ALTER TABLE late ADD CONSTRAINT late_a FOREIGN KEY (a) REFERENCES late_target;
ALTER TABLE late ADD CONSTRAINT late_b FOREIGN KEY (b) REFERENCES twice_target;
SELECT pgroll_c.start_migration('93_late', '{"operations": [
	{"alter_column": {"table": "late_target", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}},
	{"alter_column": {"table": "late", "column": "a", "type": "bigint", "up": "a", "down": "a::int"}},
	{"alter_column": {"table": "late", "column": "b", "type": "bigint", "up": "b", "down": "b::int"}}]}');
CALL pgroll_c.run_tasks();
ALTER TABLE late ALTER CONSTRAINT late_a DEFERRABLE INITIALLY DEFERRED, ALTER CONSTRAINT late_b DEFERRABLE;
SELECT pgroll_c.complete_migration();
SELECT conrelid::regclass, conname, conparentid <> 0 AS is_part, condeferrable, condeferred FROM pg_constraint
	WHERE conrelid::regclass::text ~ '^late' AND contype = 'f' ORDER BY 1, 2;

\i test/include/teardown.sql
