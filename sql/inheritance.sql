-- Partitions and inheritance children follow the table that is changed: rows of
-- all of them are written both ways and backfilled, their views show what their
-- parent's does, and what is their own stays theirs.
CREATE EXTENSION pgroll_c;
CREATE ROLE regress_inheritance;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_inheritance;
CREATE SCHEMA app AUTHORIZATION regress_inheritance;
SET ROLE regress_inheritance;
SET search_path = app;
SET client_min_messages = warning;

CREATE TABLE p (id int, a int NOT NULL DEFAULT 3, b text,
	CONSTRAINT positive CHECK (a > 0)) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);
-- of another shape, and with a default of its own
CREATE TABLE p2 (gone int, b text, id int, a int NOT NULL DEFAULT 5,
	CONSTRAINT positive CHECK (a > 0));
ALTER TABLE p2 DROP COLUMN gone;
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (100) TO (200);
CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (200) TO (300) PARTITION BY LIST (b);
CREATE TABLE p3_rest PARTITION OF p3 DEFAULT;
INSERT INTO p SELECT g, g + 1, 'b' FROM generate_series(0, 299) g;

CREATE TABLE parent (id int, a int, d int);
CREATE TABLE child (extra text) INHERITS (parent);
CREATE TABLE grandchild () INHERITS (child);
CREATE INDEX child_a ON child (a);
INSERT INTO parent VALUES (1, 1, 1);
INSERT INTO child VALUES (2, 2, 2, 'x');
INSERT INTO grandchild VALUES (3, 3, 3, 'y');
SELECT pgroll_c.baseline('01', 'app');

SELECT pgroll_c.start_migration('02', '{"operations": [
	{"alter_column": {"table": "p", "column": "a", "type": "bigint",
		"up": "a * 2", "down": "(a / 2)::int"}},
	{"alter_column": {"table": "parent", "column": "a", "type": "text",
		"up": "(a * 2)::text", "down": "a::int / 2"}},
	{"rename_column": {"table": "parent", "from": "id", "to": "number"}},
	{"add_column": {"table": "parent", "column": {"name": "n", "type": "int"},
		"up": "number + 1"}},
	{"drop_column": {"table": "parent", "column": "d", "down": "7"}}]}', 'app');
UPDATE app_02.p SET a = 77, id = 150 WHERE id = 50;		-- moves to p2
UPDATE app_01.p SET id = 250 WHERE id = 51;				-- awaits, moves to p3_rest
INSERT INTO app_01.p VALUES (99, 20, 'z');
SELECT * FROM app_01.p WHERE a IN (38, 52) OR b = 'z' ORDER BY id, a;
SELECT * FROM app_02.p WHERE a IN (77, 104) OR b = 'z' ORDER BY id, a;
UPDATE app_02.parent SET a = '50' WHERE number = 2;		-- a row of child
UPDATE app_02.grandchild SET a = '60' WHERE number = 3;
INSERT INTO app_02.child VALUES (4, '8', 'z', 44);
SELECT * FROM app_01.parent ORDER BY id;
SELECT * FROM app_01.child ORDER BY id;
CALL pgroll_c.run_tasks('app');
SELECT * FROM app_02.parent ORDER BY number;
SELECT * FROM app_02.child ORDER BY number;
SELECT * FROM app_02.grandchild ORDER BY number;
SELECT count(*) FROM app_01.p o JOIN app_02.p n USING (id, b)
	WHERE n.a IS DISTINCT FROM o.a * 2 AND id NOT IN (150, 250);	-- 0
SELECT pgroll_c.complete_migration('app');
SELECT * FROM app_02.child ORDER BY number;
SELECT attrelid::regclass AS relation, attname, format_type(atttypid, atttypmod) AS type,
		attnotnull, pg_get_expr(adbin, adrelid) AS default_expr
	FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
	WHERE attrelid IN ('p'::regclass, 'p1'::regclass, 'p2'::regclass, 'p3_rest'::regclass,
			'parent'::regclass, 'child'::regclass, 'grandchild'::regclass)
		AND attnum > 0 AND NOT attisdropped
	ORDER BY attrelid::regclass::text, attname;
SELECT conrelid::regclass AS relation, conname, pg_get_constraintdef(oid)
	FROM pg_constraint WHERE conname = 'positive' ORDER BY conrelid::regclass::text;
SELECT pg_get_indexdef('child_a'::regclass);
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE NOT tgisinternal;	-- no rows

