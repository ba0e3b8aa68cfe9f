-- Serial and identity columns that are added to a table with rows.
CREATE EXTENSION pgroll_c;
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_serial_app;
CREATE ROLE regress_serial_owner;
GRANT CREATE, USAGE ON SCHEMA public TO regress_serial_owner;
-- What the column and its sequence are, names of schemas left out.
CREATE FUNCTION facts(relation regclass) RETURNS TABLE (fact text) LANGUAGE sql AS $$
	SELECT format('column %s %s %s%s', a.attname, format_type(a.atttypid, a.atttypmod),
		CASE WHEN a.attnotnull THEN 'not null' END,
		coalesce(' identity ' || nullif(a.attidentity, '')::text, ' default ' || regexp_replace(pg_get_expr(d.adbin, d.adrelid), '(public|twin)\.', '')))
	FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
	UNION ALL
	SELECT format('sequence %s of %s %s %s %s %s %s %s %s %s %s %s', c.relname, a.attname, d.deptype, seqtypid::regtype::text,
		seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle, c.relpersistence, c.relowner = t.relowner)
	FROM pg_depend d JOIN pg_class c ON c.oid = d.objid JOIN pg_sequence ON seqrelid = c.oid JOIN pg_class t ON t.oid = relation
		JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
	WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = relation
	ORDER BY 1;
$$;
CREATE FUNCTION differences(name text) RETURNS TABLE (only_ours text, only_twins text) LANGUAGE sql AS $$
	SELECT o.fact, t.fact FROM facts(format('public.%I', name)) o FULL JOIN facts(format('twin.%I', name)) t USING (fact)
	WHERE o IS NULL OR t IS NULL;
