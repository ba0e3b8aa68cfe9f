-- The plan of a completion, made before the start, is the one that is made when
-- the migration is ready.
CREATE EXTENSION pgroll_c;
CREATE FUNCTION completion(document jsonb) RETURNS TABLE (number bigint, operation int, command text, lock_mode text, relation text)
	LANGUAGE sql AS $$
	SELECT row_number() OVER (), operation, command, lock_mode, relation
	FROM pgroll_c.plan_migration('02', document) WHERE phase = 'complete';
$$;
CREATE PROCEDURE compare(document jsonb, counted boolean DEFAULT true) LANGUAGE plpgsql AS $$
DECLARE
	foreseen text[];
	present text[];
BEGIN
	SELECT array_agg(c::text ORDER BY number) INTO foreseen FROM completion(document) c;
	PERFORM pgroll_c.start_migration('02', document);
	COMMIT;
	CALL pgroll_c.wait_for_migration();
	COMMIT;
	SELECT array_agg(c::text ORDER BY number) INTO present FROM completion(document) c;
	IF foreseen IS DISTINCT FROM present THEN
		RAISE NOTICE 'foreseen: %', foreseen;
		RAISE NOTICE 'ready: %', present;
	ELSE
		RAISE NOTICE '% steps agree', CASE WHEN counted THEN coalesce(cardinality(present), 0)::text ELSE 'the' END;
	END IF;
	PERFORM pgroll_c.rollback_migration();
	COMMIT;
END $$;

\set VERBOSITY terse
CREATE ROLE regress_foreseen_reader;
CREATE TABLE country (code text PRIMARY KEY);
CREATE SEQUENCE person_number;
CREATE TABLE person (
	id int PRIMARY KEY,
	number int NOT NULL DEFAULT nextval('person_number') CONSTRAINT positive CHECK (number > 0),
	country text REFERENCES country DEFERRABLE,
	name varchar(20) COLLATE "C" DEFAULT 'nobody',
	age int,
	UNIQUE (number, name), CHECK (age < number));