-- a column that a parent decides on; both in one migration
SELECT pgroll_c.start_migration('03', '{"operations": [{"rename_column":
	{"table": "child", "from": "a", "to": "aa"}}]}', 'app');	-- fails
SELECT pgroll_c.start_migration('03', '{"operations": [{"drop_column":
	{"table": "child", "column": "a"}}]}', 'app');	-- fails
SELECT pgroll_c.start_migration('03', '{"operations": [
	{"alter_column": {"table": "parent", "column": "a", "nullable": false,
		"up": "coalesce(a, '''')"}},
	{"alter_column": {"table": "child", "column": "extra", "nullable": false,
		"up": "coalesce(extra, '''')"}}]}', 'app');	-- fails

-- a rollback takes everything away again
SELECT pgroll_c.start_migration('04', '{"operations": [
	{"alter_column": {"table": "p", "column": "a", "type": "int",
		"up": "a", "down": "a"}},
	{"add_column": {"table": "parent", "column": {"name": "m", "type": "int"},
		"up": "number + 1"}}]}', 'app');
SELECT pgroll_c.rollback_migration('app');
SELECT attrelid::regclass, attname FROM pg_attribute
	WHERE attname LIKE '\_pgroll%' AND NOT attisdropped;	-- no rows
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE NOT tgisinternal;	-- no rows

-- a child that has two parents with a parent of their own
CREATE TABLE top (id int, a int CHECK (a > 0));
CREATE TABLE left_side (l text) INHERITS (top);
CREATE TABLE right_side (r text) INHERITS (top);
CREATE TABLE bottom (b text) INHERITS (left_side, right_side);
INSERT INTO bottom VALUES (1, 1, 'l', 'r', 'b');
SELECT pgroll_c.start_migration('05', '{"operations": [
	{"alter_column": {"table": "top", "column": "a", "type": "bigint",
		"up": "a * 2", "down": "a / 2"}},
	{"rename_column": {"table": "top", "from": "id", "to": "number"}},
	{"add_column": {"table": "top", "column": {"name": "n", "type": "int"},
		"up": "number + 1"}}]}', 'app');
INSERT INTO app_05.bottom VALUES (2, 4, 'l', 'r', 'b', 22);
CREATE TABLE late () INHERITS (left_side, right_side);
INSERT INTO late (id, a) VALUES (3, 3);
CALL pgroll_c.run_tasks('app');
SELECT id, a FROM top ORDER BY id;			-- 1, 2, 3
SELECT * FROM app_05.top ORDER BY number;
SELECT pgroll_c.complete_migration('app');
SELECT * FROM app_05.bottom ORDER BY number;
SELECT attname, attinhcount, attislocal FROM pg_attribute
	WHERE attrelid = 'bottom'::regclass AND attnum > 0 AND NOT attisdropped
	ORDER BY attname COLLATE "C";
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated
	FROM pg_constraint WHERE conname = 'top_a_check' ORDER BY conrelid::regclass::text;

-- what depends on the column of a child is seen at the start
CREATE MATERIALIZED VIEW of_bottom AS SELECT a, ctid AS place FROM bottom;
SELECT pgroll_c.start_migration('06', '{"operations": [{"alter_column":
	{"table": "top", "column": "a", "type": "int", "up": "a", "down": "a"}}]}', 'app');	-- fails
DROP MATERIALIZED VIEW of_bottom;

-- a column that a child has from two tables which have nothing in common
CREATE TABLE one (id int, a int, x int);
CREATE TABLE two (id int, b int);
CREATE TABLE of_both () INHERITS (one, two);
SELECT pgroll_c.start_migration('06', '{"operations": [{"rename_column":
	{"table": "two", "from": "id", "to": "number"}}]}', 'app');	-- fails
SELECT pgroll_c.start_migration('06', '{"operations": [{"drop_column":
	{"table": "one", "column": "id"}}]}', 'app');	-- fails
SELECT pgroll_c.start_migration('06', '{"operations": [{"alter_column":
	{"table": "one", "column": "id", "type": "bigint", "up": "id", "down": "id"}}]}', 'app');	-- fails
-- two columns of both, and of another base schema's migration
SELECT pgroll_c.start_migration('06', '{"operations": [
	{"alter_column": {"table": "one", "column": "a", "type": "bigint", "up": "a", "down": "a"}},
	{"alter_column": {"table": "two", "column": "b", "type": "bigint", "up": "b", "down": "b"}}]}', 'app');	-- fails
