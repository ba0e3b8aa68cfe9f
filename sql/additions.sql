-- What others add to a migration's tables while it is active, each by itself.
\i test/include/setup.sql
SET client_min_messages = warning;

CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL UNIQUE);
INSERT INTO t SELECT i, i FROM generate_series(1, 5) i;
CREATE TABLE aside (id int PRIMARY KEY, n int);
CREATE TABLE p (id int, k int, n int NOT NULL, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p_2 PARTITION OF p FOR VALUES IN (2);
INSERT INTO p SELECT i, 1 + i % 2, i FROM generate_series(1, 5) i;
CREATE UNIQUE INDEX p_nk ON p (n, k);
CREATE UNIQUE INDEX p_nki ON p (n, k, id);
ALTER TABLE p ADD CONSTRAINT p_kn UNIQUE (k, n);
-- of a partitioned table, not for all partitions yet
CREATE INDEX p_some ON ONLY p (n);
CREATE INDEX p_1_some ON p_1 (n);
ALTER INDEX p_some ATTACH PARTITION p_1_some;
CREATE UNIQUE INDEX p_unique ON ONLY p (k, id, n);
CREATE UNIQUE INDEX p_2_unique ON p_2 (k, id, n);
ALTER INDEX p_unique ATTACH PARTITION p_2_unique;
CREATE INDEX p_none ON ONLY p (n, id);
SELECT pgroll_c.baseline('01');
\set migration '{"operations": [{"alter_column": {"table": "t", "column": "n", "type": "bigint", "up": "n", "down": "n::int"}}, {"alter_column": {"table": "p", "column": "n", "type": "bigint", "up": "n", "down": "n::int"}}]}'
SELECT pgroll_c.start_migration('02', :'migration');
CALL pgroll_c.wait_for_migration();
CREATE FUNCTION pg_temp.after(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE command;
	RETURN (SELECT state FROM pgroll_c.status()) || coalesce((SELECT ', ' || string_agg(task || ' of ' || relation, ', ')
		FROM pgroll_c.progress), '');
END $$;

-- what concerns it begins it again, until that is carried over; the version stays the newest
SELECT pg_temp.after('CREATE INDEX t_new ON t (n)');
SELECT pgroll_c.latest_version();
CALL pgroll_c.wait_for_migration();
SELECT pg_temp.after('ALTER TABLE t ADD CONSTRAINT t_check CHECK (n > 0)');
CALL pgroll_c.wait_for_migration();
SELECT pg_temp.after('CREATE STATISTICS t_stats ON id, n FROM t');
CALL pgroll_c.wait_for_migration();
SELECT pg_temp.after('CREATE TABLE refers (n int REFERENCES t (n))');
CALL pgroll_c.wait_for_migration();
SELECT pg_temp.after('ALTER TABLE aside ADD CONSTRAINT aside_n FOREIGN KEY (n) REFERENCES t (n)');
CALL pgroll_c.wait_for_migration();
SELECT pg_temp.after('CREATE SCHEMA inner_one CREATE TABLE refers (n int REFERENCES public.t (n))');
CALL pgroll_c.wait_for_migration();
SELECT pg_temp.after('CREATE MATERIALIZED VIEW mv AS SELECT n FROM t');
CALL pgroll_c.wait_for_migration();
SELECT pg_temp.after('CREATE INDEX mv_n ON mv (n)');
CALL pgroll_c.wait_for_migration();
SELECT pg_temp.after('CREATE TABLE p_3 PARTITION OF p FOR VALUES IN (3)');
CALL pgroll_c.wait_for_migration();
SELECT pg_temp.after('CREATE TABLE p_4 (LIKE p); ALTER TABLE p ATTACH PARTITION p_4 FOR VALUES IN (4)');
CALL pgroll_c.wait_for_migration();
-- what does not, does not
SELECT pg_temp.after('CREATE TABLE other (id int PRIMARY KEY); CREATE INDEX ON other (id); CREATE SCHEMA inner_two');
SELECT pg_temp.after('CREATE MATERIALIZED VIEW other_mv AS SELECT id FROM other');
SELECT pg_temp.after('CREATE VIEW other_v AS SELECT n FROM t');
SELECT pg_temp.after('ALTER TABLE t ALTER id SET STATISTICS 10');

-- names of the migration's are refused
\set VERBOSITY default
CREATE INDEX "_pgroll_c_2_x" ON t (n);
ALTER TABLE t ADD CONSTRAINT "_pgroll_c_2_x" CHECK (n > -1);
CREATE STATISTICS "_pgroll_c_2_x" ON n, id FROM t;
\set VERBOSITY terse
-- what is renamed needs not be made again
SELECT pg_temp.after('ALTER INDEX t_new RENAME TO t_newer');
SELECT pg_temp.after('ALTER TABLE p_nki RENAME TO "p n"');
SELECT pg_temp.after('ALTER TABLE t RENAME CONSTRAINT t_n_key TO t_unique');
SELECT pg_temp.after('ALTER TABLE t RENAME CONSTRAINT t_check TO "t checked"');
SELECT pg_temp.after('ALTER TABLE refers RENAME CONSTRAINT refers_n_fkey TO refers_t');
-- the unique indexes and keys of partitioned tables go with what stands for them
DROP INDEX p_nk;
ALTER TABLE p DROP CONSTRAINT p_kn;
SELECT count(*) FROM pg_class WHERE relname ~ '_pgroll_c_\d+_[0-9a-f]+_p_(nk|kn)';
-- a copy has nothing of the migration
CREATE TABLE copied (LIKE p INCLUDING ALL) PARTITION BY LIST (k);
CREATE TABLE copied_1 PARTITION OF copied DEFAULT;
INSERT INTO copied VALUES (1, 1, 1);
SELECT attname FROM pg_attribute WHERE attrelid IN ('copied'::regclass, 'copied_1'::regclass) AND attname ~ 'pgroll';

CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();
SELECT indrelid::regclass, pg_get_indexdef(indexrelid), indisvalid,
		(SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = indexrelid) AS of
	FROM pg_index WHERE indrelid::regclass::text ~ '^(t|p|p_.|mv)$' ORDER BY indrelid::regclass::text COLLATE "C", 2;
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
	WHERE confrelid = 't'::regclass OR conname = 't checked' ORDER BY conrelid::regclass::text, conname;
SELECT stxname FROM pg_statistic_ext ORDER BY 1;
SELECT count(*), pg_typeof(max(n)) FROM mv;
SELECT relname FROM pg_class WHERE relname ~ '^_pgroll'; -- no rows

RESET ROLE;
DROP SCHEMA inner_one, inner_two CASCADE;
\i test/include/teardown.sql
