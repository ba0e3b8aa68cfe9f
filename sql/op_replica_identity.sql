-- set_replica_identity: set at the start for both versions, put back by a rollback,
-- and what subscribers are sent of an update meanwhile.
\i test/include/setup.sql
SET client_min_messages = warning;

CREATE TABLE item (
	id int PRIMARY KEY,
	code text NOT NULL,
	a int NOT NULL,
	b int
);
CREATE UNIQUE INDEX item_code ON item (code);
CREATE UNIQUE INDEX "Item a" ON item (a) INCLUDE (b);
CREATE UNIQUE INDEX item_b ON item (b);
CREATE UNIQUE INDEX item_partial ON item (a) WHERE a > 0;
CREATE UNIQUE INDEX item_expression ON item ((a + 1));
CREATE INDEX item_plain ON item (a);
ALTER TABLE item ADD CONSTRAINT item_later UNIQUE (a, code) DEFERRABLE;
CREATE TABLE other (id int PRIMARY KEY);
INSERT INTO item VALUES (1, 'one', 10, 100);
SELECT pgroll_c.baseline('01_base');

CREATE FUNCTION test_identity(type text, index text DEFAULT '', name text DEFAULT 'item') RETURNS jsonb LANGUAGE sql
	RETURN test.migration(jsonb_build_object('set_replica_identity', jsonb_build_object('table', name,
		'identity', jsonb_build_object('type', type, 'index', index))));
CREATE FUNCTION identity_of(name regclass) RETURNS text LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT concat_ws(' ', relreplident, (SELECT indexrelid::regclass FROM pg_index
			WHERE indrelid = c.oid AND indisreplident)) FROM pg_class c WHERE c.oid = name;
	END;

--
-- each type, from each: a rollback puts back what there was
--
SELECT phase, operation, lock_mode, relation, background, command
	FROM pgroll_c.plan_migration('02', test_identity('FULL')) WHERE command !~ 'VIEW|SCHEMA';
CALL test.remember();
SELECT pgroll_c.start_migration('02', test_identity('FULL'));
SELECT state, identity_of('item') FROM pgroll_c.status();
SELECT phase, operation, lock_mode, relation, background, command
	FROM pgroll_c.plan_migration('02', test_identity('FULL')) WHERE command !~ 'VIEW|SCHEMA';
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
ALTER TABLE item REPLICA IDENTITY USING INDEX "Item a";
CALL test.remember();
SELECT pgroll_c.start_migration('02', test_identity('Nothing'));
SELECT state, identity_of('item') FROM pgroll_c.status();
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
-- the index is called otherwise since, and another one as it was
SELECT pgroll_c.start_migration('02', test_identity('full'));
ALTER INDEX "Item a" RENAME TO item_renamed;
ALTER INDEX item_plain RENAME TO "Item a";
SELECT pgroll_c.rollback_migration();
SELECT identity_of('item');
ALTER INDEX "Item a" RENAME TO item_plain;
ALTER INDEX item_renamed RENAME TO "Item a";
SELECT * FROM test.changes(); -- no rows
-- it is made anew
SELECT pgroll_c.start_migration('02', test_identity('full'));
DROP INDEX "Item a";
CREATE UNIQUE INDEX "Item a" ON item (a) INCLUDE (b);
SELECT pgroll_c.rollback_migration();
SELECT identity_of('item');
-- it is gone or can't be the identity any more: no error, nor none at all
SELECT pgroll_c.start_migration('02', test_identity('full'));
DROP INDEX "Item a";
CREATE UNIQUE INDEX "Item a" ON item (a) WHERE b > 0;
\set VERBOSITY default
SELECT pgroll_c.rollback_migration();
\set VERBOSITY terse
SELECT identity_of('item');
DROP INDEX "Item a";
CREATE UNIQUE INDEX "Item a" ON item (a) INCLUDE (b);
ALTER TABLE item REPLICA IDENTITY USING INDEX "Item a";
SELECT pgroll_c.start_migration('02', test_identity('full'));
ALTER TABLE item ALTER a DROP NOT NULL;
SELECT pgroll_c.rollback_migration();
SELECT identity_of('item');
ALTER TABLE item ALTER a SET NOT NULL, REPLICA IDENTITY USING INDEX "Item a";
-- as it was already: nothing to do
SELECT pgroll_c.start_migration('02', test_identity('full'));
ALTER TABLE item REPLICA IDENTITY USING INDEX "Item a";
SELECT phase, command FROM pgroll_c.plan_migration('02', test_identity('full')) WHERE command ~ 'IDENTITY';
SELECT pgroll_c.rollback_migration();
SELECT identity_of('item');
CALL test.remember();
-- twice in one migration: the last one stays, the first one's is put back
SELECT pgroll_c.start_migration('02', test.migration(
	'{"set_replica_identity": {"table": "item", "identity": {"type": "full"}}}',
	'{"rename_table": {"from": "item", "to": "thing"}}',
	'{"set_replica_identity": {"table": "thing", "identity": {"type": "Index", "index": "item_code"}}}',
	'{"set_replica_identity": {"table": "other", "identity": {"type": "full"}}}'));