CREATE SCHEMA app2;
CREATE TABLE app2.three (c int);
ALTER TABLE of_both ADD c int;
ALTER TABLE of_both INHERIT app2.three;
SELECT pgroll_c.start_migration('06', '{"operations": [
	{"alter_column": {"table": "one", "column": "a", "type": "bigint", "up": "a", "down": "a"}}]}', 'app');
SELECT pgroll_c.start_migration('06', '{"operations": [
	{"alter_column": {"table": "three", "column": "c", "type": "bigint", "up": "c", "down": "c"}}]}', 'app2');	-- fails
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
-- a column of the child's own in the way
SELECT pgroll_c.start_migration('07', '{"operations": [{"rename_column":
	{"table": "one", "from": "x", "to": "c"}}]}', 'app');	-- fails
SELECT pgroll_c.start_migration('07', '{"operations": [{"add_column":
	{"table": "one", "column": {"name": "c", "type": "int", "nullable": true}}}]}', 'app');	-- fails

-- a copy of a table in flight has nothing of the migration; it gets what it
-- needs when it becomes a child, and what it then has goes with the migration
CREATE TABLE origin (id int, a int NOT NULL CHECK (a > 0));
INSERT INTO origin VALUES (1, 1);
SELECT pgroll_c.start_migration('08', '{"operations": [
	{"alter_column": {"table": "origin", "column": "a", "type": "bigint", "up": "a * 2", "down": "a / 2"}},
	{"alter_column": {"table": "p", "column": "a", "type": "int", "up": "a", "down": "a"}}]}', 'app');
CALL pgroll_c.run_tasks('app');
CREATE TABLE copied (LIKE origin INCLUDING ALL);
CREATE TABLE as_child (LIKE origin INCLUDING ALL) INHERITS (origin);
CREATE TABLE full_child (LIKE origin INCLUDING ALL);
CREATE TABLE p4 (LIKE p INCLUDING ALL);
CREATE TABLE p5 (LIKE p);
ALTER TABLE p5 ADD CONSTRAINT positive CHECK (a > 0);
CREATE VIEW columns_of AS
	SELECT attrelid::regclass AS relation, attname, format_type(atttypid, atttypmod) AS type, attnotnull
	FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attrelid::regclass::text
		IN ('copied', 'as_child', 'full_child', 'origin', 'p4', 'p5');
SELECT * FROM columns_of WHERE relation::text IN ('copied', 'full_child', 'p4')
	ORDER BY relation::text, attname;
INSERT INTO copied VALUES (2, 2);
INSERT INTO full_child VALUES (3, 3);
ALTER TABLE full_child INHERIT origin;			-- fails: its rows have no new value
TRUNCATE full_child;
ALTER TABLE full_child INHERIT origin;
INSERT INTO full_child (id, a) VALUES (3, 3);
INSERT INTO as_child (id, a) VALUES (4, 4);
ALTER TABLE p ATTACH PARTITION p4 FOR VALUES FROM (300) TO (400);
ALTER TABLE p ATTACH PARTITION p5 FOR VALUES FROM (400) TO (500);
INSERT INTO app_08.p VALUES (310, 5, 'b'), (410, 5, 'b');
SELECT * FROM app_08.origin ORDER BY id;		-- a: 2, 6, 8
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT * FROM columns_of ORDER BY relation::text, attname;
SELECT conrelid::regclass AS relation, conname, pg_get_constraintdef(oid)
	FROM pg_constraint WHERE contype = 'c' AND conrelid::regclass::text
		IN ('copied', 'as_child', 'full_child', 'origin', 'p4', 'p5')
	ORDER BY conrelid::regclass::text, conname;

-- the same where it is rolled back
SELECT pgroll_c.start_migration('09', '{"operations": [
	{"alter_column": {"table": "origin", "column": "a", "type": "int", "up": "a", "down": "a"}}]}', 'app');
CALL pgroll_c.run_tasks('app');
CREATE TABLE copied2 (LIKE origin INCLUDING ALL);
CREATE TABLE child2 (LIKE origin INCLUDING ALL);
ALTER TABLE child2 INHERIT origin;
SELECT pgroll_c.rollback_migration('app');
SELECT attrelid::regclass, attname FROM pg_attribute
	WHERE attname LIKE '\_pgroll%' AND NOT attisdropped;	-- no rows
SELECT conrelid::regclass, conname FROM pg_constraint WHERE conname LIKE '\_pgroll%';	-- no rows

