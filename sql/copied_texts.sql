-- What is kept as text, and read again over other columns, means the same, or is refused.
\i test/include/setup.sql
SET ROLE regress_owner;
SELECT pgroll_c.baseline('01');
CREATE FUNCTION same_mood(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT lower($1) OPERATOR(pg_catalog.=) lower($2)';
CREATE TYPE mood AS ENUM ('good', 'GOOD', 'bad');
GRANT EXECUTE ON FUNCTION same_mood(text, text) TO regress_owner;
CREATE FUNCTION same_mood(mood, mood) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT public.same_mood($1::text, $2::text)';
GRANT EXECUTE ON FUNCTION same_mood(mood, mood) TO regress_owner;
CREATE OPERATOR = (LEFTARG = mood, RIGHTARG = mood, FUNCTION = same_mood, COMMUTATOR = =);

--
-- operators that the text does not name
--
CREATE TABLE felt (id int PRIMARY KEY, m mood, n mood);
CREATE FUNCTION change(up text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('operations', jsonb_build_array(jsonb_build_object('alter_column',
		jsonb_build_object('table', 'felt', 'column', 'm', 'type', 'text', 'up', up, 'down', 'm::mood')))) $$;
GRANT EXECUTE ON FUNCTION change TO regress_owner;
SELECT test.error(change($$NULLIF(m, 'bad')::text$$));
SELECT test.error(change($$CASE m WHEN 'bad' THEN 'x' ELSE m::text END$$));
SELECT test.error(change($$(m IS DISTINCT FROM n)::text$$));
SELECT test.error(change($$(SELECT max(f.m::text) FROM felt f JOIN felt g USING (n))$$));
ALTER TABLE felt ADD CONSTRAINT never_bad CHECK (m IS DISTINCT FROM 'bad');
SELECT test.error(change('m::text'));
ALTER TABLE felt DROP CONSTRAINT never_bad;
CREATE INDEX felt_m ON felt (id) WHERE m IS DISTINCT FROM 'bad';
SELECT test.error(change('m::text'));
DROP INDEX felt_m;
CREATE STATISTICS felt_m ON (NULLIF(m, 'bad')), id FROM felt;
SELECT test.error(change('m::text'));
DROP STATISTICS felt_m;
-- queries are shown by each release in its way
CREATE VIEW felt_m AS SELECT f.id FROM felt AS f JOIN felt AS g USING (m);
SELECT split_part(test.error(change('m::text')), E'\n', 1);
DROP VIEW felt_m;
CREATE VIEW felt_m AS SELECT CASE m WHEN 'bad' THEN 1 END FROM felt;
SELECT split_part(test.error(change('m::text')), E'\n', 1);
DROP VIEW felt_m;
CREATE FUNCTION felt_m() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM felt WHERE m IS DISTINCT FROM 'bad'; END;
SELECT split_part(test.error(change('m::text')), E'\n', 1);
DROP FUNCTION felt_m;
CREATE POLICY felt_m ON felt USING (m IS DISTINCT FROM 'bad');
SELECT split_part(test.error(change('m::text')), E'\n', 1);
DROP POLICY felt_m ON felt;
CREATE RULE felt_m AS ON UPDATE TO felt WHERE NEW.m IS DISTINCT FROM 'bad' DO ALSO SELECT 1;
SELECT split_part(test.error(change('m::text')), E'\n', 1);
DROP RULE felt_m ON felt;
CREATE TRIGGER felt_m BEFORE UPDATE ON felt FOR EACH ROW WHEN (OLD.m IS DISTINCT FROM NEW.m) EXECUTE FUNCTION suppress_redundant_updates_trigger();
SELECT test.error(change('m::text'));
DROP TRIGGER felt_m ON felt;
-- named, they are kept
ALTER TABLE felt ADD CONSTRAINT never_bad CHECK (NOT m = 'bad');
SELECT pgroll_c.start_migration('02', '{"operations": [{"alter_column": {"table": "felt", "column": "m", "nullable": false, "up": "m", "down": "m"}}]}');
-- a value that is copied is the same under another name, one that is converted is not
ALTER TYPE mood RENAME VALUE 'GOOD' TO 'Good';
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'never_bad';
ALTER TABLE felt DROP CONSTRAINT never_bad, ADD moods mood[];
SELECT pgroll_c.start_migration('03', change('(m = n)::text'));
RESET ROLE;
DROP OPERATOR =(mood, mood); -- fails
ALTER OPERATOR =(mood, mood) SET SCHEMA test; -- fails
SET ROLE regress_owner;
SELECT pgroll_c.rollback_migration();
SELECT pgroll_c.start_migration('03', change('m::text'));
ALTER TYPE mood RENAME VALUE 'bad' TO 'worse'; -- fails
ALTER TYPE mood ADD VALUE 'best';
SELECT pgroll_c.rollback_migration();
SELECT pgroll_c.start_migration('03', '{"operations": [{"alter_column": {"table": "felt", "column": "moods", "type": "text[]", "up": "moods::text[]", "down": "NULL"}}]}');
ALTER TYPE mood RENAME VALUE 'bad' TO 'worse'; -- fails
SELECT pgroll_c.rollback_migration();

--
-- indexes and checks whose text becomes another tree
--
CREATE SCHEMA apart;
SET search_path = apart, public;
-- which the path finds, but no copy is made by it
CREATE FUNCTION more(bigint, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';
CREATE OPERATOR > (LEFTARG = bigint, RIGHTARG = int, FUNCTION = more);
CREATE TABLE public.said (id int PRIMARY KEY, v varchar(10), a int, b int, w text,
	CONSTRAINT c CHECK (CASE WHEN a IS NULL THEN true ELSE a <> 0 END));
CREATE TABLE apart.said (id int PRIMARY KEY, b int, v varchar(10), a int, w text,
	CONSTRAINT c CHECK (CASE WHEN a IS NULL THEN true ELSE a <> 0 END));
DO $$
DECLARE
	s text;
BEGIN
	FOREACH s IN ARRAY '{public, apart}'::text[] LOOP
		EXECUTE format('CREATE INDEX as_text ON %I.said ((v::text))', s);
		EXECUTE format('CREATE INDEX as_both ON %I.said (v, (v::text) DESC, b) INCLUDE (id)', s);
		EXECUTE format('CREATE INDEX by_case ON %I.said ((CASE WHEN a IS NULL THEN 1 ELSE 2 END))', s);
		EXECUTE format('CREATE INDEX of_case ON %I.said (b) WHERE CASE WHEN a IS NULL THEN true ELSE false END', s);
		EXECUTE format('CREATE INDEX in_array ON %I.said ((ARRAY[w]), (w || ''x'') COLLATE "C")', s);
		EXECUTE format('CREATE INDEX as_big ON %I.said ((a::bigint), (a::bigint + 1))', s);
		EXECUTE format('CREATE INDEX of_some ON %I.said (b) WHERE a OPERATOR(pg_catalog.>) 1', s);
		EXECUTE format('CREATE STATISTICS %I.by_case ON (CASE WHEN a IS NULL THEN 1 ELSE 2 END), b FROM %1$I.said', s);
	END LOOP;
END $$;
SELECT pgroll_c.start_migration('03', '{"operations": [
	{"alter_column": {"table": "said", "column": "v", "type": "text", "up": "v || ''''", "down": "v"}},
	{"alter_column": {"table": "said", "column": "a", "type": "bigint", "up": "a", "down": "a::int"}},
	{"alter_column": {"table": "said", "column": "w", "type": "int", "up": "w::int", "down": "w::text"}}]}', 'public');
CALL pgroll_c.run_tasks('public');
SELECT pgroll_c.complete_migration('public');
SET search_path = public;
ALTER TABLE apart.said ALTER v TYPE text, ALTER a TYPE bigint, ALTER w TYPE int USING w::int;
SELECT * FROM test.differences('public', 'apart') WHERE difference ~ 'said'; -- no rows
-- a column twice
CREATE TABLE twice (id int, a text, b int) PARTITION BY LIST (b);
CREATE TABLE twice_1 PARTITION OF twice FOR VALUES IN (1);
CREATE INDEX twice_a ON twice (a, a text_pattern_ops, lower(a), lower(a)) INCLUDE (a);
CALL pgroll_c.migrate('04', '{"operations": [{"alter_column": {"table": "twice", "column": "a", "type": "text", "up": "a || ''!''", "down": "a"}}]}');
\d twice_a
-- whole rows
CREATE TABLE rows (id int PRIMARY KEY, a int);
CREATE INDEX rows_whole ON rows (id) WHERE rows IS NOT NULL;
\set change '{"operations": [{"alter_column": {"table": "rows", "column": "a", "type": "bigint", "up": "a", "down": "a::int"}}]}'
SELECT test.error(:'change');
DROP INDEX rows_whole;
ALTER TABLE rows ADD CONSTRAINT rows_whole CHECK (rows IS NOT NULL);
SELECT test.error(:'change');
ALTER TABLE rows DROP CONSTRAINT rows_whole;
CALL pgroll_c.migrate('05', :'change');
-- what fits better than what the start has found
CREATE TABLE fits (id int PRIMARY KEY, n numeric);
CREATE FUNCTION fit(anyelement) RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT 'any ' || $1$$;
CREATE FUNCTION pair(anyelement, anyelement) RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT ' and ' || $2$$;
CREATE FUNCTION pair(numeric, numeric) RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT ' or ' || $2$$;
CREATE OPERATOR ## (LEFTARG = anyelement, RIGHTARG = anyelement, FUNCTION = pair);
CREATE FUNCTION other(numeric) RETURNS text LANGUAGE sql AS 'SELECT ''other''';
CREATE FUNCTION apart.fit(numeric) RETURNS text LANGUAGE sql AS 'SELECT ''apart''';
CREATE OPERATOR apart.## (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = pair);
SELECT pgroll_c.start_migration('06', '{"operations": [{"alter_column": {"table": "fits", "column": "n", "type": "text", "up": "fit(n) || (n ## n)", "down": "0"}}]}');
SELECT test.error_of($$CREATE FUNCTION fit(numeric) RETURNS text LANGUAGE sql AS 'SELECT ''numeric'''$$);
SELECT test.error_of($$CREATE OR REPLACE FUNCTION fit(numeric) RETURNS text LANGUAGE sql AS 'SELECT ''numeric'''$$);
SELECT test.error_of($$ALTER FUNCTION other(numeric) RENAME TO fit$$);
SELECT test.error_of($$ALTER FUNCTION apart.fit(numeric) SET SCHEMA public$$);
SELECT test.error_of($$CREATE OPERATOR ## (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = pair)$$);
SELECT test.error_of($$ALTER OPERATOR apart.##(numeric, numeric) SET SCHEMA public$$);
CREATE FUNCTION fit(int) RETURNS text LANGUAGE sql AS 'SELECT ''int''';
CREATE OPERATOR ## (LEFTARG = int, RIGHTARG = text, FUNCTION = to_char);
CREATE OR REPLACE FUNCTION fit(anyelement) RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT 'replaced ' || $1$$;
INSERT INTO fits VALUES (1, 1);
TABLE public_06.fits;
SELECT pgroll_c.rollback_migration();

\i test/include/teardown.sql
