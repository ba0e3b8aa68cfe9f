-- A type that only widens is changed in the catalog alone: no shadow, no row
-- written, no index built; the old version's view is made again.
CREATE EXTENSION pgroll_c;
CREATE ROLE regress_widening;
CREATE ROLE regress_widening_app;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_widening;
CREATE SCHEMA app AUTHORIZATION regress_widening;
SET ROLE regress_widening;
SET search_path = app;
SET client_min_messages = warning;

CREATE TABLE t (
	id int PRIMARY KEY,
	name varchar(10) NOT NULL DEFAULT 'nobody' UNIQUE,
	price numeric(5, 2),
	code varchar(5) CHECK (code <> 'x'));
COMMENT ON COLUMN t.name IS 'the name';
GRANT USAGE ON SCHEMA app TO regress_widening_app;
GRANT SELECT, INSERT ON t TO regress_widening_app;
INSERT INTO t SELECT g, g, g / 10.0, 'y' FROM generate_series(1, 100) g;
SELECT pgroll_c.baseline('01', 'app');
CREATE TABLE before AS SELECT pg_relation_filenode(oid) FROM pg_class
	WHERE relname IN ('t', 't_pkey', 't_name_key');

SELECT pgroll_c.start_migration('02', '{"operations": [
	{"alter_column": {"table": "t", "column": "name", "type": "text"}},
	{"alter_column": {"table": "t", "column": "price", "type": "numeric(8, 2)"}}]}', 'app');
SELECT state, tasks_open FROM pgroll_c.status('app');	-- ready at once
SELECT pg_relation_filenode(oid) FROM pg_class
	WHERE relname IN ('t', 't_pkey', 't_name_key')
	EXCEPT TABLE before;	-- no rows
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
	WHERE attrelid = 'app.t'::regclass AND attnum > 0 ORDER BY attnum;
-- both versions show it, with all that the old view had
SET ROLE regress_widening_app;
INSERT INTO app_02.t (id, name) VALUES (200, 'a name of more than ten');
INSERT INTO app_01.t (id) VALUES (201);
SELECT name FROM app_01.t WHERE id >= 200 ORDER BY id;
SET ROLE regress_widening;
SELECT col_description('app_01.t'::regclass, 2), col_description('app_02.t'::regclass, 2);
SELECT pgroll_c.complete_migration('app');
SELECT name FROM app_02.t WHERE id >= 200 ORDER BY id;

-- what is no widening, or would be checked again under the lock, needs up and down
SELECT pgroll_c.start_migration('03', '{"operations": [{"alter_column":
	{"table": "t", "column": "name", "type": "varchar(10)"}}]}', 'app');	-- fails
SELECT pgroll_c.start_migration('03', '{"operations": [{"alter_column":
	{"table": "t", "column": "code", "type": "text"}}]}', 'app');	-- fails
SELECT pgroll_c.start_migration('03', '{"operations": [{"alter_column":
	{"table": "t", "column": "id", "type": "bigint"}}]}', 'app');	-- fails

-- a rollback leaves the wider type
SELECT pgroll_c.start_migration('04', '{"operations": [
	{"alter_column": {"table": "t", "column": "price", "type": "numeric(10, 2)"}}]}', 'app');
SELECT pgroll_c.rollback_migration('app');
SELECT format_type(atttypid, atttypmod) FROM pg_attribute
	WHERE attrelid = 'app_02.t'::regclass AND attname = 'price';

RESET ROLE;
DROP OWNED BY regress_widening CASCADE;
DROP ROLE regress_widening, regress_widening_app;
