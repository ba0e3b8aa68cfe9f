-- Policies, extended statistics, views, rules and publications that name a
-- changed column have their own text again after the completion.
CREATE EXTENSION pgroll_c;
CREATE ROLE regress_dep_owner;
CREATE ROLE regress_dep_reader;
CREATE ROLE regress_dep_stranger;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_dep_owner;
CREATE SCHEMA app AUTHORIZATION regress_dep_owner;
GRANT USAGE ON SCHEMA app TO regress_dep_reader, regress_dep_stranger;
SET ROLE regress_dep_owner;
SET search_path = app;
SET client_min_messages = warning;

CREATE TABLE kinds (id int PRIMARY KEY, kind int);
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b text COLLATE "C", owner name DEFAULT current_user);
CREATE TABLE log (x int);
CREATE TABLE known AS SELECT generate_series(1, 9) AS id;
INSERT INTO kinds SELECT g, g % 3 FROM generate_series(1, 20) g;
INSERT INTO t SELECT g, g % 10, 'x' || g, 'regress_dep_reader' FROM generate_series(1, 100) g;
GRANT SELECT, INSERT, UPDATE ON t, kinds, known TO regress_dep_reader;

ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY only_known ON t FOR SELECT TO regress_dep_reader
	USING (owner = current_user AND EXISTS (SELECT 1 FROM known k WHERE k.id = t.a));
CREATE POLICY positive ON t AS RESTRICTIVE FOR INSERT WITH CHECK (a > 0);
CREATE POLICY "my own" ON t FOR ALL USING (owner = current_user AND a >= 0)
	WITH CHECK (owner = current_user AND a < 1000);
ALTER TABLE kinds ENABLE ROW LEVEL SECURITY;
CREATE POLICY used ON kinds USING (EXISTS (SELECT 1 FROM t WHERE t.a = kinds.id));
COMMENT ON POLICY only_known ON t IS 'of known kind';

CREATE STATISTICS s1 (ndistinct, mcv) ON id, a FROM t;
ALTER STATISTICS s1 SET STATISTICS 77;
COMMENT ON STATISTICS s1 IS 'a pair';
CREATE STATISTICS "s 2" ON (a + 1), (lower(b)) FROM t;
CREATE STATISTICS s3 ON (a % 7) FROM t;
CREATE STATISTICS other ON b, owner FROM t;

CREATE VIEW v1 WITH (security_barrier, check_option = local) AS
	SELECT id, a, b, a + 1 AS next FROM t WHERE a > 2;
ALTER VIEW v1 RENAME COLUMN next TO after;
ALTER VIEW v1 ALTER COLUMN a SET DEFAULT 5;
GRANT SELECT, UPDATE (a) ON v1 TO regress_dep_reader WITH GRANT OPTION;
COMMENT ON VIEW v1 IS 'view one';
COMMENT ON COLUMN v1.after IS 'one more';
CREATE VIEW v2 AS SELECT sum(after) AS total FROM v1;
CREATE VIEW v3 AS SELECT id, a, count(*) AS n FROM t JOIN kinds USING (id) GROUP BY t.id;
CREATE VIEW v4 AS SELECT b FROM t ORDER BY a, b DESC;
CREATE VIEW "V 5" AS SELECT NULL::varchar(3) AS c, 1.5::numeric(5, 2) AS n, b FROM t
	WHERE a IN (SELECT a FROM v1) UNION ALL SELECT 'abc', 2, 'x';
