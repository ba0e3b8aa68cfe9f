-- What partitions, and children in other schemas, have alone on a column that gets a
-- shadow is there after the completion as it was before, and holds meanwhile.
CREATE EXTENSION pgroll_c;
CREATE ROLE regress_carry_members;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_carry_members;
CREATE SCHEMA app AUTHORIZATION regress_carry_members;
CREATE SCHEMA other AUTHORIZATION regress_carry_members;
SET ROLE regress_carry_members;
SET search_path = app;
SET client_min_messages = warning;

CREATE TABLE u (id int PRIMARY KEY);
INSERT INTO u SELECT generate_series(0, 100);
CREATE TABLE log (name text, relation text, old_a text, new_a text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO app.log VALUES (TG_NAME, TG_TABLE_NAME, old.a, new.a);
	RETURN NEW;
END $$;
CREATE TABLE t (id int PRIMARY KEY, a int, b text) PARTITION BY RANGE (id);
CREATE TABLE "T 1" PARTITION OF t FOR VALUES FROM (MINVALUE) TO (10);
CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (10) TO (MAXVALUE) PARTITION BY LIST (id);
CREATE TABLE t_2_0 PARTITION OF t_2 FOR VALUES IN (10, 11, 12);
CREATE TABLE other.t_2_1 (b text, x int, id int NOT NULL, a int);
ALTER TABLE other.t_2_1 DROP x;
ALTER TABLE t_2 ATTACH PARTITION other.t_2_1 FOR VALUES IN (13, 14, 15);
CREATE TABLE p (id int PRIMARY KEY, a int, b text);
CREATE TABLE child () INHERITS (p);
CREATE TABLE other.child (a int) INHERITS (p);
CREATE TABLE other.grandchild () INHERITS (child);

-- a leaf, its table in the base schema or not
CREATE PROCEDURE give(relation text, prefix text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER TABLE %1$s ALTER a SET NOT NULL, ALTER a SET DEFAULT 7, ALTER a SET STATISTICS 9,
		ADD CONSTRAINT %2$s_at_least_0 CHECK (a >= 0), ADD CONSTRAINT %2$s_not_9 CHECK (a <> 9) NO INHERIT,
		ADD CONSTRAINT %2$s_not_valid CHECK (a <> 99) NOT VALID, ADD CONSTRAINT %2$s_of_u FOREIGN KEY (a) REFERENCES app.u DEFERRABLE,
		ADD CONSTRAINT %2$s_two UNIQUE (b, a), ADD CONSTRAINT %2$s_one UNIQUE (a)', relation, prefix);
	EXECUTE format('CREATE INDEX %2$s_index ON %1$s (a DESC) WHERE a > 5', relation, prefix);
	EXECUTE format('CREATE STATISTICS %2$s_statistics ON a, b FROM %1$s', relation, prefix);
	EXECUTE format('COMMENT ON CONSTRAINT %2$s_at_least_0 ON %1$s IS ''own''', relation, prefix);
	EXECUTE format('CREATE TRIGGER %2$s_of_a AFTER UPDATE OF a ON %1$s FOR EACH ROW WHEN (new.a > 2) EXECUTE FUNCTION app.note()', relation, prefix);
	EXECUTE format('CREATE CONSTRAINT TRIGGER %2$s_deferred AFTER UPDATE OF a ON %1$s DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.note()', relation, prefix);
	EXECUTE format('COMMENT ON TRIGGER %2$s_deferred ON %1$s IS ''own''', relation, prefix);
END $$;
CALL give('app."T 1"', 't1');
CALL give('other.t_2_1', 't21');
CALL give('app.child', 'c1');
CALL give('other.child', 'c2');
-- one with partitions of its own
ALTER TABLE t_2 ALTER a SET NOT NULL, ADD CONSTRAINT below_1000 CHECK (a < 1000);
ALTER TABLE t_2 ADD CONSTRAINT of_u FOREIGN KEY (a) REFERENCES u;
CREATE TRIGGER of_a BEFORE UPDATE OF a ON t_2 FOR EACH ROW WHEN (new.a > 2) EXECUTE FUNCTION note();
ALTER TABLE t_2_0 DISABLE TRIGGER of_a;
CREATE INDEX ON t_2 (b, a);
-- sequences that only a partition or child has
CREATE SEQUENCE other.numbers OWNED BY other.t_2_1.a;
ALTER TABLE other.t_2_1 ALTER a SET DEFAULT nextval('other.numbers');
CREATE SEQUENCE child_numbers OWNED BY child.a;
-- a foreign key that references a partition, one that references a child
CREATE TABLE v (a int CONSTRAINT of_partition REFERENCES "T 1" (a),
	c int CONSTRAINT of_child REFERENCES other.child (a));
INSERT INTO t SELECT g, g, 'b' || g FROM generate_series(1, 15) g WHERE g <> 9;
INSERT INTO child SELECT g, g, 'b' || g FROM generate_series(21, 25) g;
INSERT INTO other.child SELECT g, g, 'b' || g FROM generate_series(31, 35) g;
INSERT INTO v VALUES (3, 31);

CREATE VIEW things AS
	WITH relations AS (SELECT relid FROM pg_partition_tree('app.t') UNION ALL SELECT inhrelid FROM pg_inherits
		WHERE inhparent IN ('app.p'::regclass, 'app.child'::regclass) UNION ALL VALUES ('app.v'::regclass), ('app.p'::regclass))
	SELECT 'constraint' AS kind, conrelid::regclass AS relation, conname::text AS name,
		pg_get_constraintdef(oid) || CASE WHEN convalidated THEN '' ELSE ' NOT VALID' END || coninhcount AS definition,
		obj_description(oid, 'pg_constraint') AS comment
	FROM pg_constraint WHERE conrelid IN (TABLE relations) AND contype NOT IN ('n', 't')
	UNION ALL SELECT 'not null', conrelid::regclass, conname, pg_get_constraintdef(oid) || coninhcount::text, ''
	FROM pg_constraint WHERE conrelid IN (TABLE relations) AND contype = 'n'
	UNION ALL SELECT 'trigger', tgrelid::regclass, tgname, tgenabled::text || pg_get_triggerdef(oid), obj_description(oid, 'pg_trigger')
	FROM pg_trigger WHERE tgrelid IN (TABLE relations) AND NOT tgisinternal
	UNION ALL SELECT 'index', indrelid::regclass, relname, pg_get_indexdef(indexrelid) || relispartition::text, ''
	FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indrelid IN (TABLE relations)
	UNION ALL SELECT 'column', attrelid::regclass, attname,
		concat_ws(' ', attislocal, attnotnull, attstattarget, attinhcount, pg_get_expr(adbin, adrelid), atttypid::regtype), ''
	FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
	WHERE attrelid IN (TABLE relations) AND attnum > 0 AND NOT attisdropped
	UNION ALL SELECT 'statistics', stxrelid::regclass, stxname, replace(pg_get_statisticsobjdef(oid), ' b, a ', ' a, b '), ''
	FROM pg_statistic_ext WHERE stxrelid IN (TABLE relations)
	UNION ALL SELECT 'sequence', objid::regclass, '', pg_describe_object(refclassid, refobjid, refobjsubid), ''
	FROM pg_depend WHERE objid IN ('other.numbers'::regclass, 'child_numbers'::regclass) AND deptype = 'a';
CREATE TABLE kept AS TABLE things;
SELECT kind, count(*) FROM kept WHERE kind <> 'not null' GROUP BY 1 ORDER BY 1;

SELECT pgroll_c.start_migration('01', $${"operations": [
	{"alter_column": {"table": "t", "column": "a", "type": "bigint", "up": "CASE WHEN a < 900 THEN a END", "down": "a::int"}},
	{"alter_column": {"table": "p", "column": "a", "type": "bigint", "up": "a", "down": "a::int"}},
	{"alter_column": {"table": "v", "column": "a", "type": "bigint", "up": "a", "down": "a::int"}}]}$$, 'app');
-- they bind the new version, too
\set VERBOSITY sqlstate
UPDATE app_01.t SET a = NULL WHERE id = 1;	-- fails
UPDATE app_01.t SET a = -1 WHERE id = 1;	-- fails
UPDATE app_01.t SET a = 500 WHERE id = 1;	-- fails
UPDATE app_01.t SET a = 2, b = 'b2' WHERE id = 1;	-- fails
UPDATE app_01.t SET a = 2000 WHERE id = 13;	-- fails
UPDATE app_01.p SET a = NULL WHERE id = 31;	-- fails
UPDATE app_01.p SET a = 9 WHERE id = 31;	-- fails
\set VERBOSITY default
-- … and the old one: what up makes of it is NULL
-- (a concurrent index build and DDL beside it would wait for each other)
CALL pgroll_c.run_tasks('app');
ALTER TABLE t_2 DROP CONSTRAINT below_1000;
ALTER TABLE t_2 DROP CONSTRAINT of_u;
ALTER TABLE other.t_2_1 DROP CONSTRAINT t21_of_u;
UPDATE t SET a = 901 WHERE id = 13;	-- fails
DELETE FROM kept WHERE name IN ('below_1000', 'of_u', 't21_of_u');
TRUNCATE log;
-- each trigger fires once for a write of either version
UPDATE app_01.t SET a = 51 WHERE id IN (4, 12, 13);
UPDATE app_01.p SET a = 50 WHERE id IN (21, 32);
SELECT * FROM log ORDER BY relation, new_a, name;
TRUNCATE log;
UPDATE t SET a = 61 WHERE id IN (4, 12, 13);
UPDATE p SET a = 60 WHERE id IN (21, 32);
SELECT * FROM log ORDER BY relation, new_a, name;
TRUNCATE log;
CALL pgroll_c.run_tasks('app');
-- what is added meanwhile is carried over, too
ALTER TABLE "T 1" ADD CONSTRAINT later CHECK (a <> 8000);
CREATE TABLE later PARTITION OF t_2 (a CHECK (a <> 70)) FOR VALUES IN (16);
ALTER TABLE other.grandchild ALTER a SET NOT NULL;
ALTER TABLE t_2_0 ENABLE ALWAYS TRIGGER of_a;
-- … and what has gone, with what stood for it
ALTER TABLE other.child ALTER a DROP NOT NULL;
ALTER TABLE other.child DROP CONSTRAINT c2_not_9;
DROP TRIGGER t1_of_a ON "T 1";
CALL pgroll_c.run_tasks('app');
DELETE FROM kept;
INSERT INTO kept SELECT * FROM things WHERE name !~ 'pgroll_c' AND relation <> 'v'::regclass;
UPDATE kept SET definition = replace(definition, ' integer', ' bigint') WHERE kind = 'column' AND name = 'a';
UPDATE kept SET definition = regexp_replace(definition, ', _pgroll_c_\d+_\d+_a', '') WHERE kind = 'trigger';
SELECT pgroll_c.complete_migration('app');
TABLE kept EXCEPT SELECT * FROM things WHERE relation <> 'v'::regclass;	-- no rows
SELECT * FROM things WHERE relation <> 'v'::regclass EXCEPT TABLE kept;	-- no rows
SELECT name, definition FROM things WHERE relation = 'v'::regclass AND kind = 'constraint' ORDER BY 1;

-- rolled back, all is as it was
TRUNCATE kept;
INSERT INTO kept TABLE things;
SELECT pgroll_c.start_migration('02', '{"operations": [
	{"alter_column": {"table": "t", "column": "a", "nullable": false, "up": "coalesce(a, 0)"}},
	{"alter_column": {"table": "p", "column": "a", "nullable": false, "up": "coalesce(a, 0)"}}]}', 'app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.rollback_migration('app');
TABLE kept EXCEPT TABLE things;	-- no rows
TABLE things EXCEPT TABLE kept;	-- no rows

-- what can't be carried over is named
ALTER TABLE other.child ALTER a SET NOT NULL, ALTER a DROP DEFAULT, ALTER a ADD GENERATED ALWAYS AS IDENTITY;
SELECT pgroll_c.start_migration('03', '{"operations": [
	{"alter_column": {"table": "p", "column": "a", "nullable": false, "up": "coalesce(a, 0)"}}]}', 'app');	-- fails

