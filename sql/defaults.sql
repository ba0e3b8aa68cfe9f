-- The defaults that versions show follow those that others give to the tables.
\i test/include/setup.sql
CREATE SCHEMA IF NOT EXISTS shop AUTHORIZATION regress_owner;
SET ROLE regress_owner;
SET search_path = public;
CREATE TABLE orders (id serial PRIMARY KEY, n int DEFAULT 1, note text, at date DEFAULT '2020-01-02', late text DEFAULT 'x');
CREATE FUNCTION shown() RETURNS TABLE (schema name, "table" name, "column" name, "default" text) LANGUAGE sql AS $$
	SELECT relnamespace::regnamespace, relname, attname, pg_get_expr(adbin, adrelid)
	FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid JOIN pg_attrdef d ON adrelid = c.oid AND adnum = attnum
	WHERE relnamespace::regnamespace::text ~ '^(public|shop)' AND relkind IN ('v', 'r', 'p') AND attname !~ '^_pgroll_c_'
	ORDER BY 2, 3, 1 $$;
GRANT EXECUTE ON FUNCTION shown() TO regress_owner;

--
-- without a migration
--
SELECT pgroll_c.baseline('01');
ALTER TABLE orders ALTER n SET DEFAULT 2, ALTER note SET DEFAULT 'none', ALTER at DROP DEFAULT;
SELECT * FROM shown();
INSERT INTO public_01.orders DEFAULT VALUES RETURNING *;
-- what somebody gave to a view stays
ALTER VIEW public_01.orders ALTER late SET DEFAULT 'mine';
ALTER TABLE orders ALTER late SET DEFAULT 'y';
-- a serial made an identity by hand
ALTER TABLE orders ALTER id DROP DEFAULT;
DROP SEQUENCE orders_id_seq;
ALTER TABLE orders ALTER id ADD GENERATED ALWAYS AS IDENTITY (START 10);
INSERT INTO public_01.orders DEFAULT VALUES RETURNING *;
SELECT * FROM shown();
-- what the server refuses it refuses in its words
ALTER TABLE nothing ALTER n SET DEFAULT 1;
ALTER TABLE IF EXISTS nothing ALTER n SET DEFAULT 1;
ALTER TABLE orders ALTER nothing SET DEFAULT 1;
ALTER TABLE pg_class ALTER relname SET DEFAULT 'x';
ALTER TABLE orders_id_seq ALTER last_value SET DEFAULT 1;
-- together with other changes, and undone
BEGIN;
ALTER TABLE orders ALTER n SET DEFAULT 3, ADD extra int DEFAULT 5, ALTER n SET DEFAULT 4;
SAVEPOINT a;
ALTER TABLE orders ALTER n SET DEFAULT 6, ADD CHECK (nothing > 0);
ROLLBACK TO a;
ALTER TABLE orders ALTER note DROP DEFAULT;
SELECT * FROM shown();
ROLLBACK;
SELECT * FROM shown();

--
-- in flight: the old column's view, and that of the new form
--
SELECT pgroll_c.start_migration('02', '{"operations": [
	{"alter_column": {"table": "orders", "column": "n", "type": "text", "up": "n::text", "down": "n::int"}},
	{"alter_column": {"table": "orders", "column": "note", "default": "''new''"}},
	{"alter_column": {"table": "orders", "column": "late", "default": null}},
	{"rename_column": {"table": "orders", "from": "at", "to": "on"}}]}');
ALTER TABLE orders ALTER n SET DEFAULT 20, ALTER note SET DEFAULT 'old', ALTER at SET DEFAULT '2021-01-01', ALTER late SET DEFAULT 'z';
SELECT * FROM shown();
CALL pgroll_c.run_tasks();
INSERT INTO public_01.orders DEFAULT VALUES RETURNING *;
INSERT INTO public_02.orders DEFAULT VALUES RETURNING *;
SELECT pgroll_c.complete_migration();
SELECT * FROM shown();