SELECT identity_of('item'), identity_of('other');
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
CALL pgroll_c.migrate('02', test_identity('index', 'item_code'));
SELECT identity_of('item');
CALL pgroll_c.migrate('03', test_identity('default'));
SELECT identity_of('item');

--
-- among other operations
--
-- the old identity's index is dropped by the same migration
CALL pgroll_c.migrate('04', test_identity('index', 'Item a'));
CALL test.remember();
\set migration '{"operations": [{"set_replica_identity": {"table": "item", "identity": {"type": "index", "index": "item_code"}}}, {"drop_index": {"name": "Item a"}}]}'
SELECT pgroll_c.start_migration('05', :'migration');
SELECT identity_of('item');
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
CALL pgroll_c.migrate('05', :'migration');
SELECT identity_of('item'), to_regclass('"Item a"');
-- by an index that the migration makes: at the completion
\set migration '{"operations": [{"create_index": {"table": "item", "name": "item_ac", "columns": ["a", "code"], "unique": true}}, {"set_replica_identity": {"table": "item", "identity": {"type": "index", "index": "item_ac"}}}]}'
SELECT phase, operation, lock_mode, relation, background, command
	FROM pgroll_c.plan_migration('06', :'migration') WHERE command !~ 'VIEW|SCHEMA';
CALL test.remember();
SELECT pgroll_c.start_migration('06', :'migration');
CALL pgroll_c.wait_for_migration();
SELECT identity_of('item');
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
CALL pgroll_c.migrate('06', :'migration');
SELECT identity_of('item');
RESET ROLE;
SELECT * FROM pgroll_c.replica_identity; -- no rows: what was noted goes with each migration
SET ROLE regress_owner;
-- what somebody else sets meanwhile stays
SELECT pgroll_c.start_migration('07', test_identity('full'));
ALTER TABLE item REPLICA IDENTITY NOTHING;
SELECT pgroll_c.rollback_migration();
SELECT identity_of('item');
-- a column of the index gets another type: the identity stays the index of that name
\set migration '{"operations": [{"set_replica_identity": {"table": "item", "identity": {"type": "index", "index": "item_code"}}}, {"alter_column": {"table": "item", "column": "code", "type": "varchar(9)", "up": "upper(code)", "down": "lower(code)"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('07', :'migration');
CALL pgroll_c.wait_for_migration();
SELECT identity_of('item');
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
CALL pgroll_c.migrate('07', :'migration');
SELECT identity_of('item'), pg_get_indexdef('item_code'::regclass);
-- a table that the migration creates
CALL pgroll_c.migrate('08', '{"operations": [{"create_table": {"name": "fresh", "columns": [{"name": "id", "type": "int", "pk": true}, {"name": "a", "type": "int"}]}}, {"create_index": {"table": "fresh", "name": "fresh_a", "columns": ["a"], "unique": true}}, {"set_replica_identity": {"table": "fresh", "identity": {"type": "index", "index": "fresh_a"}}}]}');
SELECT identity_of('fresh');

--
-- what subscribers are sent
--
RESET ROLE;
CREATE PUBLICATION p FOR TABLE item WITH (publish = 'insert, update, delete');
SELECT 'slot' FROM pg_create_logical_replication_slot('regress_identity', 'test_decoding');
CREATE FUNCTION sent() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
	AS $$ SELECT data FROM pg_logical_slot_get_changes('regress_identity', NULL, NULL, 'skip-empty-xacts', '1', 'include-xids', '0')
		WHERE data ~ 'table public.item' $$;
GRANT EXECUTE ON FUNCTION sent() TO regress_owner;
SET ROLE regress_owner;
UPDATE public_08.item SET code = 'TWO';
SELECT * FROM sent();
SELECT pgroll_c.start_migration('09', test_identity('full'));
UPDATE public_08.item SET code = 'THREE';
UPDATE public_09.item SET code = 'FOUR';
SELECT * FROM sent();
SELECT pgroll_c.rollback_migration();
UPDATE public_08.item SET code = 'FIVE';
SELECT * FROM sent();
CALL pgroll_c.migrate('09', test_identity('index', 'item_ac'));
UPDATE public_09.item SET a = 11;
SELECT * FROM sent();
RESET ROLE;
SELECT pg_drop_replication_slot('regress_identity');
SET ROLE regress_owner;