-- a column that is dropped: what is in its way in a partition or child is named at the
-- start, and a child that declares the column itself keeps it
CREATE TABLE q (id int PRIMARY KEY, a int);
CREATE TABLE q_1 () INHERITS (q);
CREATE TABLE q_2 (a int) INHERITS (q);
INSERT INTO q_2 VALUES (1, 2);
CREATE TRIGGER of_a AFTER UPDATE OF a ON q_1 FOR EACH ROW EXECUTE FUNCTION note();
CREATE VIEW of_t AS SELECT b FROM t_2_0;
SELECT pgroll_c.validate_migration('03', '{"operations": [{"drop_column": {"table": "q", "column": "a"}}]}', 'app');	-- fails
SELECT pgroll_c.validate_migration('03', '{"operations": [{"drop_column": {"table": "t", "column": "b"}}]}', 'app');	-- fails
DROP TRIGGER of_a ON q_1;
SELECT pgroll_c.validate_migration('03', '{"operations": [{"drop_column": {"table": "q", "column": "a", "down": "1"}}]}', 'app');	-- fails
CALL pgroll_c.migrate('03', '{"operations": [{"drop_column": {"table": "q", "column": "a"}}]}', 'app');
SELECT * FROM app_03.q_2;
SELECT attname, attinhcount, attislocal FROM pg_attribute WHERE attrelid = 'q_2'::regclass AND attnum > 0 AND NOT attisdropped;

