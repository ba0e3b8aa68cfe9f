-- add_column, rename_column and drop_column, one by one: both versions written,
-- rolled back, and completed as plain DDL would do it.
\i test/include/setup.sql

CREATE TABLE people (
	id int PRIMARY KEY,
	name text NOT NULL,
	age int DEFAULT 18 CHECK (age > 0),
	note text
);
COMMENT ON COLUMN people.note IS 'what we know';
INSERT INTO people VALUES (1, 'Ada', 36, 'x'), (2, 'Bob', NULL, NULL);
CREATE SCHEMA plain;
CREATE TABLE plain.people (LIKE people INCLUDING ALL);
SELECT pgroll_c.baseline('01_base');

--
-- rename_column: only the view changes
--
\set migration '{"operations": [{"rename_column": {"table": "people", "from": "name", "to": "full_name"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('02_rename', :'migration');
SELECT state, tasks_open FROM pgroll_c.status();
INSERT INTO public_01_base.people (id, name) VALUES (3, 'Cyd');
INSERT INTO public_02_rename.people (id, full_name) VALUES (4, 'Dan');
UPDATE public_02_rename.people SET full_name = 'Bea' WHERE id = 2;
TABLE public_01_base.people ORDER BY id;
TABLE public_02_rename.people ORDER BY id;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('02_rename', :'migration');
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.people RENAME name TO full_name;
SELECT * FROM test.differences('public', 'plain'); -- no rows
TABLE public_02_rename.people ORDER BY id;
SELECT to_regnamespace('public_01_base') AS retired;

--
-- add_column: nullable, without a value for rows that exist
--
\set migration '{"operations": [{"add_column": {"table": "people", "column": {"name": "nick", "type": "text", "nullable": true}}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('03_nick', :'migration');
SELECT state, tasks_open FROM pgroll_c.status();
INSERT INTO public_02_rename.people (id, full_name) VALUES (5, 'Eve');
INSERT INTO public_03_nick.people (id, full_name, nick) VALUES (6, 'Fay', 'f');
UPDATE public_03_nick.people SET nick = 'a' WHERE id = 1;
UPDATE public_02_rename.people SET age = 40 WHERE id = 1;
TABLE public_02_rename.people ORDER BY id;
TABLE public_03_nick.people ORDER BY id;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('03_nick', :'migration');
INSERT INTO public_03_nick.people (id, full_name, nick) VALUES (7, 'Gus', 'g');
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.people ADD nick text;
SELECT * FROM test.differences('public', 'plain'); -- no rows
TABLE public_03_nick.people ORDER BY id;

--
-- add_column: NOT NULL with a constant default, which is there at once
--
\set migration '{"operations": [{"add_column": {"table": "people", "column": {"name": "active", "type": "boolean", "default": "true", "comment": "may log in"}}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('04_active', :'migration');
SELECT state, tasks_open FROM pgroll_c.status();
INSERT INTO public_03_nick.people (id, full_name) VALUES (8, 'Hal');
INSERT INTO public_04_active.people (id, full_name, active) VALUES (9, 'Ivy', false);
INSERT INTO public_04_active.people (id, full_name) VALUES (10, 'Jim');
INSERT INTO public_04_active.people (id, full_name, active) VALUES (11, 'Kim', NULL); -- fails
SELECT id, active FROM public_04_active.people ORDER BY id;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('04_active', :'migration');
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.people ADD active boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN plain.people.active IS 'may log in';
SELECT * FROM test.differences('public', 'plain'); -- no rows
INSERT INTO public_04_active.people (id, full_name, active) VALUES (11, 'Kim', NULL); -- fails
SELECT id, active FROM public_04_active.people WHERE id > 7 ORDER BY id;