CREATE RULE ins AS ON INSERT TO v3 DO INSTEAD INSERT INTO t (id, a) VALUES (new.id, new.a);
CREATE RULE logged AS ON INSERT TO log WHERE new.x > 0 DO ALSO UPDATE t SET a = new.x WHERE id = 1;
CREATE RULE off AS ON DELETE TO log DO INSTEAD DELETE FROM t WHERE a = old.x;
ALTER TABLE log DISABLE RULE off;
CREATE FUNCTION v1_upd() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER instead INSTEAD OF DELETE ON v1 FOR EACH ROW EXECUTE FUNCTION v1_upd();
CREATE FUNCTION counted(x int, y text DEFAULT 'it''s') RETURNS bigint LANGUAGE sql STABLE STRICT SET work_mem = '4MB'
	BEGIN ATOMIC SELECT count(*) FROM t WHERE a > x; END;
CREATE PROCEDURE put(x int) LANGUAGE sql
	BEGIN ATOMIC INSERT INTO t (id, a) VALUES (x + 1000, x); UPDATE t SET a = a + 1 WHERE id = x; END;
CREATE FUNCTION small(OUT p int, OUT q int) RETURNS SETOF record LANGUAGE sql
	BEGIN ATOMIC SELECT id, a FROM t WHERE a < 3; END;
CREATE VIEW calls AS SELECT counted(3) AS n;
COMMENT ON FUNCTION counted IS 'how many';
REVOKE EXECUTE ON FUNCTION counted FROM PUBLIC;

RESET ROLE;
CREATE PUBLICATION dep FOR TABLE app.t (id, a) WHERE (id > 5), app.kinds;
ALTER PUBLICATION dep OWNER TO regress_dep_owner;
SET ROLE regress_dep_owner;

-- what there is, without the attribute numbers and OIDs that must not matter
CREATE VIEW defs AS
	SELECT 'view' AS kind, relname::text AS name, jsonb_build_array(oid,
			pg_get_viewdef(oid), reloptions, relacl::text, relowner, obj_description(oid, 'pg_class'),
			(SELECT jsonb_agg(jsonb_build_array(attname, atttypid, atttypmod, attcollation, attacl::text,
				pg_get_expr(adbin, adrelid), col_description(attrelid, attnum)) ORDER BY attnum)
			 FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
			 WHERE attrelid = c.oid AND attnum > 0)) AS def
		FROM pg_class c WHERE relkind = 'v' AND relnamespace = 'app'::regnamespace AND relname <> 'defs'
	UNION ALL SELECT 'rule', rulename, jsonb_build_array(pg_get_ruledef(oid), ev_enabled)
		FROM pg_rewrite WHERE ev_class IN ('v3'::regclass, 'log'::regclass) AND rulename <> '_RETURN'
	UNION ALL SELECT 'function', proname, jsonb_build_array(oid, pg_get_functiondef(oid), proowner, proacl::text,
			obj_description(oid, 'pg_proc'))
		FROM pg_proc WHERE pronamespace = 'app'::regnamespace
	UNION ALL SELECT 'trigger', tgname, to_jsonb(pg_get_triggerdef(oid))
		FROM pg_trigger WHERE tgrelid = 'v1'::regclass
	UNION ALL SELECT 'policy', polname, jsonb_build_array(polrelid::regclass, polcmd, polpermissive,
			polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid),
			obj_description(oid, 'pg_policy'))
		FROM pg_policy
	UNION ALL SELECT 'statistics', stxname, jsonb_build_array(stxowner, to_jsonb(s) -> 'stxstattarget',
			obj_description(oid, 'pg_statistic_ext'), stxkind,
			(SELECT jsonb_agg(attname ORDER BY attname) FROM unnest(stxkeys) k JOIN pg_attribute
				ON attrelid = stxrelid AND attnum = k), pg_get_statisticsobjdef_expressions(oid))
		FROM pg_statistic_ext s
	UNION ALL SELECT 'publication', tablename, jsonb_build_array(rowfilter,
			(SELECT jsonb_agg(n ORDER BY n) FROM unnest(attnames) n))
		FROM pg_publication_tables WHERE pubname = 'dep' AND tablename IN ('t', 'kinds');
CREATE TABLE kept AS TABLE defs;

