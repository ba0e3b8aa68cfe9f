-- New unique indexes and keys of partitioned tables are whole before the completion, so
-- that ON CONFLICT finds them; what comes and goes meanwhile, and what partitions have of
-- their own.
\i test/include/setup.sql
\i test/include/partition_tree.sql
SET client_min_messages = warning;
-- while a migration is active: the parts of its indexes, attached or not
CREATE FUNCTION parts(label text) RETURNS TABLE ("table" name, index text, of text, valid boolean) LANGUAGE sql AS $$
	SELECT t.relname, regexp_replace(i.relname, '_pgroll_c_\d+_[0-9a-f]+n_', '~'), regexp_replace(w.relname, '_pgroll_c_\d+_[0-9a-f]+n_', '~'), indisvalid
	FROM pg_index JOIN pg_class i ON i.oid = indexrelid JOIN pg_class t ON t.oid = indrelid
		LEFT JOIN pg_inherits ON inhrelid = indexrelid LEFT JOIN pg_class w ON w.oid = inhparent
	WHERE t.relnamespace = 'public'::regnamespace AND t.relname LIKE label || '%' ORDER BY 1, 2
$$;

SELECT format($$
	CREATE TABLE %1$s.item (id int NOT NULL, k int NOT NULL, name text, price int) PARTITION BY RANGE (k);
	CREATE TABLE %1$s.item_low PARTITION OF %1$s.item FOR VALUES FROM (0) TO (10);
	CREATE TABLE %1$s.item_high PARTITION OF %1$s.item FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);
	CREATE TABLE %1$s."Item odd" PARTITION OF %1$s.item_high FOR VALUES IN (1, 3);
	-- its columns have other numbers
	CREATE TABLE %1$s.item_even (price int, gone int, name text, k int NOT NULL, id int NOT NULL);
	ALTER TABLE %1$s.item_even DROP gone;
	ALTER TABLE %1$s.item_high ATTACH PARTITION %1$s.item_even FOR VALUES IN (0, 2);
	INSERT INTO %1$s.item SELECT i %% 4, i %% 20, 'n' || i, i FROM generate_series(1, 20) i$$, schema)
	FROM (VALUES ('public'), ('plain')) s (schema) \gexec
SELECT pgroll_c.baseline('01_base');

--
-- ON CONFLICT, by an index, by keys, by keys of columns that are new or change
--
\set migration '{"operations": [{"create_index": {"table": "item", "name": "item_once", "columns": ["k", {"column": "id", "sort": "DESC"}, "price"], "unique": true, "predicate": "price > 0"}}, {"rename_column": {"table": "item", "from": "k", "to": "kind"}}, {"create_constraint": {"table": "item", "name": "item_pk", "type": "primary_key", "columns": ["kind", "id"], "up": {"kind": "kind", "id": "id"}, "down": {"kind": "kind", "id": "id"}}}, {"create_constraint": {"table": "item", "name": "item_name", "type": "unique", "columns": ["id", "kind", "name"], "up": {"kind": "kind", "id": "id", "name": "upper(name)"}, "down": {"kind": "kind", "id": "id", "name": "lower(name)"}}}, {"rename_constraint": {"table": "item", "from": "item_name", "to": "item_names"}}, {"create_index": {"table": "item", "name": "item_lower", "columns": ["name"]}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('02_keys', :'migration');
INSERT INTO public_02_keys.item (id, kind) VALUES (0, 1), (1, 1) ON CONFLICT (kind, id) DO NOTHING; -- fails
CALL pgroll_c.wait_for_migration();
SELECT * FROM parts('item');
INSERT INTO public_02_keys.item VALUES (1, 1, 'x', 7), (1, 2, 'x', 7), (3, 11, 'x', 7), (0, 0, 'x', 7)
	ON CONFLICT (kind, id) DO UPDATE SET price = excluded.price + 100 RETURNING id, kind, name, price;
INSERT INTO public_02_keys.item VALUES (1, 1, 'x', 107), (2, 10, 'x', 10)
	ON CONFLICT (kind, id, price) WHERE price > 0 DO UPDATE SET name = 'again' RETURNING id, kind, name, price;