-- a partition that alone has NOT NULL, with the index that is its replica identity
CREATE TABLE r (id int, k int, n int) PARTITION BY LIST (k);
CREATE TABLE r_1 PARTITION OF r FOR VALUES IN (1);
ALTER TABLE r_1 ALTER n SET NOT NULL, ALTER k SET NOT NULL;
CREATE UNIQUE INDEX r_1_n ON r_1 (n, k);
ALTER TABLE r_1 REPLICA IDENTITY USING INDEX r_1_n;
CALL pgroll_c.migrate('04', '{"operations": [
	{"alter_column": {"table": "r", "column": "n", "type": "bigint", "up": "n", "down": "n::int"}}]}', 'app');
SELECT pg_get_indexdef(indexrelid), indisreplident FROM pg_index WHERE indrelid = 'r_1'::regclass;

-- keys that partitions have by themselves, whose indexes are parts of a plain one
CREATE TABLE k (id int, n int, name text DEFAULT 'k') PARTITION BY RANGE (id);
CREATE TABLE k_1 PARTITION OF k FOR VALUES FROM (0) TO (10);
CREATE TABLE k_2 PARTITION OF k FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
CREATE TABLE k_21 PARTITION OF k_2 FOR VALUES FROM (10) TO (15);
CREATE TABLE k_3 PARTITION OF k FOR VALUES FROM (20) TO (30);
ALTER TABLE k_1 ADD CONSTRAINT k_1_own UNIQUE (id, n);
COMMENT ON CONSTRAINT k_1_own ON k_1 IS 'its own';
ALTER TABLE k_2 ADD CONSTRAINT k_2_own UNIQUE (id, n);
ALTER TABLE k_3 ADD CONSTRAINT k_3_own UNIQUE (id, n) DEFERRABLE INITIALLY DEFERRED;
CREATE UNIQUE INDEX k_whole ON k (id, n);
CREATE TABLE of_k (id int, n int, CONSTRAINT of_k_1 FOREIGN KEY (id, n) REFERENCES k_1 (id, n));
INSERT INTO k VALUES (1, 1), (11, 1), (21, 1);
INSERT INTO of_k VALUES (1, 1);
CREATE FUNCTION keys_of_k() RETURNS TABLE (relation regclass, name name, definition text, index text,
		is_part bool, is_local bool, inherited int, comment text) LANGUAGE sql AS $$
	SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), conindid::regclass::text, conparentid <> 0,
		conislocal, coninhcount::int, obj_description(oid) FROM pg_constraint
		WHERE conrelid IN ('k'::regclass, 'k_1'::regclass, 'k_2'::regclass, 'k_21'::regclass, 'k_3'::regclass, 'of_k'::regclass)
			AND contype <> 'n' $$;