SELECT pgroll_c.baseline('00', 'app');
SELECT '{"operations": [
	{"alter_column": {"table": "t", "column": "a", "nullable": true, "down": "coalesce(a, 0)"}},
	{"alter_column": {"table": "t", "column": "id", "type": "int", "up": "id", "down": "id"}}
]}' AS document \gset

-- a rollback leaves all as it was
SELECT pgroll_c.start_migration('01', :'document', 'app');
SELECT stxname ~ '^_pgroll_c_' AS ours, count(*) FROM pg_statistic_ext GROUP BY 1;
SELECT pgroll_c.rollback_migration('app');
TABLE defs EXCEPT TABLE kept;	-- no rows
TABLE kept EXCEPT TABLE defs;	-- no rows

SELECT pgroll_c.start_migration('01', :'document', 'app');
CALL pgroll_c.run_tasks('app');
RESET ROLE;
SELECT regexp_replace(stxname, '.*_', '') AS name, d.stxdndistinct IS NOT NULL OR d.stxdexpr IS NOT NULL AS filled
	FROM pg_statistic_ext s JOIN pg_statistic_ext_data d ON d.stxoid = s.oid
	WHERE stxname ~ '^_pgroll_c_' ORDER BY 1;

-- both versions under the policies
SET ROLE regress_dep_reader;
SELECT count(*) FROM app_00.t;
SELECT count(*) FROM app_01.t;
INSERT INTO app_00.t (id, a) VALUES (201, 4);
INSERT INTO app_01.t (id, a) VALUES (202, 5);
INSERT INTO app_00.t (id, a) VALUES (203, 0);	-- fails
INSERT INTO app_01.t (id, a) VALUES (203, 0);	-- fails
INSERT INTO app_01.t (id, a) VALUES (203, NULL);	-- fails
SELECT id, a FROM app_00.t WHERE id > 100 ORDER BY id;
SELECT id, a FROM app_01.t WHERE id > 100 ORDER BY id;
-- the user's views show the old form, whichever version they are read through
UPDATE app_00.v1 SET a = 9 WHERE id = 201;
UPDATE app_01.v1 SET a = 8 WHERE id = 202;
UPDATE app_01.v1 SET a = 1 WHERE id = 202;	-- fails
SELECT o.id, o.a AS old, n.a AS new FROM app_00.t o JOIN app_01.t n USING (id) WHERE id > 100 ORDER BY id;

-- added in flight
SET ROLE regress_dep_owner;
CREATE POLICY late ON t FOR DELETE USING (a > 5);
CREATE VIEW late AS SELECT a FROM t;
CREATE STATISTICS late ON a, b FROM t;
DROP STATISTICS s3;
CALL pgroll_c.run_tasks('app');
RESET ROLE;
SELECT d.stxdndistinct IS NOT NULL AS filled
	FROM pg_statistic_ext s JOIN pg_statistic_ext_data d ON d.stxoid = s.oid
	WHERE stxname ~ '^_pgroll_c_.*_late$';
SET ROLE regress_dep_owner;
SELECT pgroll_c.complete_migration('app');
SELECT kind, name FROM (TABLE kept EXCEPT TABLE defs) AS lost;
SELECT kind, name FROM (TABLE defs EXCEPT TABLE kept) AS new ORDER BY 1, 2;
SELECT regexp_replace(pg_get_viewdef('late'), '\mt\.', '') AS def;
SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polname = 'late';
CALL put(7);
SELECT id, a FROM t WHERE id IN (7, 1007) ORDER BY id;
SELECT count(*) FROM small();
SELECT attname, attnotnull FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0
	AND NOT attisdropped ORDER BY 1;
SET ROLE regress_dep_reader;
SELECT count(*) FROM app_01.t;
INSERT INTO app_01.t (id, a) VALUES (203, 0);	-- fails
SET ROLE regress_dep_owner;

