-- A plan names all relations on which its phases need strong locks, also those
-- of other tables, which the server locks when a foreign key comes or goes.
CREATE EXTENSION pgroll_c;
CREATE TABLE company (id int PRIMARY KEY);
CREATE TABLE person (id int PRIMARY KEY, company int REFERENCES company, boss int REFERENCES person);
CREATE TABLE place (id int, kind int, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE place_1 PARTITION OF place FOR VALUES IN (1);
CREATE TABLE visit (id int PRIMARY KEY, person int REFERENCES person, company int NOT NULL REFERENCES company,
	place int, kind int, FOREIGN KEY (place, kind) REFERENCES place);
CREATE TABLE ware (id int, kind int, price int, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE ware_1 PARTITION OF ware FOR VALUES IN (1);
CREATE INDEX ware_price ON ware (price);
CREATE INDEX person_company ON person (company);
INSERT INTO company VALUES (1);
INSERT INTO person VALUES (1, 1), (2, 1);
INSERT INTO visit VALUES (1, 1, 1), (2, NULL, 1);
SELECT pgroll_c.baseline('01');

-- Tables of the base schema that this transaction has locked against readers or
-- writers, but that the plan does not name for the phase; indexes aside.
CREATE TEMP TABLE known AS SELECT oid, oid::regclass::text AS name FROM pg_class
	WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace;
CREATE FUNCTION pg_temp.not_in_plan(planned text[]) RETURNS TABLE (name text, mode text) LANGUAGE sql AS $$
	SELECT k.name, l.mode FROM pg_locks l JOIN known k ON k.oid = l.relation
	WHERE l.pid = pg_backend_pid() AND l.mode IN ('AccessExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'ShareLock')
		AND k.name || ' AccessExclusiveLock' <> ALL (planned) AND k.name || ' ' || l.mode <> ALL (planned)
	ORDER BY 1, 2;
$$;
CREATE FUNCTION pg_temp.planned(document jsonb, of_phase text) RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(regexp_replace(relation, '^public\.', '') || ' ' || lock_mode)
	FROM pgroll_c.plan_migration('02', document) WHERE phase = of_phase;
$$;

SET client_min_messages = warning;	-- on a slow machine it says how far it is
-- each document: start, roll back, start, complete; all are undone again
\set column_with_key '{"operations": [{"alter_column": {"table": "visit", "column": "company", "type": "bigint", "up": "company", "down": "company::int"}}]}'
\set part_of_key '{"operations": [{"alter_column": {"table": "visit", "column": "person", "nullable": false, "up": "coalesce(person, 1)"}}, {"drop_column": {"table": "visit", "column": "place"}}]}'
\set tables '{"operations": [{"drop_table": {"name": "visit"}}, {"drop_column": {"table": "person", "column": "company"}}, {"drop_table": {"name": "company"}}]}'
\set new_table '{"operations": [{"create_table": {"name": "guest", "columns": [{"name": "person", "type": "int", "references": {"name": "guest_person", "table": "person", "column": "id"}}]}}]}'

-- a column with a foreign key
BEGIN;
SELECT pg_temp.planned(:'column_with_key', 'start') AS planned \gset
SELECT pgroll_c.start_migration('02', :'column_with_key');
SELECT * FROM pg_temp.not_in_plan(:'planned'); -- no rows
ROLLBACK;
SELECT pgroll_c.start_migration('02', :'column_with_key');
CALL pgroll_c.wait_for_migration();
SELECT pg_temp.planned(:'column_with_key', 'rollback') AS planned \gset
BEGIN;
SELECT pgroll_c.rollback_migration();
SELECT * FROM pg_temp.not_in_plan(:'planned'); -- no rows
ROLLBACK;
SELECT pg_temp.planned(:'column_with_key', 'complete') AS planned \gset
BEGIN;
SELECT pgroll_c.complete_migration();
SELECT * FROM pg_temp.not_in_plan(:'planned'); -- no rows
ROLLBACK;
SELECT phase, lock_mode, relation, command FROM pgroll_c.plan_migration('02', :'column_with_key') WHERE step IS NULL;
SELECT pgroll_c.rollback_migration();

-- a key that is referenced, also by its own table
\set referenced '{"operations": [{"alter_column": {"table": "person", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}}]}'
SELECT lock_mode, relation FROM pgroll_c.plan_migration('02', :'referenced') WHERE phase = 'background' AND lock_mode = 'ShareRowExclusiveLock';
SELECT pgroll_c.start_migration('02', :'referenced');
CALL pgroll_c.wait_for_migration();
SELECT pg_temp.planned(:'referenced', 'rollback') AS planned \gset
BEGIN;
SELECT pgroll_c.rollback_migration();
SELECT * FROM pg_temp.not_in_plan(:'planned'); -- no rows
ROLLBACK;
SELECT pg_temp.planned(:'referenced', 'complete') AS planned \gset
BEGIN;
SELECT pgroll_c.complete_migration();
SELECT * FROM pg_temp.not_in_plan(:'planned'); -- no rows
ROLLBACK;
SELECT pgroll_c.rollback_migration();

-- a key of two columns to a partitioned table, and another
SELECT pgroll_c.start_migration('02', :'part_of_key');
CALL pgroll_c.wait_for_migration();
SELECT pg_temp.planned(:'part_of_key', 'complete') AS planned \gset
BEGIN;
SELECT pgroll_c.complete_migration();
SELECT * FROM pg_temp.not_in_plan(:'planned'); -- no rows
ROLLBACK;
SELECT pgroll_c.rollback_migration();

-- tables that reference one another, in an order in which they can be dropped
SELECT pgroll_c.start_migration('02', :'tables');
SELECT pg_temp.planned(:'tables', 'complete') AS planned \gset
BEGIN;
SELECT pgroll_c.complete_migration();
SELECT * FROM pg_temp.not_in_plan(:'planned'); -- no rows
SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1;
ROLLBACK;
SELECT pgroll_c.rollback_migration();
-- and in the other
SELECT pgroll_c.validate_migration('02', '{"operations": [{"drop_table": {"name": "company"}}, {"drop_table": {"name": "visit"}}]}'); -- fails

-- a new table with a foreign key
SELECT pgroll_c.start_migration('02', :'new_table');
SELECT pg_temp.planned(:'new_table', 'rollback') AS planned \gset
BEGIN;
SELECT pgroll_c.rollback_migration();
SELECT * FROM pg_temp.not_in_plan(:'planned'); -- no rows
ROLLBACK;
SELECT pgroll_c.complete_migration();

-- indexes, of a partitioned table, too, and the replica identity
\set indexes '{"operations": [{"create_index": {"table": "person", "name": "person_boss", "columns": ["boss"]}}, {"drop_index": {"name": "person_company"}}, {"create_index": {"table": "ware", "name": "ware_both", "columns": ["id", "price"]}}, {"drop_index": {"name": "ware_price"}}, {"set_replica_identity": {"table": "visit", "identity": {"type": "full"}}}]}'
CREATE FUNCTION pg_temp.planned_now(document jsonb, of_phase text) RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(regexp_replace(relation, '^public\.', '') || ' ' || lock_mode)
	FROM pgroll_c.plan_migration('03', document) WHERE phase = of_phase;
$$;
SELECT pg_temp.planned_now(:'indexes', 'start') AS planned \gset
BEGIN;
SELECT pgroll_c.start_migration('03', :'indexes');
SELECT * FROM pg_temp.not_in_plan(:'planned'); -- no rows
ROLLBACK;
SELECT pgroll_c.start_migration('03', :'indexes');
CALL pgroll_c.wait_for_migration();
SELECT pg_temp.planned_now(:'indexes', 'rollback') AS planned \gset
BEGIN;
SELECT pgroll_c.rollback_migration();
SELECT * FROM pg_temp.not_in_plan(:'planned'); -- no rows
ROLLBACK;
SELECT pg_temp.planned_now(:'indexes', 'complete') AS planned \gset
BEGIN;
SELECT pgroll_c.complete_migration();
SELECT * FROM pg_temp.not_in_plan(:'planned'); -- no rows
ROLLBACK;
SELECT pgroll_c.rollback_migration();
