-- What others hang on what a phase is to drop: it is named before anything changes, and goes
-- on when it is gone.
\i test/include/setup.sql
\set VERBOSITY default
SET client_min_messages = warning;

CREATE TABLE t (id int PRIMARY KEY, n int, m int);
INSERT INTO t VALUES (1, 1), (2, 2);
SELECT pgroll_c.baseline('01');
\set add '{"operations": [{"add_column": {"table": "t", "column": {"name": "x", "type": "int", "nullable": true}, "up": "id"}}, {"add_column": {"table": "t", "column": {"name": "s", "type": "serial"}}}, {"add_column": {"table": "t", "column": {"name": "i", "type": "int", "generated": {"identity": {}}}}}, {"create_table": {"name": "nt", "columns": [{"name": "id", "type": "int", "pk": true}, {"name": "up", "type": "int", "nullable": true, "references": {"name": "nt_up", "table": "nt", "column": "id"}}]}}, {"create_table": {"name": "of_nt", "columns": [{"name": "nt", "type": "int", "references": {"name": "of_nt_nt", "table": "nt", "column": "id"}}, {"name": "t", "type": "int", "references": {"name": "of_nt_t", "table": "t", "column": "id"}}]}}]}'

-- a version schema is for its views alone
CREATE VIEW public_01.more AS SELECT id FROM public_01.t;
SELECT pgroll_c.validate_migration('02', :'add'); -- fails
DROP VIEW public_01.more;
CREATE FUNCTION public_01.f() RETURNS int LANGUAGE sql RETURN 1;
CREATE TABLE public_01.more (id int);
SELECT pgroll_c.validate_migration('02', :'add'); -- fails
DROP FUNCTION public_01.f();
ALTER TABLE public_01.more SET SCHEMA public;
CALL test.remember();
SELECT pgroll_c.start_migration('02', :'add');
CREATE VIEW public_01.zz AS SELECT id FROM public_01.t; -- fails
CREATE FUNCTION public_02.f() RETURNS int LANGUAGE sql RETURN 1; -- fails
SELECT 1 AS x INTO public_02.into_it; -- fails
ALTER TABLE more SET SCHEMA public_02; -- fails
CALL pgroll_c.wait_for_migration();

-- what the rollback drops: views of the version, new columns and their sequences, new tables
CREATE VIEW of_version AS SELECT id FROM public_02.t;
SELECT pgroll_c.rollback_migration(); -- fails
DROP VIEW of_version;
SELECT format('CREATE VIEW of_column AS SELECT %I FROM t', attname) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname ~ '_x$' \gexec
SELECT pgroll_c.rollback_migration(); -- fails
DROP VIEW of_column;
CREATE TABLE numbers (a int DEFAULT nextval('t_s_seq'));
SELECT pgroll_c.rollback_migration(); -- fails
DROP TABLE numbers;
CREATE VIEW of_table AS SELECT * FROM nt;
CREATE TABLE other (id int REFERENCES nt, r nt, rs nt[]);
CREATE FUNCTION takes(nt) RETURNS int LANGUAGE sql RETURN 1;
SELECT pgroll_c.rollback_migration(); -- fails
DROP VIEW of_table;
DROP FUNCTION takes(nt);
DROP TABLE other;

-- what the completion drops: the same views of the other version, the marker, a sequence
CREATE VIEW of_version AS SELECT id FROM public_01.t;
SELECT pgroll_c.complete_migration(); -- fails
DROP VIEW of_version;
SELECT format('CREATE VIEW of_column AS SELECT %I FROM t', attname) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname ~ '_pending$' \gexec
SELECT pgroll_c.complete_migration(); -- fails
DROP VIEW of_column;
CREATE TABLE numbers (a int DEFAULT nextval('t_i_seq'));
SELECT pgroll_c.complete_migration(); -- fails
DROP TABLE numbers;

-- the names of keys and indexes
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
\set keys '{"operations": [{"add_column": {"table": "t", "column": {"name": "x", "type": "int", "nullable": true, "unique": true}, "up": "id"}}, {"create_index": {"table": "t", "name": "ix", "columns": ["n"]}}, {"create_constraint": {"table": "t", "name": "un", "type": "unique", "columns": ["m"], "up": {"m": "m"}, "down": {"m": "m"}}}]}'
SELECT pgroll_c.start_migration('02', :'keys');
CALL pgroll_c.wait_for_migration();
CREATE TABLE t_x_key ();
SELECT pgroll_c.complete_migration(); -- fails
DROP TABLE t_x_key;
CREATE VIEW un AS SELECT 1 AS a;
SELECT pgroll_c.complete_migration(); -- fails
DROP VIEW un;
CREATE SEQUENCE ix;
SELECT pgroll_c.complete_migration(); -- fails
DROP SEQUENCE ix;
SELECT pgroll_c.complete_migration();
