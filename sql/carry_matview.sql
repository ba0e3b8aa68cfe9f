-- A materialized view of a changed column: made and filled in the background, put into
-- the old one's place at completion.
CREATE EXTENSION pgroll_c;
CREATE ROLE regress_mv_owner;
CREATE ROLE regress_mv_reader;
CREATE ROLE regress_mv_other;
GRANT regress_mv_other TO regress_mv_owner;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_mv_owner;
CREATE SCHEMA app AUTHORIZATION regress_mv_owner;
CREATE SCHEMA elsewhere AUTHORIZATION regress_mv_owner;
GRANT USAGE, CREATE ON SCHEMA app, elsewhere TO regress_mv_other;
SET ROLE regress_mv_owner;
SET search_path = app;
SET client_min_messages = warning;
\set SHOW_CONTEXT never

CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b text);
CREATE TABLE u (a int, x int);
INSERT INTO t SELECT g, g % 10, 'b' || g FROM generate_series(1, 30) g;
INSERT INTO u SELECT g, -g FROM generate_series(1, 5) g;
GRANT SELECT ON t TO regress_mv_other;

-- one with all that can hang on it
CREATE MATERIALIZED VIEW "M 1" (k, a, "n o") WITH (fillfactor = 70, toast.autovacuum_enabled = off) AS
	SELECT id, a, b FROM t WHERE a > 5;
CREATE UNIQUE INDEX "M 1_k" ON "M 1" (k) INCLUDE (a);
CREATE INDEX m1_e ON "M 1" ((a + 1), lower("n o") text_pattern_ops) WITH (fillfactor = 60) WHERE a > 6;
COMMENT ON INDEX m1_e IS 'an expression';
ALTER INDEX m1_e ALTER COLUMN 1 SET STATISTICS 77;
ALTER INDEX m1_e RENAME TO "m1 e";
ALTER MATERIALIZED VIEW "M 1" CLUSTER ON "M 1_k";
ALTER MATERIALIZED VIEW "M 1" ALTER "n o" SET STORAGE EXTERNAL, ALTER a SET STATISTICS 33,
	ALTER a SET (n_distinct = 5);
CREATE STATISTICS elsewhere.m1_s (ndistinct) ON k, a FROM "M 1";
COMMENT ON STATISTICS elsewhere.m1_s IS 'of two';
ALTER STATISTICS elsewhere.m1_s SET STATISTICS 44;
COMMENT ON MATERIALIZED VIEW "M 1" IS 'it''s one';
COMMENT ON COLUMN "M 1"."n o" IS 'a column';
GRANT SELECT ON "M 1" TO regress_mv_reader WITH GRANT OPTION;
GRANT SELECT ("n o") ON "M 1" TO PUBLIC;
-- of another role, elsewhere, over views, and what reads it
CREATE VIEW v WITH (security_barrier) AS SELECT id, b, a * 2 AS twice FROM t;
CREATE VIEW in_place AS SELECT id, b FROM t WHERE a > 3;
CREATE VIEW above AS SELECT id FROM in_place;
GRANT SELECT ON v, above TO regress_mv_other;
CREATE MATERIALIZED VIEW elsewhere.of_view AS SELECT id, twice, row_to_json(v) AS whole FROM v;
ALTER MATERIALIZED VIEW elsewhere.of_view OWNER TO regress_mv_other;
CREATE MATERIALIZED VIEW of_above AS SELECT id FROM above;
CREATE MATERIALIZED VIEW of_m1 AS SELECT a + 1 AS a1, sum(k) FROM "M 1" GROUP BY 1;
CREATE VIEW reads_m1 AS SELECT a, "n o" FROM "M 1";
CREATE VIEW keeps_m1 AS SELECT "n o" FROM "M 1";
CREATE MATERIALIZED VIEW empty AS SELECT a FROM t WITH NO DATA;
CREATE MATERIALIZED VIEW joined AS SELECT * FROM t JOIN u USING (a);
CREATE MATERIALIZED VIEW aliased AS SELECT j.a, j.b, j.x FROM (t AS one NATURAL JOIN u) AS j ORDER BY 1;
CREATE MATERIALIZED VIEW whole AS SELECT t.a, to_jsonb(t) AS row FROM t;
CREATE MATERIALIZED VIEW grouped AS SELECT t.id, b, upper(b) AS upper, t.a + 1 AS next, count(u.*) AS n, abs(x) AS size,
	(SELECT max(x) FROM u WHERE u.a = t.a) AS top
	FROM t LEFT JOIN u ON u.a = t.a GROUP BY t.id, abs(x) HAVING length(b) > 1 ORDER BY t.a, b DESC;