$$;
CREATE FUNCTION add_column(relation text, col text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT format('{"operations": [{"add_column": {"table": %s, "column": %s}}]}', to_json(relation), col)::jsonb;
$$;
CREATE FUNCTION error(document jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text; detail text; hint text;
BEGIN
	PERFORM pgroll_c.validate_migration('x', document);
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN format('%s: %s | %s | %s', SQLSTATE, message, detail, hint);
END $$;

CREATE TABLE item (id int PRIMARY KEY, a text);
INSERT INTO item SELECT i, 'x' || i FROM generate_series(1, 5) i;
GRANT SELECT, INSERT, UPDATE ON item TO regress_serial_app;
CREATE SCHEMA twin;
CREATE TABLE twin.item (LIKE item);
SELECT pgroll_c.baseline('01');
SELECT add_column('item', '{"name": "n", "type": "serial"}') AS serial,
	add_column('item', '{"name": "n", "type": "bigint", "generated": {"identity": {"sequence_options": "START 50 INCREMENT 5"}}}') AS identity \gset

-- serial: the old version needs no privilege on the sequence, the new one does
SELECT relation, lock_mode, command FROM pgroll_c.plan_migration('02', :'serial') WHERE relation ~ 'item_n_seq|^public_02.item';
SELECT pgroll_c.start_migration('02', :'serial');
SELECT * FROM facts('item') WHERE fact ~ 'seq';
SET ROLE regress_serial_app;
INSERT INTO public_01.item VALUES (6, 'old');
INSERT INTO public_02.item VALUES (7, 'new'); -- fails
INSERT INTO public_02.item VALUES (7, 'new', 1000);
RESET ROLE;
INSERT INTO public_02.item VALUES (8, 'new');
INSERT INTO public_02.item VALUES (9, 'new', DEFAULT);
INSERT INTO public_02.item VALUES (10, 'new', NULL); -- fails
INSERT INTO item VALUES (11, 'base');
CALL pgroll_c.wait_for_migration();
UPDATE public_02.item SET n = DEFAULT WHERE id = 7;
SELECT count(*), count(DISTINCT n), min(n), max(n) FROM public_02.item;
DROP SEQUENCE item_n_seq; -- fails
DROP SEQUENCE item_n_seq CASCADE; -- fails
ALTER SEQUENCE item_n_seq RENAME TO other; -- fails
ALTER TABLE item_n_seq RENAME TO other; -- fails
ALTER SEQUENCE item_n_seq OWNED BY NONE; -- fails
ALTER SEQUENCE item_n_seq SET SCHEMA twin; -- fails
-- a rollback leaves no sequence
SELECT lock_mode, command FROM pgroll_c.plan_migration('02', :'serial') WHERE phase = 'rollback' AND relation !~ '_0';
SELECT pgroll_c.rollback_migration();
SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace; -- no rows

SELECT pgroll_c.start_migration('02', :'serial');
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();
ALTER TABLE twin.item ADD n serial;
SELECT * FROM differences('item'); -- no rows
SELECT * FROM facts('item');
SELECT max(n) + 1 AS expected FROM public_02.item \gset
INSERT INTO public_02.item VALUES (12, 'after') RETURNING n = :expected AS goes_on;
CALL pgroll_c.migrate('03', '{"operations": [{"drop_column": {"table": "item", "column": "n"}}]}');
SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace; -- no rows

-- identity: nobody needs a privilege; NULL means not given
SELECT pgroll_c.start_migration('04', :'identity');
SET ROLE regress_serial_app;
INSERT INTO public_03.item VALUES (20, 'old') RETURNING *;
INSERT INTO public_04.item VALUES (21, 'new') RETURNING n > 49;
INSERT INTO public_04.item VALUES (22, 'new', NULL), (24, 'new', DEFAULT) RETURNING n > 49;
INSERT INTO public_04.item (id, n) VALUES (23, 7) RETURNING id, n; -- fails
INSERT INTO public_04.item (id, n) OVERRIDING SYSTEM VALUE VALUES (23, 7) RETURNING id, n;
UPDATE public_04.item SET n = 8 WHERE id = 23; -- fails
UPDATE public_04.item SET n = DEFAULT WHERE id IN (21, 22) RETURNING n > 49;
UPDATE public_04.item SET n = DEFAULT WHERE id = 20 RETURNING n > 49;
RESET ROLE;
DROP SEQUENCE item_n_seq; -- fails
GRANT SELECT ON item_n_seq TO regress_serial_app;
COMMENT ON SEQUENCE item_n_seq IS 'numbers of items';
CALL pgroll_c.wait_for_migration();
SELECT count(*), count(DISTINCT n), min(n), bool_and(n = 7 OR n % 5 = 0) FROM public_04.item;
SELECT pgroll_c.complete_migration();
ALTER TABLE twin.item DROP n, ADD n bigint GENERATED ALWAYS AS IDENTITY (START 50 INCREMENT 5);
SELECT * FROM differences('item'); -- no rows
SELECT * FROM facts('item');
SELECT has_sequence_privilege('regress_serial_app', 'item_n_seq', 'SELECT') AS granted, obj_description('item_n_seq'::regclass) AS comment;
SELECT max(n) + 5 AS expected FROM public_04.item \gset
SET ROLE regress_serial_app;
INSERT INTO public_04.item VALUES (30, 'after') RETURNING n = :expected AS goes_on;
INSERT INTO public_04.item VALUES (31, 'after', 5); -- fails
RESET ROLE;
CALL pgroll_c.migrate('05', '{"operations": [{"drop_column": {"table": "item", "column": "n"}}]}');

-- what others make of an identity's sequence meanwhile stays
SELECT pgroll_c.start_migration('05a', :'identity');
ALTER SEQUENCE item_n_seq INCREMENT 7 CACHE 3 MINVALUE 40 START 44 RESTART 1000;
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();
SELECT pg_get_serial_sequence('item', 'n'), seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle
	FROM pg_sequence WHERE seqrelid = pg_get_serial_sequence('item', 'n')::regclass;
INSERT INTO public_05a.item (id) VALUES (32) RETURNING n >= 1000;
SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace ORDER BY 1;
CALL pgroll_c.migrate('05b', '{"operations": [{"drop_column": {"table": "item", "column": "n"}}]}');
SELECT pgroll_c.start_migration('05c', :'identity');
ALTER SEQUENCE item_n_seq SET UNLOGGED;
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();
SELECT relname, relpersistence FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace ORDER BY 1;
CALL pgroll_c.migrate('05d', '{"operations": [{"drop_column": {"table": "item", "column": "n"}}]}');

-- both kinds at once, hostile names, and a trigger of the user's between ours
CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.a := new.a || ''!''; RETURN new; END';
CREATE TRIGGER note BEFORE INSERT OR UPDATE ON item FOR EACH ROW EXECUTE FUNCTION note_it();
CREATE SEQUENCE "item_Select_seq";
SELECT pgroll_c.start_migration('06', '{"operations": [
	{"add_column": {"table": "item", "column": {"name": "Select", "type": "smallserial"}}},
	{"add_column": {"table": "item", "column": {"name": "a b; --", "type": "int", "generated": {"identity": {"user_specified_values": "BY DEFAULT"}}}}},
	{"add_column": {"table": "item", "column": {"name": "a234567890123456789012345678901234567890123456789012345678901bc", "type": "bigserial"}}},
	{"add_column": {"table": "item", "column": {"name": "a234567890123456789012345678901234567890123456789012345678901bd", "type": "bigserial"}}},
	{"add_column": {"table": "item", "column": {"name": "named", "type": "int", "generated": {"identity": {"sequence_options": "SEQUENCE NAME \"its \"\"own\" START 9"}}}}}]}');
INSERT INTO public_05d.item VALUES (40, 'old');
INSERT INTO public_06.item (id, a) VALUES (41, 'new');
INSERT INTO public_06.item (id, a, named) OVERRIDING SYSTEM VALUE VALUES (42, 'new', 1);
SELECT id, a, CASE WHEN named < 9 THEN named END AS given FROM public_06.item WHERE id >= 40 ORDER BY id;
CALL pgroll_c.wait_for_migration();
SELECT count(*) = count(DISTINCT "Select"), count(*) = count(DISTINCT "a b; --"), count(*) = count(DISTINCT named) FROM public_06.item;
SELECT pgroll_c.complete_migration();
ALTER TABLE twin.item DROP n;
CREATE SEQUENCE twin."item_Select_seq";
ALTER TABLE twin.item ADD "Select" smallserial, ADD "a b; --" int GENERATED BY DEFAULT AS IDENTITY,
	ADD a234567890123456789012345678901234567890123456789012345678901bc bigserial,
	ADD a234567890123456789012345678901234567890123456789012345678901bd bigserial,
	ADD named int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME twin."its ""own" START 9);