-- rolled back, the table has what it was given
SELECT pgroll_c.start_migration('03', '{"operations": [{"alter_column": {"table": "orders", "column": "n", "type": "int", "up": "n::int", "down": "n::text"}}]}');
SELECT test.error_of($$ALTER TABLE orders ALTER n SET DEFAULT 'five'::name$$);
SELECT pgroll_c.rollback_migration();
ALTER TABLE orders ALTER n SET DEFAULT 'five'::name, ALTER late SET DEFAULT 'again';
SELECT * FROM shown() WHERE "column" IN ('n', 'late');
ALTER TABLE orders ALTER late DROP DEFAULT;
SELECT * FROM shown() WHERE "column" = 'late';

--
-- a migration's own text: what came before keeps its default
--
ALTER TABLE orders ALTER n SET DEFAULT 30;
SELECT pgroll_c.start_migration('03', '{"operations": [
	{"sql": {"up": "ALTER TABLE orders ALTER n SET DEFAULT 31", "down": "ALTER TABLE orders ALTER n SET DEFAULT 30"}}]}');
SELECT * FROM shown() WHERE "column" = 'n';
SELECT pgroll_c.rollback_migration();
SELECT * FROM shown() WHERE "column" = 'n';
SELECT pgroll_c.start_migration('03', '{"operations": [
	{"sql": {"up": "ALTER TABLE orders ALTER n SET DEFAULT 32", "onComplete": true}}]}');
SELECT * FROM shown() WHERE "column" = 'n';
SELECT pgroll_c.complete_migration();
SELECT * FROM shown() WHERE "column" = 'n';

--
-- children with views of their own, partitions, and columns of domains
--
CREATE DOMAIN code AS varchar(5) DEFAULT 'dom';
CREATE TABLE parent (id int PRIMARY KEY, a int DEFAULT 1, b code, c varchar(3) DEFAULT 'c');
CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent);
ALTER TABLE child ALTER a SET DEFAULT 2;
CREATE TABLE whole (id int, a int DEFAULT 1, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE part PARTITION OF whole FOR VALUES FROM (0) TO (100);
SELECT pgroll_c.start_migration('04', '{"operations": [{"alter_column": {"table": "parent", "column": "c", "default": null}}, {"alter_column": {"table": "whole", "column": "a", "type": "bigint", "up": "a", "down": "a::int"}}]}');
ALTER TABLE ONLY parent ALTER a SET DEFAULT 3;
SELECT * FROM shown() WHERE "table" IN ('parent', 'child');
ALTER TABLE parent ALTER a SET DEFAULT 4, ALTER b SET DEFAULT 'own';
ALTER TABLE child ALTER b DROP DEFAULT, ALTER a SET DEFAULT 5;
ALTER TABLE whole ALTER a SET DEFAULT 6;
SELECT * FROM shown() WHERE "table" NOT IN ('orders');
CALL pgroll_c.run_tasks();
INSERT INTO public_04.whole (id) VALUES (1) RETURNING *;
INSERT INTO public_04.parent (id) VALUES (1) RETURNING *;
INSERT INTO public_04.child (id) VALUES (1) RETURNING *;
SELECT pgroll_c.complete_migration();
SELECT * FROM shown() WHERE "table" NOT IN ('orders');
ALTER TABLE parent ALTER c SET DEFAULT 'd';
INSERT INTO public_04.parent (id) VALUES (2) RETURNING *;

-- what the server writes in another way once it has read it again
CREATE TABLE reread (id int PRIMARY KEY, b bool DEFAULT ('x'::varchar IN ('a'::varchar, 'b')), n int, m int DEFAULT 1, o int DEFAULT 1);
SELECT pgroll_c.start_migration('05', '{"operations": [{"alter_column": {"table": "reread", "column": "n", "default": null}},
	{"alter_column": {"table": "reread", "column": "m", "default": null}},
	{"alter_column": {"table": "reread", "column": "o", "default": "1"}}]}');