CREATE MATERIALIZED VIEW nested AS
	WITH c AS (SELECT a, count(*) AS n FROM t GROUP BY a)
	SELECT u.x, (SELECT max(t.id) FROM t WHERE t.a = u.a) AS top, c.n FROM u LEFT JOIN c ON c.a = u.a
	UNION ALL SELECT a, a, a FROM t WHERE a IN (SELECT a FROM u);
CREATE MATERIALIZED VIEW untouched AS SELECT id, b FROM t;

-- everything that is to be the same after as before
CREATE VIEW kept AS
	SELECT c.oid::regclass::text AS name, attname, format_type(atttypid, atttypmod), attstattarget, attstorage,
		(SELECT array_agg(o) FROM unnest(attoptions) o WHERE o !~ 'pg_') AS options, attacl::text, col_description(c.oid, attnum),
		CASE WHEN attnum = 1 THEN concat_ws(' ', relkind, relowner::regrole, relacl::text, reloptions::text, relispopulated,
			obj_description(c.oid, 'pg_class'), pg_get_viewdef(c.oid), (SELECT reloptions FROM pg_class t WHERE t.oid = c.reltoastrelid),
			(SELECT string_agg(concat_ws(' ', pg_get_indexdef(indexrelid), indisclustered, obj_description(indexrelid, 'pg_class'),
				(SELECT string_agg(concat_ws(' ', ia.attname, ia.attstattarget), ', ' ORDER BY ia.attnum) FROM pg_attribute ia WHERE ia.attrelid = indexrelid)), '; ' ORDER BY indexrelid::regclass::text)
				FROM pg_index WHERE indrelid = c.oid),
			(SELECT string_agg(concat_ws(' ', pg_get_statisticsobjdef(s.oid), stxstattarget, stxowner::regrole, obj_description(s.oid, 'pg_statistic_ext')), '; ')
				FROM pg_statistic_ext s WHERE stxrelid = c.oid)) END AS rest
	FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0
	WHERE relnamespace IN ('app'::regnamespace, 'elsewhere'::regnamespace) AND relkind IN ('m', 'v') AND relname <> 'kept';
CREATE TABLE was AS SELECT * FROM kept;

SELECT pgroll_c.baseline('01', 'app');
SELECT '{"operations": [
	{"alter_column": {"table": "t", "column": "a", "type": "bigint", "up": "a", "down": "a::int"}}
]}' AS document \gset
SELECT relation, regexp_replace(part, ' AS SELECT.*', ' AS SELECT …') AS part
	FROM pgroll_c.plan_migration('02', :'document', 'app'), regexp_split_to_table(command, '; ') WITH ORDINALITY AS p (part, n)
	WHERE background AND relation ~ 'M 1|of_above' ORDER BY step, n;
-- before the worker begins
BEGIN;
SELECT pgroll_c.start_migration('02', :'document', 'app');
SELECT relation, task FROM pgroll_c.progress ORDER BY task_id;
COMMIT;
CALL pgroll_c.run_tasks('app');
SELECT state FROM pgroll_c.status('app');
-- the old one is as it was; a new one has no query to keep the tables busy with
SELECT count(*), max(a) FROM "M 1";
SELECT pg_get_viewdef(oid) FROM pg_class WHERE relname ~ '^_pgroll_c_.*M 1$';
SELECT relname FROM pg_class WHERE relkind = 'v' AND relname ~ '^_pgroll';	-- no rows

