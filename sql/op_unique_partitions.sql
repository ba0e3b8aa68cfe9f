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
CREATE TABLE item_new PARTITION OF item FOR VALUES FROM (20) TO (30);
INSERT INTO public_02_keys.item VALUES (1, 20, 'X', 1), (2, 20, 'X', 2);
INSERT INTO public_02_keys.item VALUES (1, 20, 'X', 1) ON CONFLICT (name, kind, id) DO UPDATE SET price = 2;
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();
CREATE TABLE plain.item_new PARTITION OF plain.item FOR VALUES FROM (20) TO (30);
INSERT INTO plain.item VALUES (1, 20, 'X', 2), (2, 20, 'X', 2);
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
	-- a copy is without what the migration has made
	CREATE TABLE %1$s.log_8 (LIKE %1$s.log INCLUDING ALL);
	ALTER TABLE %1$s.log ATTACH PARTITION %1$s.log_8 FOR VALUES FROM (70) TO (80);
	CREATE TABLE %1$s.log_copy (LIKE %1$s.log_5 INCLUDING ALL);
	ALTER TABLE %1$s.log DETACH PARTITION %1$s.log_1;
	ALTER TABLE %1$s.log DETACH PARTITION %1$s.log_2;
	ALTER TABLE %1$s.log ATTACH PARTITION %1$s.log_1 FOR VALUES FROM (0) TO (10);
	DROP TABLE %1$s.log_0$x$, schema);