SELECT * FROM differences('item'); -- no rows
SELECT * FROM facts('item');
INSERT INTO public_06.item (id, a) VALUES (43, 'after') RETURNING "a b; --" = (SELECT max("a b; --") + 1 FROM item) AS goes_on;
DROP SEQUENCE "item_Select_seq";

-- writers of both versions while the rows are filled
CREATE TABLE busy (id int PRIMARY KEY, a text);
INSERT INTO busy SELECT i, 'x' FROM generate_series(1, 3000) i;
CREATE PROCEDURE write_busy() LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 3001..3200 LOOP
		INSERT INTO public_07.busy VALUES (i, 'old');
		INSERT INTO public_08.busy (id, a) VALUES (i + 1000, 'new');
		UPDATE public_07.busy SET a = 'upd' WHERE id = i - 3000;
		UPDATE public_08.busy SET a = 'upd' WHERE id = i - 2000;
		COMMIT;
	END LOOP;
END $$;
CALL pgroll_c.migrate('07', '{"operations": [{"sql": {"up": "SELECT 1"}}]}');
SELECT pgroll_c.start_migration('08', '{"operations": [
	{"add_column": {"table": "busy", "column": {"name": "n", "type": "serial"}}},
	{"add_column": {"table": "busy", "column": {"name": "m", "type": "int", "generated": {"identity": {}}}}}]}');