-- a REFRESH reaches the new one, in the background
INSERT INTO app_02.t VALUES (100, 99, 'new');
BEGIN;
REFRESH MATERIALIZED VIEW "M 1";
REFRESH MATERIALIZED VIEW empty;
REFRESH MATERIALIZED VIEW empty;
SELECT state, tasks_open FROM pgroll_c.status('app');
SAVEPOINT refreshed;
SELECT pgroll_c.complete_migration('app');	-- fails
ROLLBACK TO refreshed;
COMMIT;
CALL pgroll_c.run_tasks('app');
-- … so does what is made or changed meanwhile
CREATE INDEX late ON "M 1" (a);
COMMENT ON COLUMN "M 1".a IS 'said later';
GRANT SELECT ON "M 1" TO regress_mv_other;
ALTER MATERIALIZED VIEW empty OWNER TO regress_mv_other;
CREATE MATERIALIZED VIEW later AS SELECT max(a) FROM t;
CALL pgroll_c.run_tasks('app');
DELETE FROM t WHERE id = 100;
SELECT pgroll_c.complete_migration('app');
SELECT relowner::regrole FROM pg_class WHERE oid = 'empty'::regclass;
ALTER MATERIALIZED VIEW empty OWNER TO regress_mv_owner;
DROP INDEX late;
COMMENT ON COLUMN "M 1".a IS NULL;
REVOKE SELECT ON "M 1" FROM regress_mv_other;
SELECT * FROM later;
SELECT count(*), max(a) FROM "M 1";
SELECT count(*), max(a) FROM app_02."M 1";
SELECT count(*), max(a) FROM empty;
REFRESH MATERIALIZED VIEW empty WITH NO DATA;

-- only types have changed
SELECT w.name, w.attname, w.format_type, k.format_type FROM was w FULL JOIN kept k USING (name, attname)
	WHERE w.format_type IS DISTINCT FROM k.format_type ORDER BY 1, 2;
SELECT name, attname, key, w.value, k.value
	FROM was JOIN kept USING (name, attname), jsonb_each(to_jsonb(was)) w JOIN jsonb_each(to_jsonb(kept)) k USING (key)
	WHERE key <> 'format_type' AND w.value <> k.value;	-- no rows
SELECT relname FROM pg_class WHERE relname ~ '^_pgroll';	-- no rows
-- the rows are those of the new columns
SELECT count(*) FROM joined;
SELECT * FROM joined EXCEPT SELECT a, id, b, x FROM t JOIN u USING (a);	-- no rows
SELECT * FROM aliased EXCEPT SELECT a, b, x FROM t NATURAL JOIN u;	-- no rows
SELECT id, twice, pg_typeof(twice), whole FROM elsewhere.of_view WHERE id < 3 ORDER BY id;
SELECT count(*), sum(n), max(top), max(x) FROM nested;
SELECT * FROM grouped WHERE id IN (3, 7) ORDER BY id;
SELECT count(*), sum(n) FROM grouped;
SELECT * FROM whole WHERE row->>'id' = '7';
SELECT count(*) FROM of_above;
SELECT * FROM of_m1 ORDER BY a1;
REFRESH MATERIALIZED VIEW CONCURRENTLY "M 1";
REFRESH MATERIALIZED VIEW of_m1;
REFRESH MATERIALIZED VIEW elsewhere.of_view;

-- where no type changes the values are the new ones all the same; rolled back first
SELECT '{"operations": [
	{"alter_column": {"table": "t", "column": "b", "nullable": false, "up": "upper(b)", "down": "b"}}
]}' AS document \gset
SELECT pgroll_c.start_migration('03', :'document', 'app');
CALL pgroll_c.run_tasks('app');
SELECT count(*) FROM pg_class WHERE relname ~ '^_pgroll_c_' AND relkind = 'm';
SELECT pgroll_c.rollback_migration('app');
SELECT relname FROM pg_class WHERE relname ~ '^_pgroll';	-- no rows
SELECT pgroll_c.start_migration('03', :'document', 'app');
CALL pgroll_c.run_tasks('app');
SELECT min("n o") FROM "M 1";
SELECT pgroll_c.complete_migration('app');
SELECT min("n o") FROM "M 1";
SELECT min(whole->>'b') FROM elsewhere.of_view;
SELECT name, attname, key, w.value, k.value
	FROM was JOIN kept USING (name, attname), jsonb_each(to_jsonb(was)) w JOIN jsonb_each(to_jsonb(kept)) k USING (key)
	WHERE key <> 'format_type' AND name !~ 'M 1' AND w.value <> k.value;	-- no rows