-- a default of the parent's column is its children's in the new version, whatever
-- they had
CREATE TABLE person (id int PRIMARY KEY, note text DEFAULT 'old');
CREATE TABLE employee () INHERITS (person);
ALTER TABLE employee ALTER note SET DEFAULT 'own';
SELECT pgroll_c.start_migration('10', '{"operations": [{"alter_column":
	{"table": "person", "column": "note", "default": null}}]}', 'app');
INSERT INTO app_10.employee VALUES (1) RETURNING note;
INSERT INTO app.employee VALUES (2) RETURNING note;
SELECT pgroll_c.complete_migration('app');
INSERT INTO app_10.employee VALUES (3) RETURNING note;
SELECT pgroll_c.start_migration('11', '{"operations": [
	{"alter_column": {"table": "person", "column": "note", "default": "''new''"}},
	{"alter_column": {"table": "person", "column": "note", "nullable": false, "up": "coalesce(note, '''')"}}]}', 'app');
INSERT INTO app_11.employee VALUES (4) RETURNING note;
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
INSERT INTO app.employee VALUES (5) RETURNING note;

-- what hangs on the column of a partition or child alone stays its own, also what
-- is granted meanwhile
CREATE TABLE owner_of (id int, n text, k int) PARTITION BY LIST (k);
CREATE TABLE owner_of_1 PARTITION OF owner_of FOR VALUES IN (1);
CREATE TABLE owner_of_2 PARTITION OF owner_of FOR VALUES IN (2) PARTITION BY LIST (id);
CREATE TABLE owner_of_2_rest (k int, id int, n text);
ALTER TABLE owner_of_2 ATTACH PARTITION owner_of_2_rest DEFAULT;
CREATE TABLE heir (n text) INHERITS (person);
ALTER TABLE person ADD n text;
ALTER TABLE owner_of ALTER n SET STATISTICS 11, ALTER n SET STORAGE external;
ALTER TABLE owner_of_1 ALTER n SET STATISTICS 22, ALTER n SET (n_distinct = 5);
ALTER TABLE owner_of_2 ALTER n SET STATISTICS 33, ALTER n SET STORAGE main;
ALTER TABLE owner_of_2_rest ALTER n SET STATISTICS -1, ALTER n SET STORAGE extended,
	ALTER n SET COMPRESSION pglz;
ALTER TABLE heir ALTER n SET STATISTICS 44, ALTER n SET STORAGE external;
COMMENT ON COLUMN owner_of.n IS 'whole';
COMMENT ON COLUMN owner_of_1.n IS 'one';
COMMENT ON COLUMN owner_of_2_rest.n IS 'rest';
COMMENT ON COLUMN heir.n IS 'heir''s';
GRANT SELECT (n) ON owner_of TO pg_monitor;
GRANT UPDATE (n) ON owner_of_1, owner_of_2_rest, heir TO PUBLIC;
CREATE VIEW attributes_of AS
	SELECT attrelid::regclass::text COLLATE "C" AS relation,
			nullif(attstattarget, -1) AS target, attstorage AS storage,
			attcompression AS compression,
			(SELECT array_agg(o) FROM unnest(attoptions) o WHERE o NOT LIKE 'pg\_%') AS options,
			col_description(attrelid, attnum) AS comment,
			ARRAY(SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END
					|| ' ' || privilege_type FROM aclexplode(attacl) ORDER BY 1) AS grants
		FROM pg_attribute
		WHERE attname = 'n' AND attrelid IN ('heir'::regclass, 'person'::regclass,
			'owner_of'::regclass, 'owner_of_1'::regclass, 'owner_of_2'::regclass,
			'owner_of_2_rest'::regclass);
SELECT pgroll_c.start_migration('12', '{"operations": [
	{"alter_column": {"table": "owner_of", "column": "n", "nullable": false, "up": "coalesce(n, '''')"}},
	{"alter_column": {"table": "person", "column": "n", "nullable": false, "up": "coalesce(n, '''')"}}]}', 'app');
GRANT INSERT (n) ON owner_of_1, heir TO pg_monitor;
REVOKE UPDATE (n) ON owner_of_2_rest FROM PUBLIC;
CREATE TEMP TABLE before AS SELECT * FROM attributes_of;
CALL pgroll_c.run_tasks('app');
SELECT pgroll_c.complete_migration('app');
SELECT * FROM attributes_of ORDER BY relation;
SELECT * FROM before EXCEPT SELECT * FROM attributes_of;	-- no rows

RESET ROLE;
DROP OWNED BY regress_inheritance CASCADE;
DROP ROLE regress_inheritance;