CALL write_busy();
CALL pgroll_c.wait_for_migration();
SELECT count(*), count(DISTINCT n), count(DISTINCT m), count(*) FILTER (WHERE a = 'upd') FROM public_08.busy;
SELECT pgroll_c.complete_migration();
SELECT max(n) + 1 AS n, max(m) + 1 AS m FROM public_08.busy \gset
INSERT INTO public_08.busy VALUES (9999, 'after') RETURNING n = :n AS n_goes_on, m = :m AS m_goes_on;

-- partitions, children, unlogged tables, tables of another owner
CREATE TABLE part (id int, k int) PARTITION BY LIST (k);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2);
CREATE TABLE parent (id int);
CREATE TABLE child (more int) INHERITS (parent);
CREATE UNLOGGED TABLE light (id int);
CREATE TABLE foreign_owned (id int);
INSERT INTO part VALUES (1, 1), (2, 2);
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (2, 2);
INSERT INTO light VALUES (1), (2);
INSERT INTO foreign_owned VALUES (1), (2);
ALTER TABLE foreign_owned OWNER TO regress_serial_owner;
GRANT INSERT ON part_1 TO regress_serial_app;
CALL pgroll_c.migrate('09', '{"operations": [{"sql": {"up": "SELECT 1"}}]}');
SELECT pgroll_c.start_migration('10', '{"operations": [
	{"add_column": {"table": "part", "column": {"name": "n", "type": "serial"}}},
	{"add_column": {"table": "parent", "column": {"name": "n", "type": "serial"}}},
	{"add_column": {"table": "light", "column": {"name": "n", "type": "serial"}}},
	{"add_column": {"table": "light", "column": {"name": "m", "type": "int", "generated": {"identity": {}}}}},
	{"add_column": {"table": "foreign_owned", "column": {"name": "n", "type": "serial"}}},
	{"add_column": {"table": "foreign_owned", "column": {"name": "m", "type": "int", "generated": {"identity": {}}}}}]}');
SET ROLE regress_serial_app;
INSERT INTO part_1 VALUES (3, 1);
RESET ROLE;
INSERT INTO public_09.part VALUES (4, 2);
INSERT INTO public_10.part VALUES (5, 1);
INSERT INTO public_09.child VALUES (3, 3);
INSERT INTO public_10.child (id) VALUES (4);
CALL pgroll_c.wait_for_migration();
SELECT count(*), count(DISTINCT n) FROM public_10.part;
SELECT count(*), count(DISTINCT n) FROM public_10.parent;
SELECT pgroll_c.complete_migration();
SELECT * FROM facts('part');
SELECT * FROM facts('part_1');
SELECT * FROM facts('child');
SELECT * FROM facts('light');
SELECT * FROM facts('foreign_owned');

-- an identity of a partitioned table, from 17 on; before, it is refused
SELECT current_setting('server_version_num')::int >= 170000 AS has_them \gset
\set document '{"operations": [{"add_column": {"table": "part", "column": {"name": "i", "type": "int", "generated": {"identity": {"sequence_options": "START 10"}}}}}]}'
SELECT CASE WHEN :'has_them' THEN 'as it should be' ELSE 'refused' END AS expected \gset
\if :has_them
SELECT pgroll_c.start_migration('10_i', :'document') \g /dev/null
INSERT INTO public_10.part VALUES (6, 2);
INSERT INTO part_2 VALUES (7, 2);
INSERT INTO public_10_i.part (id, k) VALUES (8, 1);
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration() \g /dev/null
INSERT INTO public_10_i.part (id, k) VALUES (9, 1);
INSERT INTO part_2 (id, k) VALUES (10, 2);
SELECT CASE WHEN count(*) = 10 AND count(DISTINCT i) = 10 AND min(i) = 10 AND max(i) = 19
	AND (SELECT bool_and(attidentity = 'a' AND attnotnull) FROM pg_attribute WHERE attrelid IN ('part'::regclass, 'part_1'::regclass, 'part_2'::regclass) AND attname = 'i')
	THEN 'as it should be' ELSE 'wrong' END AS got FROM part \gset