END $$;
SELECT pgroll_c.start_migration('03_late', :'migration');
CALL pgroll_c.wait_for_migration();
SELECT * FROM parts('log');
BEGIN;
SELECT come_and_go('public');
SELECT * FROM parts('log');
COMMIT;
INSERT INTO public_03_late.log SELECT i, -i, 'x' FROM generate_series(0, 60, 10) i WHERE i <> 10 ON CONFLICT (at) DO NOTHING RETURNING *;
CALL pgroll_c.wait_for_migration();
SELECT * FROM parts('log_6');
INSERT INTO public_03_late.log SELECT i, -i, 'x' FROM generate_series(0, 60, 10) i WHERE i <> 10 ON CONFLICT (at, note) DO NOTHING RETURNING *;
INSERT INTO public_03_late.log SELECT i, -i, 'x' FROM generate_series(0, 60, 10) i WHERE i <> 10 ON CONFLICT (at) DO NOTHING RETURNING *;
-- one that would not fit
CREATE TABLE log_9 (at int NOT NULL, id int, note text);
INSERT INTO log_9 VALUES (90, 1, 'twice'), (90, 2, 'twice');
ALTER TABLE log ATTACH PARTITION log_9 FOR VALUES FROM (90) TO (100); -- fails
DROP TABLE log_9;
ALTER TABLE log DETACH PARTITION log_3 CONCURRENTLY;
SELECT * FROM parts('log_3');
ALTER TABLE log DETACH PARTITION log_6 CONCURRENTLY;
SELECT * FROM parts('log_6');
SELECT pgroll_c.rollback_migration();
SELECT come_and_go('plain');
INSERT INTO plain.log SELECT i, -i, 'x' FROM generate_series(20, 60, 10) i WHERE i <> 30;
ALTER TABLE plain.log DETACH PARTITION plain.log_3 CONCURRENTLY;
ALTER TABLE plain.log DETACH PARTITION plain.log_6 CONCURRENTLY;
SELECT * FROM tree_differences(); -- no rows
SELECT * FROM parts('log');
-- the same, and completed
SELECT format($$DROP TABLE %1$s.log, %1$s.log_2, %1$s.log_3, %1$s.log_6, %1$s.log_copy;
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

--
-- a primary key, of partitions that have one already, or get it, or another key
--
SELECT format($$
	CREATE TABLE %1$s.bill (id int NOT NULL, no int) PARTITION BY RANGE (id);
	CREATE TABLE %1$s.bill_1 PARTITION OF %1$s.bill (PRIMARY KEY (id)) FOR VALUES FROM (0) TO (10);
	CREATE TABLE %1$s.bill_2 PARTITION OF %1$s.bill FOR VALUES FROM (10) TO (20);
	CREATE TABLE %1$s.bill_3 PARTITION OF %1$s.bill FOR VALUES FROM (20) TO (30)$$, schema)
	FROM (VALUES ('public'), ('plain')) s (schema) \gexec
CREATE FUNCTION keys_come(schema text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format($x$
	ALTER TABLE %1$s.bill_2 ADD CONSTRAINT late PRIMARY KEY (id);
	CREATE TABLE %1$s.bill_4 PARTITION OF %1$s.bill (CONSTRAINT own PRIMARY KEY (id)) FOR VALUES FROM (30) TO (40);
	CREATE TABLE %1$s.bill_5 (no int, id int PRIMARY KEY);
	ALTER TABLE %1$s.bill ATTACH PARTITION %1$s.bill_5 FOR VALUES FROM (40) TO (50);
	CREATE TABLE %1$s.bill_6 (no int, id int PRIMARY KEY) PARTITION BY RANGE (id);
	CREATE TABLE %1$s.bill_6_1 PARTITION OF %1$s.bill_6 FOR VALUES FROM (50) TO (55);
	ALTER TABLE %1$s.bill ATTACH PARTITION %1$s.bill_6 FOR VALUES FROM (50) TO (60)$x$, schema);
END $$;
\set migration '{"operations": [{"create_constraint": {"table": "bill", "name": "bill_pk", "type": "primary_key", "columns": ["id"], "up": {"id": "id"}, "down": {"id": "id"}}}]}'
SELECT pgroll_c.start_migration('05_primary', :'migration');
CALL pgroll_c.wait_for_migration();
BEGIN;
SELECT keys_come('public');
SELECT * FROM parts('bill');
COMMIT;
INSERT INTO public_05_primary.bill SELECT i, 1 FROM generate_series(0, 50, 10) i;
INSERT INTO public_05_primary.bill SELECT i, 2 FROM generate_series(0, 50, 10) i ON CONFLICT (id) DO UPDATE SET no = excluded.no;
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.rollback_migration();
SELECT keys_come('plain');
INSERT INTO plain.bill SELECT i, 2 FROM generate_series(0, 50, 10) i;
SELECT * FROM tree_differences(); -- no rows
SELECT format('ALTER TABLE %s.bill_2 DROP CONSTRAINT late; DROP TABLE %1$s.bill_4, %1$s.bill_5, %1$s.bill_6', schema)
	FROM (VALUES ('public'), ('plain')) s (schema) \gexec
SELECT pgroll_c.start_migration('06_primary', :'migration');
CALL pgroll_c.wait_for_migration();
SELECT keys_come('public');
CALL pgroll_c.wait_for_migration();
-- nobody drops what is a part by now
SELECT test.error_of('ALTER TABLE bill_1 DROP CONSTRAINT bill_1_pkey');
SELECT phase, relation, regexp_replace(command, '_pgroll_c_\d+_[0-9a-f]+n_', '~', 'g') AS command
	FROM pgroll_c.plan_migration('06_primary', :'migration') WHERE command ~ 'INDEX|KEY' AND phase IN ('complete', 'rollback');
SELECT pgroll_c.complete_migration();
SELECT keys_come('plain');
ALTER TABLE plain.bill ADD CONSTRAINT bill_pk PRIMARY KEY (id);
SELECT * FROM tree_differences(); -- no rows
-- one of another kind stays what it is
CREATE TABLE note (id int NOT NULL) PARTITION BY RANGE (id);
SELECT pgroll_c.start_migration('07_other', test.migration('{"rename_column": {"table": "note", "from": "id", "to": "number"}}', '{"create_constraint": {"table": "note", "name": "note_pk", "type": "primary_key", "columns": ["number"], "up": {"number": "number"}, "down": {"number": "number"}}}'));
CALL pgroll_c.wait_for_migration();
CREATE TABLE note_1 (id int NOT NULL UNIQUE);
-- the columns of its index and of the whole's are called otherwise
CREATE TABLE note_2 (no int PRIMARY KEY);
ALTER TABLE note_2 RENAME no TO id;
BEGIN;
ALTER TABLE note ATTACH PARTITION note_1 FOR VALUES FROM (0) TO (10);
ALTER TABLE note ATTACH PARTITION note_2 FOR VALUES FROM (10) TO (20);
SELECT * FROM parts('note');
COMMIT;
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();
SELECT "table", index, of, columns, key FROM index_tree WHERE schema = 'public' AND "table" ~ 'note' ORDER BY 1, 2;
-- the parts that the server makes are known also where an event trigger has commands of its own
RESET ROLE;
CREATE FUNCTION busy() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN CREATE TEMP TABLE busy (a int); DROP TABLE busy; END $$;
CREATE EVENT TRIGGER a_busy ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION busy();
CREATE EVENT TRIGGER z_busy ON ddl_command_start WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION busy();
GRANT EXECUTE ON FUNCTION busy() TO regress_owner;
SET ROLE regress_owner;
CREATE TABLE busy_table (a int) PARTITION BY RANGE (a);
SELECT pgroll_c.start_migration('08_busy', test.migration('{"create_index": {"table": "busy_table", "name": "busy_a", "columns": ["a"], "unique": true}}'));
CALL pgroll_c.wait_for_migration();
CREATE TABLE busy_1 (a int);
ALTER TABLE busy_table ATTACH PARTITION busy_1 FOR VALUES FROM (0) TO (10);
SELECT * FROM parts('busy');
SELECT pgroll_c.rollback_migration();
SELECT * FROM parts('busy');
RESET ROLE;
DROP EVENT TRIGGER a_busy;
DROP EVENT TRIGGER z_busy;
SET ROLE regress_owner;
-- what could not be built is not given to somebody's index, which would not be valid
INSERT INTO busy_table VALUES (1), (1);
SELECT pgroll_c.start_migration('08_twice', test.migration('{"create_index": {"table": "busy_table", "name": "busy_a", "columns": ["a"], "unique": true}}'));
CALL pgroll_c.wait_for_migration(); -- fails
CREATE UNIQUE INDEX busy_own ON busy_table (a); -- fails
SELECT pgroll_c.rollback_migration();
SELECT * FROM parts('busy');
-- a partition's key that is not valid is no part
TRUNCATE busy_table;
CREATE TABLE busy_2 (a int) PARTITION BY RANGE (a);
CREATE TABLE busy_2_1 PARTITION OF busy_2 FOR VALUES FROM (10) TO (20);
ALTER TABLE ONLY busy_2 ADD CONSTRAINT busy_2_own UNIQUE (a);
ALTER TABLE busy_table ATTACH PARTITION busy_2 FOR VALUES FROM (10) TO (20);
CALL pgroll_c.migrate('08_invalid', test.migration('{"create_constraint": {"table": "busy_table", "name": "busy_key", "type": "unique", "columns": ["a"], "up": {"a": "a"}, "down": {"a": "a"}}}'));
SELECT * FROM parts('busy');
-- one with another primary key is told before the completion
CREATE TABLE first (a int NOT NULL, b int) PARTITION BY RANGE (a);
SELECT pgroll_c.start_migration('08_first', test.migration('{"create_constraint": {"table": "first", "name": "first_key", "type": "primary_key", "columns": ["a"], "up": {"a": "a"}, "down": {"a": "a"}}}'));
CALL pgroll_c.wait_for_migration();
CREATE TABLE first_1 (a int NOT NULL, b int PRIMARY KEY);
ALTER TABLE first ATTACH PARTITION first_1 FOR VALUES FROM (0) TO (10);
CALL pgroll_c.wait_for_migration(); -- fails
SELECT last_error FROM pgroll_c.status();
ALTER TABLE first_1 DROP CONSTRAINT first_1_pkey;
SELECT pgroll_c.retry_migration();
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();
SELECT "table", index, of, key FROM index_tree WHERE schema = 'public' AND "table" ~ 'first' ORDER BY 1, 2;
-- copies of another table's are left alone
CREATE TABLE other (a int, b int);
CREATE UNIQUE INDEX other_own ON other (a);
SELECT pgroll_c.start_migration('08_copy', test.migration('{"create_index": {"table": "other", "name": "other_a", "columns": ["a"], "unique": true}}', '{"create_index": {"table": "other", "name": "other_b", "columns": ["b"]}}'));
CALL pgroll_c.wait_for_migration();
CREATE TABLE copy (LIKE other INCLUDING ALL);
CREATE TABLE like_that (a int, b int);
CREATE INDEX ON like_that (b);
CREATE TABLE copy_of_that (LIKE like_that INCLUDING ALL);
SELECT "table", index FROM index_tree WHERE schema = 'public' AND "table" ~ 'copy|that' ORDER BY 1, 2;
SELECT pgroll_c.rollback_migration();
\i test/include/teardown.sql
