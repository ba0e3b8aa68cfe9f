-- Who changes a name that expressions call, and may, has a lock that starts wait for.
\i test/include/setup.sql
RESET ROLE;
CREATE SCHEMA s;
CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE s.p() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE s.a (int) (SFUNC = int4pl, STYPE = int);
CREATE OPERATOR s.## (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl);
CREATE OPERATOR FAMILY s.family USING btree;
CREATE TYPE s.e AS ENUM ('a');
CREATE TYPE s.c AS (x int);
CREATE DOMAIN s.d AS int;
CREATE COLLATION s.collation FROM "C";
CREATE SEQUENCE s.q;
CREATE TABLE s.t (id int);
CREATE TEXT SEARCH CONFIGURATION s.config (COPY = english);
CREATE TEXT SEARCH DICTIONARY s.dictionary (TEMPLATE = simple);
CREATE OPERATOR CLASS s.class FOR TYPE int USING hash AS FUNCTION 1 hashint4(int);
CREATE TABLE s.used (id int);
CREATE VIEW s.uses AS SELECT NULL::s.used AS u;
CREATE TABLE s.owns (id serial, n int);
CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TEMP SEQUENCE q;

-- the lock that the command takes, which is undone, or its error
CREATE FUNCTION claimed(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	claims text;
BEGIN
	BEGIN
		EXECUTE command;
		SELECT string_agg(mode, ', ') INTO claims FROM pg_locks
			WHERE locktype = 'advisory' AND classid = 4 AND pid = pg_backend_pid();
		RAISE EXCEPTION 'undone';
	EXCEPTION WHEN raise_exception THEN
		RETURN coalesce(claims, 'none');
	WHEN OTHERS THEN
		RETURN SQLERRM;
	END;
END $$;
GRANT EXECUTE ON FUNCTION claimed TO regress_owner;

SELECT command, claimed(command) FROM unnest(ARRAY[
	'ALTER FUNCTION s.f() RENAME TO g', 'ALTER FUNCTION s.f SET SCHEMA public', 'DROP FUNCTION s.f',
	'ALTER PROCEDURE s.p() RENAME TO g', 'ALTER ROUTINE s.f() RENAME TO g', 'DROP PROCEDURE s.p',
	'ALTER AGGREGATE s.a(int) RENAME TO b', 'DROP AGGREGATE s.a(int)',
	'ALTER OPERATOR s.##(int, int) SET SCHEMA public', 'DROP OPERATOR s.##(int, int)',
	'ALTER OPERATOR FAMILY s.family USING btree RENAME TO g', 'DROP OPERATOR FAMILY s.family USING btree',
	'ALTER TYPE s.e RENAME TO g', 'ALTER TYPE s.e RENAME VALUE ''a'' TO ''b''', 'DROP TYPE s.e',
	'ALTER TYPE s.c RENAME ATTRIBUTE x TO y', 'ALTER TYPE s.c SET SCHEMA public', 'DROP TYPE s.c',
	'ALTER DOMAIN s.d RENAME TO g', 'ALTER DOMAIN s.d SET SCHEMA public', 'DROP DOMAIN s.d',
	'ALTER COLLATION s.collation RENAME TO g', 'DROP COLLATION s.collation',
	'ALTER SEQUENCE s.q RENAME TO g', 'ALTER SEQUENCE s.q SET SCHEMA public', 'DROP SEQUENCE s.q',
	'ALTER TEXT SEARCH CONFIGURATION s.config RENAME TO g', 'DROP TEXT SEARCH CONFIGURATION s.config',
	'ALTER TEXT SEARCH DICTIONARY s.dictionary RENAME TO g', 'DROP TEXT SEARCH DICTIONARY s.dictionary',
	'ALTER OPERATOR CLASS s.class USING hash RENAME TO g', 'DROP OPERATOR CLASS s.class USING hash',
	'ALTER TABLE s.q RENAME TO g', 'ALTER TABLE s.used RENAME TO g', 'ALTER TABLE s.used RENAME id TO g',
	'DROP TABLE s.used CASCADE', 'ALTER TABLE s.used DROP id', 'ALTER TYPE s.c DROP ATTRIBUTE x',
	'ALTER TABLE s.owns SET SCHEMA public', 'ALTER TABLE s.owns DROP id', 'DROP TABLE s.owns',
	'DROP FUNCTION IF EXISTS nothing(), s.f()',
	'CREATE FUNCTION s.f(int) RETURNS int LANGUAGE sql AS ''SELECT 1''',
	'CREATE OR REPLACE FUNCTION s.f() RETURNS int LANGUAGE sql AS ''SELECT 2''',
	'CREATE PROCEDURE s.p(int) LANGUAGE sql AS ''SELECT 1''',
	'CREATE AGGREGATE s.a (bigint) (SFUNC = int8pl, STYPE = bigint)',
	'CREATE OPERATOR s.## (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = int8pl)',
	'DROP EXTENSION plpgsql CASCADE',
	'ALTER SCHEMA s RENAME TO g', 'DROP SCHEMA s CASCADE']) AS command;
-- not for what is no such name, nobody else's, or not there
SELECT command, claimed(command) FROM unnest(ARRAY[
	'ALTER TABLE s.t RENAME TO g', 'DROP TABLE s.t', 'ALTER TABLE s.t DROP id', 'ALTER TABLE s.owns ADD x int',
	'ALTER DOMAIN s.c RENAME TO g', 'DROP DOMAIN s.e', 'ALTER TYPE s.e ADD VALUE ''b''',
	'DROP FUNCTION pg_temp.f()', 'DROP FUNCTION IF EXISTS nothing()', 'DROP FUNCTION nothing()',
	'DROP TYPE IF EXISTS nothing', 'ALTER SEQUENCE IF EXISTS nothing RENAME TO g',
	'ALTER SEQUENCE pg_temp.q RENAME TO g', 'DROP SEQUENCE pg_temp.q', 'DROP OWNED BY regress_owner',
	'CREATE FUNCTION s.g() RETURNS int LANGUAGE sql AS ''SELECT 1''', 'CREATE FUNCTION pg_temp.f(int) RETURNS int LANGUAGE sql AS ''SELECT 1''',
	'CREATE OPERATOR s.### (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl)']) AS command;
-- the owner of a schema may drop what others have in it
GRANT USAGE ON SCHEMA s TO regress_owner;
SET ROLE regress_owner;
SELECT claimed('DROP FUNCTION s.f()'), claimed('DROP SEQUENCE s.q'), claimed('CREATE FUNCTION s.f(int) RETURNS int LANGUAGE sql AS ''SELECT 1''');
RESET ROLE;
ALTER SCHEMA s OWNER TO regress_owner;
SET ROLE regress_owner;
SELECT claimed('DROP FUNCTION s.f()'), claimed('DROP SEQUENCE s.q');
RESET ROLE;
SET client_min_messages = error;
SELECT claimed('DROP OWNED BY regress_owner CASCADE');
RESET client_min_messages;
DROP FUNCTION pg_temp.f();
DROP SEQUENCE pg_temp.q;
DROP SCHEMA s CASCADE;

\i test/include/teardown.sql