\else
SELECT CASE error(:'document') WHEN '0A000: identity column "i" cannot be added to table "part", which has partitions or children | At operations[0].add_column.column.generated.identity. | Add a column of type serial or bigserial.'
	THEN 'refused' ELSE 'wrong' END AS got \gset
CALL pgroll_c.migrate('10_i', '{"operations": [{"sql": {"up": "SELECT 1"}}]}');
\endif
SELECT :'got' = :'expected' AS partitions;

-- together with other operations on the column
SELECT pgroll_c.start_migration('11', '{"operations": [
	{"rename_table": {"from": "light", "to": "lamp"}},
	{"add_column": {"table": "lamp", "column": {"name": "x", "type": "serial"}}},
	{"alter_column": {"table": "lamp", "column": "x", "type": "bigint", "up": "x + 1000", "down": "x"}},
	{"rename_column": {"table": "lamp", "from": "x", "to": "y"}},
	{"add_column": {"table": "lamp", "column": {"name": "z", "type": "int", "generated": {"identity": {}}}}},
	{"alter_column": {"table": "lamp", "column": "z", "type": "bigint", "up": "z", "down": "z"}},
	{"add_column": {"table": "lamp", "column": {"name": "gone", "type": "serial"}}},
	{"drop_column": {"table": "lamp", "column": "gone"}},
	{"add_column": {"table": "lamp", "column": {"name": "old_id", "type": "serial"}, "up": "id"}}]}');
INSERT INTO public_11.lamp (id) VALUES (3);
CALL pgroll_c.wait_for_migration();
SELECT id, y > 1000 AS y_up, z IS NOT NULL AS z, old_id FROM public_11.lamp ORDER BY id;
SELECT pgroll_c.complete_migration();
SELECT * FROM facts('lamp');

-- what is refused
SELECT error(add_column('item', '{"name": "x", "type": "int", "generated": {"expression": "id * 2"}}'));
SELECT error(add_column('item', '{"name": "x", "type": "serial", "default": "1"}'));
SELECT error(add_column('item', '{"name": "x", "type": "text", "generated": {"identity": {}}}'));
SELECT error(add_column('item', '{"name": "x", "type": "int", "generated": {"identity": {"sequence_options": "START 1) NOT NULL, ADD y int DEFAULT (1"}}}'));
SELECT error(add_column('item', '{"name": "x", "type": "int", "generated": {"identity": {"sequence_options": "START 1)) PARTITION BY RANGE ((c"}}}'));
SELECT error(add_column('item', '{"name": "x", "type": "int", "generated": {"identity": {"sequence_options": "SEQUENCE NAME busy"}}}'));
SELECT error(add_column('item', '{"name": "x", "type": "int", "generated": {"identity": {"sequence_options": "SEQUENCE NAME _pgroll_c_s"}}}'));
SELECT error(add_column('parent', '{"name": "x", "type": "int", "generated": {"identity": {}}}'));
SELECT error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "int", "generated": {"identity": {}}}, "up": "1"}}]}');
SELECT error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "serial"}}},
	{"add_column": {"table": "item", "column": {"name": "y", "type": "int"}, "up": "x"}}]}');
SELECT error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "serial"}}},
	{"create_table": {"name": "item_x_seq", "columns": [{"name": "x", "type": "int"}]}}]}');
SELECT error('{"operations": [{"create_table": {"name": "other", "columns": [{"name": "x", "type": "serial"}]}},
	{"add_column": {"table": "item", "column": {"name": "x", "type": "int", "generated": {"identity": {"sequence_options": "SEQUENCE NAME other_x_seq"}}}}}]}');

DROP SCHEMA twin CASCADE;
DROP OWNED BY regress_serial_app, regress_serial_owner;
DROP ROLE regress_serial_app;
DROP ROLE regress_serial_owner;
