-- A partition that is detached from a table in flight is what it was before the
-- migration, with the old version's values; the rest of the table goes on.
CREATE EXTENSION pgroll_c;
SET client_min_messages = warning;
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TABLE owner (id int PRIMARY KEY);
INSERT INTO owner SELECT generate_series(1, 100);
CREATE SCHEMA plain;
CREATE SCHEMA kept;

-- Two of the kind: one is migrated.
CREATE PROCEDURE kept.make_log() LANGUAGE plpgsql AS $$ BEGIN
	CREATE TABLE log (id int, owner int NOT NULL DEFAULT 1, note text, x int,
		PRIMARY KEY (id), CONSTRAINT note_set CHECK (note <> '')) PARTITION BY RANGE (id);
	CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10);
	CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
	CREATE TABLE log_2a PARTITION OF log_2 FOR VALUES FROM (10) TO (15);
	CREATE TABLE log_2b PARTITION OF log_2 FOR VALUES FROM (15) TO (20);
	CREATE TABLE log_3 PARTITION OF log FOR VALUES FROM (20) TO (30);
	CREATE INDEX log_owner ON log (owner) INCLUDE (note);
	ALTER TABLE log ADD CONSTRAINT log_owner_fkey FOREIGN KEY (owner) REFERENCES public.owner;
	ALTER TABLE log_1 ADD CONSTRAINT own CHECK (owner < 50), ADD UNIQUE (owner, id);
	CREATE TRIGGER of_all BEFORE UPDATE OF owner ON log FOR EACH ROW EXECUTE FUNCTION public.noted();
	CREATE TRIGGER of_one BEFORE UPDATE OF note, owner ON log_1 FOR EACH ROW EXECUTE FUNCTION public.noted();
	ALTER TABLE log_1 ENABLE ALWAYS TRIGGER of_one;
	INSERT INTO log SELECT i, i % 9 + 1, 'n' || i, i FROM generate_series(1, 25) i;
END $$;
SET search_path = plain;
CALL kept.make_log();
SET search_path = public;
CALL kept.make_log();

CREATE FUNCTION kept.facts(relid regclass) RETURNS SETOF text LANGUAGE sql SET search_path = pg_catalog AS $$
	SELECT format('column %s %s %s %s', attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid))
		FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
		WHERE attrelid = relid AND attnum > 0 AND NOT attisdropped
	UNION ALL SELECT format('constraint %s %s %s %s', conname, pg_get_constraintdef(oid), convalidated, coninhcount)
		FROM pg_constraint WHERE conrelid = relid
	UNION ALL SELECT 'index ' || regexp_replace(pg_get_indexdef(indexrelid), ' (public|plain)\.', ' ') || indisvalid
		FROM pg_index WHERE indrelid = relid
	UNION ALL SELECT format('trigger %s %s', regexp_replace(pg_get_triggerdef(oid), ' (public|plain)\.', ' '), tgenabled)
		FROM pg_trigger WHERE tgrelid = relid AND NOT tgisinternal
	UNION ALL SELECT 'row ' || replace(regexp_replace(query_to_xml(format('SELECT * FROM %s ORDER BY id', relid), true, false, '')::text, 'xml[^>]*', ''), E'\n', '')
		WHERE (SELECT relkind = 'r' FROM pg_class WHERE oid = relid);
$$;
-- what two tables that should be alike differ in
CREATE FUNCTION kept.differences(name text) RETURNS TABLE (here text, there text) LANGUAGE sql AS $$
	SELECT a.fact, b.fact FROM kept.facts(('public.' || name)::regclass) AS a (fact)
		FULL JOIN kept.facts(('plain.' || name)::regclass) AS b (fact) USING (fact)
		WHERE a.fact IS NULL OR b.fact IS NULL ORDER BY 1, 2
$$;

SELECT '{"operations": [
	{"alter_column": {"table": "log", "column": "owner", "type": "bigint", "up": "owner", "down": "owner::int"}},
	{"alter_column": {"table": "log", "column": "note", "nullable": false, "up": "coalesce(note, ''-'')"}},
	{"drop_column": {"table": "log", "column": "x", "down": "0"}},
	{"create_constraint": {"table": "log", "name": "id_set", "type": "check", "columns": ["id"], "check": "id > 0",
		"up": {"id": "id"}, "down": {"id": "id"}}},
	{"create_constraint": {"table": "log", "name": "log_id_owner", "type": "unique", "columns": ["id", "owner"],
		"up": {"id": "id", "owner": "owner"}, "down": {"id": "id", "owner": "owner::int"}}},
	{"create_index": {"table": "log", "name": "log_note", "columns": [{"column": "note"}]}},
	{"create_index": {"table": "log", "name": "log_id", "columns": [{"column": "id"}], "method": "hash"}}]}' AS document \gset