ALTER SEQUENCE person_number OWNED BY person.number;
CREATE INDEX person_name ON person (lower(name), number DESC, age) INCLUDE (country) WHERE number > 3;
COMMENT ON INDEX person_name IS 'to find them';
COMMENT ON COLUMN person.number IS 'a number';
COMMENT ON CONSTRAINT positive ON person IS 'it is';
ALTER TABLE person CLUSTER ON person_number_name_key;
ALTER TABLE person REPLICA IDENTITY USING INDEX person_pkey;
GRANT SELECT (number), UPDATE (name) ON person TO regress_foreseen_reader;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER of_number BEFORE UPDATE OF number, age ON person FOR EACH ROW WHEN (new.age > 0) EXECUTE FUNCTION nothing();
CREATE TABLE place (id int, kind int DEFAULT 1, note text, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE place_1 PARTITION OF place FOR VALUES IN (1);
ALTER TABLE place_1 ALTER note SET DEFAULT 'one';
CREATE TABLE parent (id int, note text NOT NULL);
CREATE TABLE child (more text) INHERITS (parent);
CREATE TABLE visit (id int PRIMARY KEY, person int REFERENCES person);
INSERT INTO country VALUES ('de');
INSERT INTO person SELECT i, i, 'de', 'p' || i, i - 1 FROM generate_series(1, 10) i;
SELECT pgroll_c.baseline('01');

CALL compare('{"operations": [{"alter_column": {"table": "person", "column": "number", "type": "bigint", "up": "number::bigint", "down": "number::int"}}]}');
CALL compare('{"operations": [{"alter_column": {"table": "person", "column": "country", "type": "varchar(9)", "up": "left(country, 9)", "down": "country"}}]}');
CALL compare('{"operations": [{"alter_column": {"table": "person", "column": "name", "type": "text", "nullable": false, "default": "''x''", "comment": "new", "up": "coalesce(name, ''?'')", "down": "left(name, 20)"}}, {"rename_column": {"table": "person", "from": "name", "to": "label"}}, {"rename_table": {"from": "person", "to": "people"}}, {"add_column": {"table": "people", "column": {"name": "name", "type": "text", "nullable": false}, "up": "label"}}]}');
CALL compare('{"operations": [{"alter_column": {"table": "person", "column": "age", "nullable": false, "up": "coalesce(age, 0)"}}, {"alter_column": {"table": "person", "column": "number", "nullable": true, "down": "coalesce(number, 1)"}}]}');
CALL compare('{"operations": [{"rename_column": {"table": "person", "from": "age", "to": "swap"}}, {"rename_column": {"table": "person", "from": "number", "to": "age"}}, {"rename_column": {"table": "person", "from": "swap", "to": "number"}}]}');
CALL compare('{"operations": [{"alter_column": {"table": "place", "column": "note", "type": "varchar(90)", "up": "note", "down": "note"}}, {"add_column": {"table": "place", "column": {"name": "rank", "type": "int", "nullable": false}, "up": "kind * 2"}}]}');
ALTER TABLE place_1 ADD CONSTRAINT own UNIQUE (kind, note);
CALL compare('{"operations": [{"rename_column": {"table": "place", "from": "kind", "to": "sort"}}, {"alter_column": {"table": "place", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}}, {"create_index": {"table": "place", "name": "once", "columns": ["note", "sort", "id"], "unique": true, "predicate": "sort > 0"}}, {"create_constraint": {"table": "place", "name": "key", "type": "unique", "columns": ["sort", "note"], "up": {"sort": "sort", "note": "note"}, "down": {"sort": "sort", "note": "note"}}}, {"create_constraint": {"table": "place", "name": "two", "type": "unique", "columns": ["id", "sort"], "up": {"sort": "sort", "id": "id"}, "down": {"sort": "sort", "id": "id"}}}, {"rename_constraint": {"table": "place", "from": "two", "to": "three"}}]}');
ALTER TABLE place_1 DROP CONSTRAINT own;
CALL compare('{"operations": [{"alter_column": {"table": "parent", "column": "note", "type": "bytea", "up": "convert_to(note, ''UTF8'')", "down": "convert_from(note, ''UTF8'')"}}, {"rename_column": {"table": "parent", "from": "id", "to": "number"}}]}');
CALL compare('{"operations": [{"drop_column": {"table": "person", "column": "country", "down": "''de''"}}, {"drop_table": {"name": "visit"}}, {"create_table": {"name": "visit", "columns": [{"name": "id", "type": "bigint", "pk": true}]}}, {"sql": {"up": "SELECT 1", "onComplete": true}}, {"alter_column": {"table": "place", "column": "kind", "comment": "its kind", "default": "2"}}]}');
CALL compare('{"operations": [{"alter_column": {"table": "person", "column": "name", "type": "varchar(40)", "up": "name", "down": "left(name, 20)"}}, {"alter_column": {"table": "person", "column": "country", "comment": "where"}}, {"drop_table": {"name": "visit"}}, {"drop_column": {"table": "person", "column": "country"}}]}');
CALL compare('{"operations": [{"add_column": {"table": "person", "column": {"name": "first", "type": "text", "nullable": false, "default": "''f''"}}}, {"add_column": {"table": "person", "column": {"name": "at", "type": "timestamptz", "default": "clock_timestamp()"}}}, {"rename_table": {"from": "visit", "to": "trip"}}]}');
CALL compare('{"operations": [{"alter_column": {"table": "person", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}}, {"rename_table": {"from": "visit", "to": "trip"}}, {"alter_column": {"table": "trip", "column": "person", "nullable": false, "up": "coalesce(person, 1)"}}]}');
CALL compare('{"operations": [{"alter_column": {"table": "person", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}}, {"drop_table": {"name": "visit"}}]}');
CREATE TABLE numbered (id int GENERATED BY DEFAULT AS IDENTITY (CACHE 3) PRIMARY KEY, boss int REFERENCES numbered, n serial);
GRANT USAGE ON numbered_id_seq TO regress_foreseen_reader;
COMMENT ON SEQUENCE numbered_id_seq IS 'numbers';
INSERT INTO numbered (boss) VALUES (NULL), (1);
CALL compare('{"operations": [{"alter_column": {"table": "numbered", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}}, {"alter_column": {"table": "numbered", "column": "boss", "type": "bigint", "up": "boss", "down": "boss::int"}}, {"alter_column": {"table": "numbered", "column": "n", "type": "bigint", "up": "n", "down": "n::int"}}, {"rename_column": {"table": "numbered", "from": "id", "to": "number"}}]}', false);	-- one more from 18 on
CALL compare('{"operations": [{"add_column": {"table": "person", "column": {"name": "s", "type": "serial"}}}, {"add_column": {"table": "person", "column": {"name": "i", "type": "int", "generated": {"identity": {"sequence_options": "START 5"}}}}}, {"add_column": {"table": "place", "column": {"name": "s", "type": "bigserial"}}}, {"rename_table": {"from": "person", "to": "people"}}, {"rename_column": {"table": "people", "from": "i", "to": "j"}}]}');
-- what names a column
CREATE TABLE seen (id int PRIMARY KEY, a int NOT NULL, b text);
CREATE TABLE log (x int);
CREATE VIEW same AS SELECT b FROM seen WHERE a > 0;
CREATE VIEW other AS SELECT id, a FROM seen;
CREATE VIEW another AS SELECT max(a) FROM other;
COMMENT ON VIEW other IS 'a view';
COMMENT ON COLUMN other.a IS 'a column';
GRANT SELECT, UPDATE (a) ON other TO regress_foreseen_reader;
ALTER VIEW other ALTER a SET DEFAULT 5;
CREATE TRIGGER instead INSTEAD OF UPDATE ON other FOR EACH ROW EXECUTE FUNCTION nothing();
CREATE RULE logged AS ON INSERT TO log DO ALSO UPDATE other SET a = new.x;
CREATE POLICY p ON log USING (EXISTS (SELECT 1 FROM another WHERE max = x));
CREATE POLICY p ON seen USING (a > 3);
CREATE STATISTICS pair ON a, b FROM seen;
COMMENT ON STATISTICS pair IS 'two';
SET client_min_messages = error;
CREATE PUBLICATION foreseen FOR TABLE seen (id, a) WHERE (id > 0);
RESET client_min_messages;
CALL compare('{"operations": [{"rename_table": {"from": "seen", "to": "looked_at"}}, {"alter_column": {"table": "looked_at", "column": "a", "nullable": true, "down": "coalesce(a, 0)"}}, {"rename_column": {"table": "looked_at", "from": "b", "to": "c"}}, {"rename_column": {"table": "looked_at", "from": "a", "to": "b"}}]}');
CALL compare('{"operations": [{"alter_column": {"table": "seen", "column": "a", "type": "bigint", "nullable": true, "up": "a", "down": "coalesce(a, 0)::int"}}]}');
DROP PUBLICATION foreseen;
DROP OWNED BY regress_foreseen_reader;
DROP ROLE regress_foreseen_reader;