ALTER TABLE reread ALTER b SET DEFAULT true;
ALTER TABLE reread ALTER b SET DEFAULT ('x'::varchar IN ('a'::varchar, 'b'));
ALTER TABLE reread ALTER b DROP DEFAULT;
-- what the migration sets stays, or comes back where it was what the table had
ALTER TABLE reread ALTER n SET DEFAULT 5, ALTER o SET DEFAULT 5;
ALTER TABLE reread ALTER m DROP DEFAULT;
ALTER TABLE reread ALTER m SET DEFAULT 5;
SELECT * FROM shown() WHERE "table" = 'reread';
SELECT pgroll_c.complete_migration();
SELECT * FROM shown() WHERE "table" = 'reread';
ALTER TABLE reread ALTER n SET DEFAULT 6, ALTER m SET DEFAULT 6, ALTER o SET DEFAULT 6;
SELECT * FROM shown() WHERE "table" = 'reread';
-- what the table's owner may no longer read: whether the view has the same is not known
RESET ROLE;
CREATE SCHEMA hidden;
CREATE FUNCTION hidden.same(bool) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1';
GRANT USAGE ON SCHEMA hidden TO regress_owner;
SET ROLE regress_owner;
ALTER TABLE reread ALTER b SET DEFAULT hidden.same('x'::varchar IN ('a'::varchar, 'b'));
SELECT pgroll_c.start_migration('06', '{"operations": [{"rename_column": {"table": "reread", "from": "n", "to": "p"}}]}');
RESET ROLE;
REVOKE USAGE ON SCHEMA hidden FROM regress_owner;
SET ROLE regress_owner;
ALTER TABLE reread ALTER b SET DEFAULT true;
SELECT * FROM shown() WHERE "table" = 'reread' AND "column" = 'b';
SELECT pgroll_c.rollback_migration();
DROP TABLE reread CASCADE;
RESET ROLE;
DROP SCHEMA hidden CASCADE;
SET ROLE regress_owner;

--
-- numbers of an identity that somebody gives to, or takes from, a column in flight
--
CREATE TABLE counted (id int PRIMARY KEY, n int);
CREATE TABLE identified (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, n int);
SELECT pgroll_c.start_migration('06', '{"operations": [{"alter_column": {"table": "counted", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}},
	{"alter_column": {"table": "identified", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}}]}');
CALL pgroll_c.wait_for_migration();
SELECT test.error_of($$ALTER TABLE counted ALTER id ADD GENERATED ALWAYS AS IDENTITY$$);
SELECT test.error_of($$ALTER TABLE identified ALTER id DROP IDENTITY$$);
ALTER TABLE identified ALTER id SET GENERATED ALWAYS;
ALTER TABLE counted ALTER n SET NOT NULL, ALTER n ADD GENERATED ALWAYS AS IDENTITY;
INSERT INTO public_06.counted (id) VALUES (1) RETURNING *;
SELECT pgroll_c.rollback_migration();

--
-- a view of another role's than its table
--
RESET ROLE;
CREATE ROLE regress_defaults_migrator IN ROLE regress_owner;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_defaults_migrator;
SET ROLE regress_defaults_migrator;
SELECT pgroll_c.start_migration('06', '{"operations": [{"rename_column": {"table": "counted", "from": "n", "to": "m"}}]}');
SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid IN ('public_06.orders'::regclass, 'orders'::regclass) ORDER BY oid;
SET ROLE regress_owner;
ALTER TABLE orders ALTER note SET DEFAULT 'owner';
SELECT * FROM shown() WHERE "table" = 'orders' AND "column" = 'note';
SET ROLE regress_defaults_migrator;
SELECT pgroll_c.rollback_migration();
RESET ROLE;
CREATE ROLE regress_defaults_stranger;
SET ROLE regress_defaults_stranger;
ALTER TABLE orders ALTER note SET DEFAULT 'stranger';
RESET ROLE;
DROP OWNED BY regress_defaults_migrator;
DROP ROLE regress_defaults_migrator, regress_defaults_stranger;

\i test/include/teardown.sql
