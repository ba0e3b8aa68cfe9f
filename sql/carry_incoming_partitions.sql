-- Foreign keys that reference a partitioned table whose key changes: its new index is
-- made of the partitions' before the completion, so that they can reference it.
\i test/include/setup.sql
\i test/include/partition_tree.sql
SET client_min_messages = warning;

SELECT format($$
	CREATE TABLE %1$s.part (lot int, no %2$s, name text, of_lot int, of_no %2$s, CONSTRAINT part_key PRIMARY KEY (lot, no)) PARTITION BY RANGE (lot);
	CREATE TABLE %1$s.part_low PARTITION OF %1$s.part FOR VALUES FROM (0) TO (10);
	CREATE TABLE %1$s.part_high PARTITION OF %1$s.part FOR VALUES FROM (10) TO (20) PARTITION BY LIST (lot);
	CREATE TABLE %1$s."Part 10" PARTITION OF %1$s.part_high FOR VALUES IN (10);
	-- its columns have other numbers
	CREATE TABLE %1$s.part_11 (of_no %2$s, gone int, name text, no %2$s NOT NULL, lot int NOT NULL, of_lot int);
	ALTER TABLE %1$s.part_11 DROP gone;
	ALTER TABLE %1$s.part_high ATTACH PARTITION %1$s.part_11 FOR VALUES IN (11);
	CREATE UNIQUE INDEX part_name ON %1$s.part (no, name, lot);
	ALTER TABLE %1$s.part ADD CONSTRAINT part_of FOREIGN KEY (of_lot, of_no) REFERENCES %1$s.part;
	CREATE TABLE %1$s.stock (lot int, no int, CONSTRAINT stock_part FOREIGN KEY (lot, no) REFERENCES %1$s.part ON UPDATE CASCADE ON DELETE CASCADE);
	CREATE TABLE %1$s.named (lot int, no int, name text, CONSTRAINT named_part FOREIGN KEY (name, lot, no) REFERENCES %1$s.part (name, lot, no) DEFERRABLE);
	CREATE TABLE %1$s.sale (id int, lot int, no int, CONSTRAINT sale_part FOREIGN KEY (lot, no) REFERENCES %1$s.part) PARTITION BY RANGE (id);
	CREATE TABLE %1$s.sale_1 PARTITION OF %1$s.sale FOR VALUES FROM (0) TO (10);
	CREATE TABLE %1$s.later (lot int, no int);
	-- of the partitions themselves
	CREATE TABLE %1$s.low (lot int, no int, FOREIGN KEY (lot, no) REFERENCES %1$s.part_low);
	CREATE TABLE %1$s.high (lot int, no int, FOREIGN KEY (lot, no) REFERENCES %1$s.part_high);
	COMMENT ON CONSTRAINT part_key ON %1$s.part IS 'the key';
	COMMENT ON CONSTRAINT part_low_pkey ON %1$s.part_low IS 'of the low ones';
	COMMENT ON CONSTRAINT stock_part ON %1$s.stock IS 'what is there';
	INSERT INTO %1$s.part SELECT i %% 12, i, 'n' || i, i %% 12, i FROM generate_series(1, 50) i;
	INSERT INTO %1$s.stock SELECT lot, no FROM %1$s.part;
	INSERT INTO %1$s.named SELECT lot, no, name FROM %1$s.part;
	INSERT INTO %1$s.sale SELECT no %% 10, lot, no FROM %1$s.part$$, schema, type)
	FROM (VALUES ('public', 'int'), ('plain', 'bigint')) s (schema, type) \gexec
-- the server has named a foreign key's parts for the partitions; they keep their names
DO $$
DECLARE
	t regclass;
	names text[];
BEGIN
	FOREACH t IN ARRAY ARRAY['stock', 'plain.stock']::regclass[] LOOP
		names := ARRAY(SELECT conname FROM pg_constraint WHERE conrelid = t AND conparentid <> 0 ORDER BY conname);
		EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO swapped', t, names[1]);
		EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', t, names[2], names[1]);
		EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT swapped TO %I', t, names[2]);
	END LOOP;
END $$;
SELECT pgroll_c.baseline('01_base');
\set migration '{"operations": [{"alter_column": {"table": "part", "column": "no", "type": "bigint", "up": "no", "down": "no::int"}}, {"alter_column": {"table": "part", "column": "of_no", "type": "bigint", "up": "of_no", "down": "of_no::int"}}]}'
SELECT phase, lock_mode, relation, command FROM pgroll_c.plan_migration('02_no', :'migration')
	WHERE phase <> 'start' AND command ~ 'INDEX|KEY|pg_constraint|stock';

CALL test.remember();
SELECT pgroll_c.start_migration('02_no', :'migration');
CALL pgroll_c.wait_for_migration();
SELECT conname, confrelid::regclass, convalidated FROM pg_constraint
	WHERE conrelid = 'stock'::regclass AND conparentid = 0 ORDER BY conname COLLATE "C";
\set VERBOSITY sqlstate
INSERT INTO public_02_no.stock VALUES (1, 2); -- fails
DELETE FROM public_02_no.part WHERE no = 12; -- fails
UPDATE public_02_no.part SET of_no = 99 WHERE no = 12; -- fails
\set VERBOSITY terse
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows

-- partitions come: before anything is built, and when all is there; and a foreign key
BEGIN;
SELECT pgroll_c.start_migration('02_no', :'migration');
CREATE TABLE part_soon PARTITION OF part FOR VALUES FROM (20) TO (30);
COMMIT;
CALL pgroll_c.wait_for_migration();
BEGIN;
CREATE TABLE part_late PARTITION OF part FOR VALUES FROM (30) TO (40);
CREATE TABLE part_last (LIKE part);
ALTER TABLE part ATTACH PARTITION part_last FOR VALUES FROM (40) TO (50);
COMMIT;
CALL pgroll_c.wait_for_migration();
ALTER TABLE later ADD CONSTRAINT later_part FOREIGN KEY (lot, no) REFERENCES part;
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();

CREATE TABLE plain.part_soon PARTITION OF plain.part FOR VALUES FROM (20) TO (30);
CREATE TABLE plain.part_late PARTITION OF plain.part FOR VALUES FROM (30) TO (40);
CREATE TABLE plain.part_last (LIKE plain.part);
ALTER TABLE plain.part ATTACH PARTITION plain.part_last FOR VALUES FROM (40) TO (50);
ALTER TABLE plain.later ADD CONSTRAINT later_part FOREIGN KEY (lot, no) REFERENCES plain.part;
-- but for the names that the server has chosen for partitions which came meanwhile
SELECT * FROM tree_differences() WHERE tree_differences !~ '(named|stock)\.\w+ .*REFERENCES part_la'; -- no rows
SELECT confrelid::regclass, convalidated, conindid::regclass FROM pg_constraint
	WHERE contype = 'f' AND conrelid = 'stock'::regclass ORDER BY confrelid::regclass::text COLLATE "C";
\set VERBOSITY sqlstate
INSERT INTO stock VALUES (1, 2); -- fails
DELETE FROM part WHERE no = 12; -- fails
INSERT INTO high VALUES (1, 1); -- fails
UPDATE named SET name = 'x' WHERE no = 1; -- fails

\i test/include/teardown.sql