CREATE TABLE keys_before AS SELECT * FROM keys_of_k();
SELECT pgroll_c.validate_migration('05', '{"operations": [{"drop_index": {"name": "k_whole"}}]}', 'app');	-- fails
\set changes '{"operations": [{"alter_column": {"table": "k", "column": "n", "type": "bigint", "up": "n", "down": "n::int"}}, {"alter_column": {"table": "of_k", "column": "n", "type": "bigint", "up": "n", "down": "n::int"}}]}'
SELECT pgroll_c.start_migration('05', :'changes', 'app');
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.rollback_migration('app');
TABLE keys_before EXCEPT SELECT * FROM keys_of_k();	-- no rows
SELECT * FROM keys_of_k() EXCEPT TABLE keys_before;	-- no rows
CALL pgroll_c.migrate('05', :'changes', 'app');
TABLE keys_before EXCEPT SELECT * FROM keys_of_k();	-- no rows
SELECT * FROM keys_of_k() EXCEPT TABLE keys_before;	-- no rows
SELECT * FROM k ORDER BY id;
SELECT inhrelid::regclass, inhparent::regclass FROM pg_inherits WHERE inhparent::regclass::text ~ '^k_.*(own|whole)' ORDER BY 1::text;

--
-- what others take away or rename in flight
--
CREATE TABLE parent (id int, n int CONSTRAINT positive CHECK (n > 0), CONSTRAINT small CHECK (n < 100));
CREATE TABLE goes () INHERITS (parent);
CREATE TABLE own (CONSTRAINT positive CHECK (n > 0)) INHERITS (parent);
CREATE TABLE below () INHERITS (parent);
CREATE TABLE own_below (CONSTRAINT positive CHECK (n > 0)) INHERITS (below);
CREATE TABLE aside (id int);
CREATE TABLE leaves () INHERITS (aside);
CREATE TABLE target (id int PRIMARY KEY);
CREATE TABLE of_target (id int, k int, n int CONSTRAINT of_n REFERENCES target, m int CONSTRAINT of_m REFERENCES target) PARTITION BY LIST (k);
CREATE TABLE of_target_1 PARTITION OF of_target FOR VALUES IN (1);
CREATE TABLE gone (id int, k int, n int, m int);
SELECT pgroll_c.start_migration('06', '{"operations": [{"alter_column": {"table": "parent", "column": "n", "type": "bigint", "up": "n", "down": "n::int"}}, {"alter_column": {"table": "of_target", "column": "n", "type": "bigint", "up": "n", "down": "n::int"}}, {"drop_table": {"name": "gone"}}]}', 'app');
CALL pgroll_c.run_tasks('app');
ALTER TABLE parent DROP CONSTRAINT positive;
ALTER TABLE ONLY parent DROP CONSTRAINT small;
ALTER TABLE leaves NO INHERIT aside;
ALTER TABLE goes NO INHERIT parent;	-- fails
ALTER TABLE own_below NO INHERIT below;	-- fails
ALTER TABLE gone INHERIT of_target_1;	-- fails
ALTER TABLE of_target RENAME CONSTRAINT of_m TO of_m_2;
ALTER TABLE of_target RENAME CONSTRAINT of_n TO of_n_2;	-- fails
ALTER TABLE of_target_1 RENAME CONSTRAINT of_n TO of_n_2;	-- fails
ALTER TABLE of_target ATTACH PARTITION gone FOR VALUES IN (2);	-- fails
SELECT pgroll_c.complete_migration('app');
SELECT conrelid::regclass, conname, conislocal, coninhcount, pg_get_constraintdef(oid) FROM pg_constraint
	WHERE conname IN ('positive', 'small') OR conrelid IN ('of_target'::regclass, 'of_target_1'::regclass) ORDER BY conrelid::regclass::text, 2;