INSERT INTO public_02_keys.item VALUES (1, 1, 'again', 7), (0, 12, 'N12', 7)
	ON CONFLICT (name, kind, id) DO UPDATE SET price = -1 RETURNING id, kind, name, price;
INSERT INTO public_01_base.item VALUES (1, 1, 'old', 7) ON CONFLICT (id, k) DO NOTHING RETURNING id;
INSERT INTO public_01_base.item VALUES (1, 1, 'old', 7); -- fails
DELETE FROM item WHERE (id, k) = (1, 2);
-- nobody else takes them away
SELECT format('DROP INDEX %s', indexrelid::regclass) FROM pg_index WHERE indrelid = 'item'::regclass AND indisunique ORDER BY 1 LIMIT 1 \gset
SELECT test.error_of(:'format');
SELECT pgroll_c.rollback_migration();
SELECT * FROM parts('item');
SELECT * FROM test.changes() WHERE change !~ 'rows';
SELECT pgroll_c.start_migration('02_keys', :'migration');
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();
UPDATE plain.item SET name = upper(name);
CREATE UNIQUE INDEX item_once ON plain.item (k, id DESC, price) WHERE price > 0;
ALTER TABLE plain.item RENAME k TO kind;
ALTER TABLE plain.item ADD CONSTRAINT item_pk PRIMARY KEY (kind, id);
ALTER TABLE plain.item ADD CONSTRAINT item_names UNIQUE (id, kind, name);
CREATE INDEX item_lower ON plain.item (name);
SELECT * FROM tree_differences(); -- no rows

--
-- partitions that come and go meanwhile
--
SELECT format($$
	CREATE TABLE %1$s.log (at int NOT NULL, id int, note text) PARTITION BY RANGE (at);
	CREATE TABLE %1$s.log_1 PARTITION OF %1$s.log FOR VALUES FROM (0) TO (10);
	CREATE TABLE %1$s.log_2 PARTITION OF %1$s.log FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (at);
	CREATE TABLE %1$s.log_2_1 PARTITION OF %1$s.log_2 FOR VALUES FROM (10) TO (15);
	-- its own are no parts of the new ones, its key is
	CREATE TABLE %1$s.log_0 PARTITION OF %1$s.log (CONSTRAINT log_0_own UNIQUE (at)) FOR VALUES FROM (-10) TO (0);
	CREATE UNIQUE INDEX log_0_note ON %1$s.log_0 (at, note);
	INSERT INTO %1$s.log SELECT i, i, 'n' || i FROM generate_series(-10, 14) i$$, schema)
	FROM (VALUES ('public'), ('plain')) s (schema) \gexec