-- a rename goes on in them
DROP VIEW late;
DROP POLICY late ON t;
DROP STATISTICS late;
SELECT pgroll_c.start_migration('02', '{"operations": [
	{"rename_column": {"table": "t", "from": "b", "to": "c"}},
	{"rename_table": {"from": "t", "to": "t2"}},
	{"alter_column": {"table": "t2", "column": "a", "nullable": false, "up": "coalesce(a, 0)"}},
	{"rename_column": {"table": "t2", "from": "a", "to": "b"}},
	{"add_column": {"table": "t2", "column": {"name": "a", "type": "text", "nullable": true}}}
]}', 'app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT regexp_replace(pg_get_viewdef('v1'), '\mt2\.', '', 'g') AS def;
SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polname = 'used';
SELECT attnames, rowfilter FROM pg_publication_tables WHERE pubname = 'dep' AND tablename = 't2';
SELECT attname, attnotnull FROM pg_attribute WHERE attrelid = 't2'::regclass AND attnum > 0
	AND NOT attisdropped ORDER BY 1;

-- who may not change one of them is told at the start
SELECT '{"operations": [
	{"alter_column": {"table": "t2", "column": "b", "nullable": true, "down": "coalesce(b, 0)"}}
]}' AS document \gset
SELECT pgroll_c.validate_migration('03', :'document', 'app');
RESET ROLE;
ALTER PUBLICATION dep OWNER TO regress_dep_stranger;
SET ROLE regress_dep_owner;
SELECT pgroll_c.validate_migration('03', :'document', 'app');	-- fails
RESET ROLE;
ALTER PUBLICATION dep OWNER TO regress_dep_owner;
ALTER VIEW v4 OWNER TO regress_dep_stranger;
SET ROLE regress_dep_owner;
SELECT pgroll_c.validate_migration('03', :'document', 'app');	-- fails
RESET ROLE;
ALTER VIEW v4 OWNER TO regress_dep_owner;
ALTER TABLE log OWNER TO regress_dep_stranger;
SET ROLE regress_dep_owner;
SELECT pgroll_c.validate_migration('03', :'document', 'app');	-- fails
RESET ROLE;
ALTER TABLE log OWNER TO regress_dep_owner;
ALTER TABLE kinds OWNER TO regress_dep_stranger;
SET ROLE regress_dep_owner;
SELECT pgroll_c.validate_migration('03', :'document', 'app');	-- fails
RESET ROLE;
ALTER TABLE kinds OWNER TO regress_dep_owner;
ALTER FUNCTION counted OWNER TO regress_dep_stranger;
SET ROLE regress_dep_owner;
SELECT pgroll_c.validate_migration('03', :'document', 'app');	-- fails
RESET ROLE;
ALTER FUNCTION counted OWNER TO regress_dep_owner;
SET ROLE regress_dep_owner;
SELECT pgroll_c.validate_migration('03', :'document', 'app');

-- what can't be done, and what the user's own statements could get into
CREATE RULE here AS ON UPDATE TO t2 WHERE new.b = 0 DO INSTEAD NOTHING;
SELECT pgroll_c.validate_migration('03', :'document', 'app');	-- fails
DROP RULE here ON t2;
SELECT pgroll_c.validate_migration('03', '{"operations": [
	{"sql": {"up": "SELECT 1", "onComplete": true}},
	{"alter_column": {"table": "t2", "column": "b", "nullable": true, "down": "coalesce(b, 0)"}}
]}', 'app');	-- fails
SELECT pgroll_c.start_migration('03', '{"operations": [
	{"alter_column": {"table": "t2", "column": "b", "nullable": true, "down": "coalesce(b, 0)"}},
	{"rename_column": {"table": "t2", "from": "b", "to": "d"}},
	{"sql": {"up": "CREATE TABLE seen AS SELECT regexp_replace(pg_get_viewdef(''v1''), ''\\mt2\\.'', '''', ''g'') AS def", "onComplete": true}}
]}', 'app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
TABLE seen;