-- a default of their own that has no cast to the new type
CREATE TABLE spread (id int, n text) PARTITION BY LIST (id);
CREATE TABLE spread_1 PARTITION OF spread FOR VALUES IN (1);
CREATE TABLE handed (id int, n text);
CREATE TABLE other.handed () INHERITS (handed);
CREATE TABLE lent (id int, n text);
CREATE TABLE other.lent () INHERITS (lent);
ALTER TABLE spread_1 ALTER n SET DEFAULT '9';
SELECT pgroll_c.validate_migration('07', '{"operations": [{"alter_column": {"table": "spread", "column": "n", "type": "int", "up": "n::int", "down": "n::text"}}]}', 'app');	-- fails
ALTER TABLE spread_1 ALTER n DROP DEFAULT;
ALTER TABLE other.handed ALTER n SET DEFAULT '9';
SELECT pgroll_c.validate_migration('07', '{"operations": [{"alter_column": {"table": "handed", "column": "n", "type": "int", "up": "n::int", "down": "n::text"}}]}', 'app');	-- fails
-- the migration's own goes for all
SELECT pgroll_c.start_migration('07', '{"operations": [
	{"alter_column": {"table": "handed", "column": "n", "type": "int", "default": "3", "up": "n::int", "down": "n::text"}},
	{"alter_column": {"table": "spread", "column": "n", "type": "int", "up": "n::int", "down": "n::text"}},
	{"alter_column": {"table": "lent", "column": "n", "type": "int", "up": "n::int", "down": "n::text"}}]}', 'app');