\set migration '{"operations": [{"create_constraint": {"table": "log", "name": "log_at", "type": "unique", "columns": ["at"], "up": {"at": "at"}, "down": {"at": "at"}}}, {"create_index": {"table": "log", "name": "log_note", "columns": ["at", "note"], "unique": true}}]}'
CREATE FUNCTION come_and_go(schema text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format($x$
	CREATE TABLE %1$s.log_3 PARTITION OF %1$s.log FOR VALUES FROM (20) TO (30);
	CREATE TABLE %1$s.log_4 (note text, id int, at int NOT NULL);
	INSERT INTO %1$s.log_4 VALUES ('n30', 30, 30);
	ALTER TABLE %1$s.log ATTACH PARTITION %1$s.log_4 FOR VALUES FROM (30) TO (40);
	-- equal indexes and keys of its own
	CREATE TABLE %1$s.log_5 (at int NOT NULL, id int, note text, CONSTRAINT log_5_at_idx UNIQUE (at));
	CREATE UNIQUE INDEX log_5_note ON %1$s.log_5 (at, note);
	ALTER TABLE %1$s.log ATTACH PARTITION %1$s.log_5 FOR VALUES FROM (40) TO (50);
	-- an index that is no key
	CREATE TABLE %1$s.log_6 (at int NOT NULL, id int, note text) PARTITION BY RANGE (at);
	CREATE UNIQUE INDEX log_6_own ON %1$s.log_6 (at);
	CREATE TABLE %1$s.log_6_1 PARTITION OF %1$s.log_6 FOR VALUES FROM (50) TO (55);
	ALTER TABLE %1$s.log ATTACH PARTITION %1$s.log_6 FOR VALUES FROM (50) TO (60);
	CREATE TABLE %1$s.log_6_2 PARTITION OF %1$s.log_6 FOR VALUES FROM (55) TO (60);
	-- a key that comes after that
	CREATE TABLE %1$s.log_7 PARTITION OF %1$s.log (CONSTRAINT log_7_own UNIQUE (at)) FOR VALUES FROM (60) TO (70);
	ALTER TABLE %1$s.log DETACH PARTITION %1$s.log_1;
	ALTER TABLE %1$s.log DETACH PARTITION %1$s.log_2;
	ALTER TABLE %1$s.log ATTACH PARTITION %1$s.log_1 FOR VALUES FROM (0) TO (10);
	DROP TABLE %1$s.log_0$x$, schema);
END $$;
SELECT pgroll_c.start_migration('03_late', :'migration');
CALL pgroll_c.wait_for_migration();
SELECT * FROM parts('log');
SELECT come_and_go('public');
SELECT * FROM parts('log');
INSERT INTO public_03_late.log SELECT i, -i, 'x' FROM generate_series(0, 60, 10) i WHERE i <> 10 ON CONFLICT (at) DO NOTHING RETURNING *;
CALL pgroll_c.wait_for_migration();
SELECT * FROM parts('log_6');
INSERT INTO public_03_late.log SELECT i, -i, 'x' FROM generate_series(0, 60, 10) i WHERE i <> 10 ON CONFLICT (at, note) DO NOTHING RETURNING *;
INSERT INTO public_03_late.log SELECT i, -i, 'x' FROM generate_series(0, 60, 10) i WHERE i <> 10 ON CONFLICT (at) DO NOTHING RETURNING *;
-- one that would not fit
CREATE TABLE log_8 (at int NOT NULL, id int, note text);
INSERT INTO log_8 VALUES (70, 1, 'twice'), (70, 2, 'twice');
ALTER TABLE log ATTACH PARTITION log_8 FOR VALUES FROM (70) TO (80); -- fails
DROP TABLE log_8;
SELECT pgroll_c.rollback_migration();
SELECT come_and_go('plain');
INSERT INTO plain.log SELECT i, -i, 'x' FROM generate_series(20, 60, 10) i WHERE i <> 30;
SELECT * FROM tree_differences(); -- no rows
SELECT * FROM parts('log');
-- the same, and completed
SELECT format($$DROP TABLE %1$s.log, %1$s.log_2;
	CREATE TABLE %1$s.log (at int NOT NULL, id int, note text) PARTITION BY RANGE (at);
	CREATE TABLE %1$s.log_1 PARTITION OF %1$s.log FOR VALUES FROM (0) TO (10);
	CREATE TABLE %1$s.log_2 PARTITION OF %1$s.log FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (at);
	CREATE TABLE %1$s.log_2_1 PARTITION OF %1$s.log_2 FOR VALUES FROM (10) TO (15);
	CREATE TABLE %1$s.log_0 PARTITION OF %1$s.log (CONSTRAINT log_0_own UNIQUE (at)) FOR VALUES FROM (-10) TO (0);
	CREATE TABLE %1$s.log_9 PARTITION OF %1$s.log (CONSTRAINT log_9_own UNIQUE (at)) FOR VALUES FROM (90) TO (100)$$, schema)
	FROM (VALUES ('public'), ('plain')) s (schema) \gexec
SELECT pgroll_c.start_migration('04_late', :'migration');
CALL pgroll_c.wait_for_migration();
SELECT come_and_go('public');
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();
SELECT come_and_go('plain');
ALTER TABLE plain.log ADD CONSTRAINT log_at UNIQUE (at);
CREATE UNIQUE INDEX log_note ON plain.log (at, note);
SELECT * FROM tree_differences(); -- no rows
SELECT "table", index, of, key FROM index_tree WHERE schema = 'public' AND "table" ~ 'log' ORDER BY 1, 2;
\i test/include/teardown.sql