--
-- add_column: a volatile default rewrites no table; each row has a value of its own
--
CREATE SEQUENCE ticket;
CREATE SEQUENCE plain.ticket;
\set migration '{"operations": [{"add_column": {"table": "people", "column": {"name": "ticket", "type": "bigint", "default": "nextval(''ticket'')"}}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('05_ticket', :'migration');
CALL pgroll_c.run_tasks();
SELECT count(*) = count(DISTINCT ticket) AND count(*) = count(ticket) AS ok FROM public_05_ticket.people;
INSERT INTO public_04_active.people (id, full_name) VALUES (12, 'Lea');
INSERT INTO public_05_ticket.people (id, full_name) VALUES (13, 'Moe');
INSERT INTO public_05_ticket.people (id, full_name, ticket) VALUES (14, 'Ned', -1);
INSERT INTO public_05_ticket.people (id, full_name, ticket) VALUES (15, 'Oda', NULL); -- fails
SELECT count(*) = count(DISTINCT ticket) AND count(*) = count(ticket) AS ok FROM public_05_ticket.people;
SELECT ticket FROM public_05_ticket.people WHERE id = 14;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
CREATE TEMP TABLE node AS SELECT relfilenode FROM pg_class WHERE oid = 'people'::regclass;
SELECT pgroll_c.start_migration('05_ticket', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
TABLE node EXCEPT SELECT relfilenode FROM pg_class WHERE oid = 'people'::regclass; -- no rows: not rewritten
ALTER TABLE plain.people ADD ticket bigint NOT NULL DEFAULT nextval('plain.ticket');
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- add_column: up fills rows of old and rows that the old version writes, the
-- default those of the new one
--
\set migration '{"operations": [{"add_column": {"table": "people", "column": {"name": "grade", "type": "varchar(8)", "default": "''new''", "check": null}, "up": "CASE WHEN age >= 40 THEN ''senior'' ELSE ''junior'' END"}}]}'
SELECT pgroll_c.start_migration('06_grade', :'migration'); -- fails: check must be an object
\set migration '{"operations": [{"add_column": {"table": "people", "column": {"name": "grade", "type": "varchar(8)", "default": "''new''"}, "up": "CASE WHEN age >= 40 THEN ''senior'' ELSE ''junior'' END"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('06_grade', :'migration');
CALL pgroll_c.run_tasks();
SELECT state, tasks_open FROM pgroll_c.status();
INSERT INTO public_05_ticket.people (id, full_name, age) VALUES (20, 'Pia', 50), (21, 'Quy', 1);
INSERT INTO public_06_grade.people (id, full_name, age) VALUES (22, 'Rob', 60);
INSERT INTO public_06_grade.people (id, full_name, age, grade) VALUES (23, 'Sue', 60, 'other');
UPDATE public_05_ticket.people SET age = 45 WHERE id = 21;
UPDATE public_05_ticket.people SET note = 'y' WHERE id = 23; -- what the new version wrote stays
UPDATE public_06_grade.people SET grade = NULL WHERE id = 23; -- fails
UPDATE public_06_grade.people SET grade = 'much too long' WHERE id = 23; -- fails
SELECT id, age, grade FROM public_06_grade.people WHERE id < 3 OR id >= 20 ORDER BY id;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('06_grade', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.people ADD grade varchar(8) NOT NULL DEFAULT 'new';
SELECT * FROM test.differences('public', 'plain'); -- no rows
SELECT id, age, grade FROM public_06_grade.people WHERE id < 3 OR id >= 20 ORDER BY id;
INSERT INTO public_06_grade.people (id, full_name) VALUES (24, 'Tom') RETURNING age, grade;

--
-- drop_column: a nullable one without down; the old version still has it
--
\set migration '{"operations": [{"drop_column": {"table": "people", "column": "nick"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('07_no_nick', :'migration');
SELECT state, tasks_open FROM pgroll_c.status();
INSERT INTO public_07_no_nick.people (id, full_name) VALUES (30, 'Uli');
INSERT INTO public_06_grade.people (id, full_name, nick) VALUES (31, 'Val', 'v');
SELECT id, nick FROM public_06_grade.people WHERE id >= 30 ORDER BY id;
SELECT nick FROM public_07_no_nick.people; -- fails
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT id, nick FROM public_06_grade.people WHERE id >= 30 ORDER BY id;
SELECT pgroll_c.start_migration('07_no_nick', :'migration');
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.people DROP nick;
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- drop_column with down, which serves the old version's NOT NULL
--
\set migration '{"operations": [{"drop_column": {"table": "people", "column": "full_name", "down": "''person '' || id"}}]}'
SELECT test.error('{"operations": [{"drop_column": {"table": "people", "column": "full_name"}}]}');
CALL test.remember();
SELECT pgroll_c.start_migration('08_no_name', :'migration');
SELECT state, tasks_open FROM pgroll_c.status();
INSERT INTO public_08_no_name.people (id) VALUES (40);
INSERT INTO public_07_no_nick.people (id, full_name) VALUES (41, 'Wim');
UPDATE public_08_no_name.people SET note = 'z' WHERE id = 41; -- down's input is the same
SELECT id, full_name FROM public_07_no_nick.people WHERE id >= 40 ORDER BY id;
UPDATE public_08_no_name.people SET id = 42 WHERE id = 41;
SELECT id, full_name FROM public_07_no_nick.people WHERE id >= 40 ORDER BY id;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('08_no_name', :'migration');
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.people DROP full_name;
SELECT * FROM test.differences('public', 'plain'); -- no rows
TABLE public_08_no_name.people ORDER BY id LIMIT 2;

--
-- drop_column of an indexed one with a default, and without down
--
CREATE INDEX people_age ON people (age);
CREATE INDEX people_age_note ON people (age, note);
\set migration '{"operations": [{"drop_column": {"table": "people", "column": "age"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('09_no_age', :'migration');
INSERT INTO public_09_no_age.people (id) VALUES (50);
SELECT age FROM public_08_no_name.people WHERE id = 50;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('09_no_age', :'migration');
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.people DROP age;
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- a column in the middle is renamed to and from a name with the old one inside
--
\set migration '{"operations": [{"rename_column": {"table": "people", "from": "note", "to": "not"}}, {"add_column": {"table": "people", "column": {"name": "kind", "type": "text", "nullable": true}, "up": "CASE WHEN \\"not\\" IN (''not'', ''note'') THEN ''not'' ELSE ''is'' || \\"not\\" END"}}]}'
UPDATE people SET note = 'not' WHERE id = 1;
SELECT pgroll_c.start_migration('10_not', :'migration');
CALL pgroll_c.run_tasks();
SELECT "not", kind FROM public_10_not.people WHERE id <= 2 ORDER BY id;
UPDATE public_09_no_age.people SET note = 'thing' WHERE id = 2;
SELECT "not", kind FROM public_10_not.people WHERE id <= 2 ORDER BY id;
SELECT pgroll_c.complete_migration();
SELECT "not", kind FROM public_10_not.people WHERE id <= 2 ORDER BY id;

\i test/include/teardown.sql