SELECT pgroll_c.baseline('01');
-- before its rows are backfilled
BEGIN;
SELECT pgroll_c.start_migration('02', :'document');
ALTER TABLE log DETACH PARTITION log_1;
COMMIT;
ALTER TABLE plain.log DETACH PARTITION plain.log_1;
SELECT * FROM kept.differences('log_1');	-- no rows
SELECT kind, relation, state FROM pgroll_c.task WHERE relation = 'log_1'::regclass AND state <> 'done';	-- no rows
CALL pgroll_c.run_tasks();
-- one that came since, and one with partitions of its own; what the new version wrote is there
CREATE TABLE log_4 PARTITION OF log FOR VALUES FROM (30) TO (40);
CALL pgroll_c.run_tasks();
CREATE TABLE plain.log_4 PARTITION OF plain.log FOR VALUES FROM (30) TO (40);
INSERT INTO public_02.log VALUES (31, 7, 'new');
UPDATE public_02.log SET owner = 8, note = 'new' WHERE id = 12;
DELETE FROM public_02.log WHERE id = 13;
INSERT INTO plain.log VALUES (31, 7, 'new', 0);
UPDATE plain.log SET owner = 8, note = 'new' WHERE id = 12;
DELETE FROM plain.log WHERE id = 13;
ALTER TABLE log DETACH PARTITION log_2 CONCURRENTLY;
ALTER TABLE plain.log DETACH PARTITION plain.log_2 CONCURRENTLY;
ALTER TABLE log DETACH PARTITION log_4;
ALTER TABLE plain.log DETACH PARTITION plain.log_4;
SELECT name, d.* FROM unnest('{log_2,log_2a,log_2b,log_4}'::text[]) name, kept.differences(name) d;	-- no rows
-- they are tables like others
INSERT INTO log_2 VALUES (14, 1, 'n14', 0) ON CONFLICT (id) DO UPDATE SET note = 'again';
UPDATE log_1 SET note = 'again' WHERE id = 3;
ALTER TABLE log_1 DROP COLUMN x;
DROP TABLE log_4;

-- the table is completed without them
CALL pgroll_c.run_tasks();
SELECT id, owner, pg_typeof(owner), note FROM public_02.log ORDER BY id;
SELECT (pgroll_c.status()).state;
SELECT pgroll_c.complete_migration();
SELECT id, owner, pg_typeof(owner), note FROM log ORDER BY id;
SELECT conrelid::regclass AS relation, conname, pg_get_constraintdef(oid) FROM pg_constraint
	WHERE conrelid IN ('log'::regclass, 'log_3'::regclass) AND contype <> 'n' ORDER BY conrelid::regclass::text, 2;
SELECT relname FROM pg_class WHERE relname LIKE '\_pgroll%' UNION SELECT conname FROM pg_constraint WHERE conname LIKE '\_pgroll%'
UNION SELECT tgname FROM pg_trigger WHERE tgname ~ '^[!~]pgroll' UNION SELECT attname FROM pg_attribute
	WHERE attname LIKE '\_pgroll%' AND NOT attisdropped;	-- no rows

-- it may be attached again after a rollback
SELECT pgroll_c.start_migration('03', '{"operations": [
	{"alter_column": {"table": "log", "column": "owner", "type": "int", "up": "owner::int", "down": "owner"}}]}');
CALL pgroll_c.run_tasks();
ALTER TABLE log DETACH PARTITION log_3;
SELECT pgroll_c.rollback_migration();
ALTER TABLE log ATTACH PARTITION log_3 FOR VALUES FROM (20) TO (30);
SELECT id, owner, pg_typeof(owner), note FROM log WHERE id < 23 ORDER BY id;

-- a row that can't be backfilled goes with its partition
INSERT INTO log (id, owner, note) VALUES (29, 29, 'bad');
SELECT pgroll_c.start_migration('04', '{"operations": [
	{"alter_column": {"table": "log", "column": "note", "type": "varchar(50)", "down": "note",
	"up": "CASE WHEN note = ''bad'' THEN (1 / (length(note) - 3))::text ELSE note END"}}]}');
\set VERBOSITY terse
CALL pgroll_c.run_tasks();	-- fails
ALTER TABLE log DETACH PARTITION log_3;
SELECT pgroll_c.retry_migration();
CALL pgroll_c.run_tasks();
SELECT (pgroll_c.status()).state;
SELECT * FROM log_3 WHERE id = 29;
SELECT pgroll_c.rollback_migration();

-- who owns the table may detach a partition of another's; what is in no migration is
-- left as it is, however its columns are called
CREATE ROLE regress_detach;
CREATE ROLE regress_detach_part;
GRANT CREATE ON SCHEMA public TO regress_detach, regress_detach_part;
CREATE TABLE shared (id int, k int, n int) PARTITION BY LIST (k);
CREATE TABLE shared_1 PARTITION OF shared FOR VALUES IN (1);
INSERT INTO shared VALUES (1, 1, 1);
ALTER TABLE shared OWNER TO regress_detach;
ALTER TABLE shared_1 OWNER TO regress_detach_part;
SELECT pgroll_c.start_migration('05', '{"operations": [
	{"alter_column": {"table": "shared", "column": "n", "type": "bigint", "up": "n", "down": "n::int"}}]}');
-- its ANALYZE may pass over what is another's, with a warning
SET client_min_messages = error;
CALL pgroll_c.run_tasks();
SET client_min_messages = warning;
SELECT format('_pgroll_c_%s_x', id) AS ours FROM pgroll_c.migration WHERE name = '05' \gset
CREATE TABLE aside (id int, :"ours" int) PARTITION BY LIST (id);
CREATE TABLE aside_1 PARTITION OF aside FOR VALUES IN (1);
ALTER TABLE aside DETACH PARTITION aside_1;
SELECT count(*) FROM pg_attribute WHERE attrelid = 'aside_1'::regclass AND attname = :'ours';	-- 1
SET ROLE regress_detach;
ALTER TABLE shared DETACH PARTITION shared_1;
RESET ROLE;
SELECT * FROM shared_1;
SELECT pgroll_c.complete_migration();
DROP SCHEMA public_05 CASCADE;
DROP TABLE shared, shared_1;
REVOKE CREATE ON SCHEMA public FROM regress_detach, regress_detach_part;
DROP ROLE regress_detach, regress_detach_part;