-- views and policies of partitions and children
CREATE TABLE p (id int, a int) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p2 (a int, x int, id int);
ALTER TABLE p2 DROP COLUMN x;
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (10) TO (20);
INSERT INTO p SELECT g, g FROM generate_series(1, 19) g;
CREATE VIEW of_p2 AS SELECT a FROM p2;
CREATE POLICY of_p2 ON p2 USING (a > 0);
CREATE STATISTICS of_p2 ON id, a FROM p2;
CREATE STATISTICS of_p ON id, (a + 1) FROM p;
SELECT pgroll_c.start_migration('04', '{"operations": [
	{"alter_column": {"table": "p", "column": "a", "nullable": false, "up": "coalesce(a, 0)"}}]}', 'app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT regexp_replace(pg_get_viewdef('of_p2'), '\mp2\.', '') AS def;
SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polname = 'of_p2';
SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxname ~ '^of_' ORDER BY stxname;
SELECT stxname FROM pg_statistic_ext WHERE stxname ~ '^_pgroll';	-- no rows

-- lists of partitions, of a parent table and of its child; whose rows the backfill
-- could not update
CREATE TABLE parent (id int PRIMARY KEY, a int);
CREATE TABLE child (x int) INHERITS (parent);
INSERT INTO parent SELECT g, g FROM generate_series(1, 10) g;
INSERT INTO child SELECT g, g, g FROM generate_series(11, 20) g;
CREATE VIEW of_child AS SELECT a, x FROM child;
CREATE POLICY of_child ON child USING (a > 0);
CREATE STATISTICS of_child ON a, x FROM child;
ALTER TABLE p ALTER id SET NOT NULL;
CREATE UNIQUE INDEX ON p (id);
ALTER TABLE p1 REPLICA IDENTITY USING INDEX p1_id_idx;
ALTER TABLE p2 REPLICA IDENTITY USING INDEX p2_id_idx;
CREATE FUNCTION of_p2() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(a) FROM p2; END;
RESET ROLE;
CREATE PUBLICATION tree FOR TABLE app.p (id, a), app.parent (id, a) WITH (publish_via_partition_root);
CREATE PUBLICATION leaf FOR TABLE app.p2 (id, a) WHERE (id > 3);
ALTER PUBLICATION tree OWNER TO regress_dep_owner;
ALTER PUBLICATION leaf OWNER TO regress_dep_owner;
SET ROLE regress_dep_owner;
SELECT '{"operations": [
	{"alter_column": {"table": "p", "column": "a", "type": "bigint", "up": "a", "down": "a::int"}},
	{"alter_column": {"table": "parent", "column": "a", "type": "bigint", "up": "a", "down": "a::int"}}
]}' AS document \gset
SELECT pgroll_c.validate_migration('05', :'document', 'app');	-- fails
ALTER TABLE child ADD PRIMARY KEY (id);
SELECT pgroll_c.start_migration('05', :'document', 'app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT pubname, tablename, (SELECT array_agg(n ORDER BY n) FROM unnest(attnames) n) AS columns, rowfilter
	FROM pg_publication_tables WHERE pubname IN ('leaf', 'tree') ORDER BY 1, 2;
SELECT attrelid::regclass, format_type(atttypid, atttypmod) FROM pg_attribute
	WHERE attname = 'a' AND attrelid IN ('of_child'::regclass, 'app_05.of_child'::regclass, 'of_p2'::regclass)
	ORDER BY attrelid::regclass::text;
SELECT of_p2();

RESET ROLE;
DROP PUBLICATION dep, tree, leaf;
DROP SCHEMA app_05 CASCADE;
DROP SCHEMA app CASCADE;
DROP OWNED BY regress_dep_owner, regress_dep_reader, regress_dep_stranger;
DROP ROLE regress_dep_owner, regress_dep_reader, regress_dep_stranger;