-- those that stand beside are nobody's: a REFRESH of one of them is made good
SELECT '{"operations": [
	{"alter_column": {"table": "t", "column": "a", "type": "bigint", "up": "a + 1", "down": "a - 1"}}
]}' AS document \gset
CREATE DOMAIN given AS int NOT NULL;
CREATE MATERIALIZED VIEW with_domain AS SELECT id::given, a FROM t;
CREATE UNIQUE INDEX with_domain_id ON with_domain (id);
CREATE FUNCTION on_made(matview text, command text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	name name := (SELECT relname FROM pg_class WHERE relname ~ ('^_pgroll_c_.*_' || matview || '$') AND relkind = 'm');
BEGIN
	EXECUTE format(command, name);
EXCEPTION WHEN OTHERS THEN
	RAISE NOTICE '%: %', sqlstate, regexp_replace(sqlerrm, '_pgroll_c_\d+_[0-9a-f]+', '…');
END $$;
SET client_min_messages = notice;
SELECT pgroll_c.start_migration('04', :'document', 'app');
CALL pgroll_c.run_tasks('app');
BEGIN;
SELECT on_made('with_domain', 'REFRESH MATERIALIZED VIEW CONCURRENTLY %I');
SELECT on_made('nested', 'REFRESH MATERIALIZED VIEW %I');
SELECT state, tasks_open FROM pgroll_c.status('app');
COMMIT;
CALL pgroll_c.run_tasks('app');
SELECT on_made('with_domain', 'ALTER MATERIALIZED VIEW %I RENAME TO x');
SELECT on_made('with_domain', 'ALTER TABLE %I RENAME TO x');
SELECT on_made('with_domain', 'ALTER MATERIALIZED VIEW %I RENAME id TO x');
SELECT on_made('with_domain', 'ALTER MATERIALIZED VIEW %I SET SCHEMA elsewhere');
SELECT on_made('with_domain', 'ALTER MATERIALIZED VIEW %I OWNER TO regress_mv_other');
SELECT on_made('with_domain', 'DROP MATERIALIZED VIEW %I');
CREATE MATERIALIZED VIEW elsewhere.moved AS SELECT a FROM t;
CREATE MATERIALIZED VIEW elsewhere.gone AS SELECT a FROM t;
CALL pgroll_c.run_tasks('app');
ALTER MATERIALIZED VIEW elsewhere.moved SET SCHEMA app;
DROP MATERIALIZED VIEW elsewhere.gone;
SELECT pgroll_c.complete_migration('app');	-- fails
SELECT pgroll_c.retry_migration('app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT count(*), min(a) FROM with_domain;
SELECT count(*) FROM nested;
SELECT relname FROM pg_class WHERE relname ~ '^_pgroll';	-- no rows
SET client_min_messages = warning;

-- a row that is no row of the new form: told by the task, mended, tried again
CREATE UNIQUE INDEX ON untouched (b);
SELECT pgroll_c.start_migration('05', '{"operations": [
	{"alter_column": {"table": "t", "column": "b", "type": "text", "up": "left(b, 2)", "down": "b"}}
]}', 'app');
CALL pgroll_c.run_tasks('app');	-- fails
SELECT state FROM pgroll_c.status('app');
DROP INDEX untouched_b_idx;
SELECT pgroll_c.retry_migration('app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.rollback_migration('app');

-- one that reads another without rows, and one whose owner may read some columns
CREATE MATERIALIZED VIEW without_rows AS SELECT id, a FROM t;
CREATE VIEW of_without_rows AS SELECT a + 1 AS a FROM without_rows;
CREATE MATERIALIZED VIEW with_rows AS SELECT w.a, o.a AS next FROM without_rows w JOIN of_without_rows o ON o.a = w.a + 1;
REFRESH MATERIALIZED VIEW without_rows WITH NO DATA;
REVOKE SELECT ON t FROM regress_mv_reader;
GRANT SELECT (id, a) ON t TO regress_mv_reader;
GRANT CREATE, USAGE ON SCHEMA app TO regress_mv_reader;
RESET ROLE;
SET ROLE regress_mv_reader;
CREATE MATERIALIZED VIEW of_some_columns AS SELECT x.a, y.id FROM t x JOIN t y USING (id);
RESET ROLE;
GRANT regress_mv_reader TO regress_mv_owner;
SET ROLE regress_mv_owner;
SELECT pgroll_c.start_migration('05', '{"operations": [
	{"alter_column": {"table": "t", "column": "a", "type": "bigint", "up": "a + 100", "down": "a - 100"}}
]}', 'app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT count(*), min(a), min(next) FROM with_rows;
SELECT count(*), min(a) FROM of_some_columns;
SELECT matviewname, ispopulated FROM pg_matviews WHERE matviewname IN ('with_rows', 'without_rows') ORDER BY 1;
DROP MATERIALIZED VIEW without_rows, of_some_columns CASCADE;
RESET ROLE;
REVOKE regress_mv_reader FROM regress_mv_owner;
REVOKE SELECT (id, a) ON t FROM regress_mv_reader;
REVOKE ALL ON SCHEMA app FROM regress_mv_reader;
SET ROLE regress_mv_owner;

-- what can't be carried is refused at the start
SELECT '{"operations": [
	{"alter_column": {"table": "t", "column": "a", "type": "int", "up": "a", "down": "a"}}
]}' AS document \gset
CREATE TABLE of_rows (x "M 1");
SELECT pgroll_c.validate_migration('06', :'document', 'app');	-- fails
DROP TABLE of_rows;
ALTER TABLE t ADD COLUMN j json;
CREATE MATERIALIZED VIEW ungrouped AS SELECT j, a FROM t GROUP BY id;
SELECT pgroll_c.validate_migration('06', :'document', 'app');	-- fails
DROP MATERIALIZED VIEW ungrouped;
ALTER TABLE t DROP COLUMN j;
CREATE MATERIALIZED VIEW physical AS SELECT a, xmin::text AS version FROM t;
SELECT pgroll_c.validate_migration('06', :'document', 'app');	-- fails
DROP MATERIALIZED VIEW physical;
CREATE MATERIALIZED VIEW sampled AS SELECT a FROM t TABLESAMPLE SYSTEM (50);
SELECT pgroll_c.validate_migration('06', :'document', 'app');	-- fails
DROP MATERIALIZED VIEW sampled;
CREATE VIEW listed AS SELECT * FROM t AS x (c, d, e);
SELECT pgroll_c.validate_migration('06', :'document', 'app');	-- fails
DROP VIEW listed;
CREATE INDEX of_bits ON "M 1" ((a & 1));
SELECT pgroll_c.start_migration('06', '{"operations": [
	{"alter_column": {"table": "t", "column": "a", "type": "numeric", "up": "a", "down": "a::int"}}
]}', 'app');	-- fails
DROP INDEX of_bits;
RESET ROLE;
ALTER MATERIALIZED VIEW of_m1 OWNER TO regress_mv_reader;
SET ROLE regress_mv_owner;
SELECT pgroll_c.validate_migration('06', :'document', 'app');	-- fails
RESET ROLE;
ALTER MATERIALIZED VIEW of_m1 OWNER TO regress_mv_owner;
DROP SCHEMA app_05 CASCADE;
DROP SCHEMA app, elsewhere CASCADE;
DROP OWNED BY regress_mv_owner, regress_mv_reader, regress_mv_other;
DROP ROLE regress_mv_owner, regress_mv_reader, regress_mv_other;