--
-- what is refused
--
SELECT test.error(test_identity('index'));
SELECT test.error(test_identity('full', 'item_code'));
SELECT test.error(test_identity('key'));
SELECT test.error('{"operations": [{"set_replica_identity": {"table": "item", "identity": {"index": "item_code"}}}]}');
SELECT test.error('{"operations": [{"set_replica_identity": {"table": "item", "identity": "full"}}]}');
SELECT test.error('{"operations": [{"set_replica_identity": {"table": "item", "identity": {"type": "full", "columns": []}}}]}');
SELECT test.error(test_identity('full', name => 'nothing'));
SELECT test.error(test_identity('index', 'item_none'));
SELECT test.error(test_identity('index', 'other_pkey'));
SELECT test.error(test_identity('index', 'item_b'));
SELECT test.error(test_identity('index', 'item_partial'));
SELECT test.error(test_identity('index', 'item_expression'));
SELECT test.error(test_identity('index', 'item_plain'));
SELECT test.error(test_identity('index', 'item_later'));
SELECT test.error(test.migration('{"drop_index": {"name": "item_plain"}}', '{"set_replica_identity": {"table": "item", "identity": {"type": "index", "index": "item_plain"}}}'));
SELECT test.error(test.migration('{"alter_column": {"table": "item", "column": "b", "nullable": false, "up": "0"}}', '{"set_replica_identity": {"table": "item", "identity": {"type": "index", "index": "item_b"}}}'));
SELECT test.error(test.migration('{"set_replica_identity": {"table": "item", "identity": {"type": "index", "index": "item_code"}}}', '{"drop_index": {"name": "item_code"}}'));
SELECT test.error(test.migration('{"create_index": {"table": "item", "name": "i", "columns": ["a"], "unique": true, "predicate": "a > 1"}}', '{"set_replica_identity": {"table": "item", "identity": {"type": "index", "index": "i"}}}'));
-- what an identity needs stays
SELECT test.error(test.migration('{"alter_column": {"table": "item", "column": "code", "nullable": true}}'));
SELECT test.error(test.migration('{"set_replica_identity": {"table": "item", "identity": {"type": "full"}}}', '{"alter_column": {"table": "item", "column": "code", "nullable": true}}'));
SELECT test.error(test.migration('{"alter_column": {"table": "other", "column": "id", "nullable": true, "down": "0"}}'));

-- … also from a constraint or column that is dropped, unless another is set
CALL pgroll_c.migrate('10', test_identity('default'));
ALTER TABLE item ADD CONSTRAINT item_key UNIQUE (a, code);
ALTER TABLE other REPLICA IDENTITY USING INDEX other_pkey; -- nobody publishes it
\set drop '{"drop_multicolumn_constraint": {"table": "item", "name": "item_key", "down": {"a": "a", "code": "code"}}}'
\set full '{"set_replica_identity": {"table": "item", "identity": {"type": "full"}}}'
SELECT test.error(test.migration('{"drop_constraint": {"table": "other", "name": "other_pkey"}}'));
SELECT test.error(test.migration('{"drop_constraint": {"table": "item", "name": "item_pkey"}}'));
SELECT test.error(test.migration('{"rename_column": {"table": "item", "from": "id", "to": "key"}}', '{"drop_column": {"table": "item", "column": "key", "down": "a"}}'));
SELECT test.error(test.migration('{"alter_column": {"table": "item", "column": "id", "type": "bigint", "up": "id", "down": "id"}}', '{"drop_column": {"table": "item", "column": "id"}}'));
SELECT test.error(test.migration('{"set_replica_identity": {"table": "item", "identity": {"type": "index", "index": "item_key"}}}', :'drop'));
SELECT test.error(test.migration(:'drop')); -- it is not the identity
SELECT test.error(test.migration('{"drop_constraint": {"table": "item", "name": "item_pkey"}}', :'full'));
SELECT test.error(test.migration('{"drop_constraint": {"table": "item", "name": "item_pkey"}}', '{"create_constraint": {"table": "item", "name": "item_pk", "type": "primary_key", "columns": ["code"], "up": {"code": "code"}, "down": {"code": "code"}}}'));
SELECT test.error(test.migration('{"drop_table": {"name": "item"}}'));
-- of a partition, too: its own, and its part of the table's
CREATE TABLE part (k int NOT NULL, n int NOT NULL, CONSTRAINT part_key UNIQUE (k, n)) PARTITION BY LIST (k);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
CREATE UNIQUE INDEX part_1_n ON part_1 (n);
ALTER TABLE part_1 REPLICA IDENTITY USING INDEX part_1_n;
SELECT test.error(test.migration('{"drop_column": {"table": "part", "column": "n", "down": "0"}}'));
ALTER TABLE part_1 REPLICA IDENTITY USING INDEX part_1_k_n_key;
SELECT test.error(test.migration('{"drop_multicolumn_constraint": {"table": "part", "name": "part_key", "down": {"k": "k", "n": "n"}}}'));
-- what became an identity since the start
SELECT pgroll_c.start_migration('11', test.migration(:'drop'));
ALTER TABLE item REPLICA IDENTITY USING INDEX item_key;
SELECT pgroll_c.complete_migration(); -- fails
ALTER TABLE item REPLICA IDENTITY FULL;
SELECT pgroll_c.complete_migration();