CALL pgroll_c.run_tasks('app');
ALTER TABLE spread_1 ALTER n SET DEFAULT '9';	-- fails
ALTER TABLE other.lent ALTER n SET DEFAULT '9';	-- fails
ALTER TABLE other.lent ALTER n SET DEFAULT 8;
ALTER TABLE spread_1 ALTER n SET DEFAULT 9;
SELECT pgroll_c.complete_migration('app');
SELECT adrelid::regclass, pg_get_expr(adbin, adrelid) FROM pg_attrdef
	WHERE adrelid IN ('spread'::regclass, 'spread_1'::regclass, 'handed'::regclass, 'other.handed'::regclass, 'other.lent'::regclass) ORDER BY 1;

-- tables that versions show become parts of one that changes; a part leaves, with its
-- foreign key to a key that changes
CREATE TABLE key (id int PRIMARY KEY);
CREATE TABLE whole (id int PRIMARY KEY, n text, gone int, k int CONSTRAINT whole_k REFERENCES key) PARTITION BY RANGE (id);
CREATE TABLE whole_0 PARTITION OF whole FOR VALUES FROM (0) TO (10);
CREATE TABLE piece (id int NOT NULL, n text, gone int, k int);
CREATE TABLE still (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE still_1 (id int NOT NULL);
CREATE TABLE head (id int, n text);
CREATE TABLE hand (id int, n text);
INSERT INTO key VALUES (1);
SELECT pgroll_c.start_migration('08', '{"operations": [{"rename_table": {"from": "spread", "to": "spreads"}}]}', 'app');
SELECT pgroll_c.complete_migration('app');
SELECT pgroll_c.start_migration('09', '{"operations": [
	{"alter_column": {"table": "key", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}},
	{"alter_column": {"table": "whole", "column": "n", "type": "varchar(9)", "up": "upper(n)", "down": "lower(n)"}},
	{"drop_column": {"table": "whole", "column": "gone"}},
	{"alter_column": {"table": "head", "column": "n", "type": "varchar(9)", "up": "upper(n)", "down": "lower(n)"}}]}', 'app');
CALL pgroll_c.run_tasks('app');
ALTER TABLE hand INHERIT head;	-- fails
ALTER TABLE whole ATTACH PARTITION piece FOR VALUES FROM (10) TO (20);
ALTER TABLE still ATTACH PARTITION still_1 FOR VALUES FROM (10) TO (20);
SELECT to_regclass('app_08.piece'), to_regclass('app_09.piece'), to_regclass('app_09.still_1');
INSERT INTO app_08.piece VALUES (11, 'old', 1, 1);
INSERT INTO app_09.whole VALUES (12, 'NEW', 1);
CALL pgroll_c.run_tasks('app');
ALTER TABLE whole DETACH PARTITION whole_0;
CALL pgroll_c.run_tasks('app');
SELECT * FROM app_08.whole ORDER BY id;
SELECT * FROM app_09.whole ORDER BY id;
SELECT pgroll_c.complete_migration('app');
\d piece
SELECT conrelid::regclass, conname, convalidated FROM pg_constraint WHERE confrelid = 'key'::regclass ORDER BY conrelid::regclass::text;

-- a copy has no new check, and the parts of a new index are called after their tables
SELECT pgroll_c.start_migration('10', '{"operations": [
	{"create_index": {"table": "whole", "name": "whole_new", "columns": {"n": {}}}},
	{"create_constraint": {"table": "head", "name": "head_new", "type": "check", "columns": ["id"], "check": "id > 0", "up": {"id": "id"}, "down": {"id": "id"}}}]}', 'app');
CREATE TABLE copied (LIKE head INCLUDING ALL);
CALL pgroll_c.run_tasks('app');
ALTER TABLE piece RENAME TO renamed;
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid IN ('whole'::regclass, 'renamed'::regclass) ORDER BY indexrelid::regclass::text;
SELECT conrelid::regclass, conname FROM pg_constraint WHERE conrelid IN ('head'::regclass, 'copied'::regclass) AND contype = 'c';

RESET ROLE;
DROP OWNED BY regress_carry_members CASCADE;
DROP ROLE regress_carry_members;
