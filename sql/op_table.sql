-- create_table, rename_table and drop_table: both versions written, rolled
-- back, and completed as plain DDL would do it.
\i test/include/setup.sql

CREATE TABLE team (id int PRIMARY KEY, name text UNIQUE);
COMMENT ON TABLE team IS 'who works together';
INSERT INTO team VALUES (1, 'red'), (2, 'blue');
CREATE SCHEMA plain;
CREATE TABLE plain.team (LIKE team INCLUDING ALL);
COMMENT ON TABLE plain.team IS 'who works together';
SELECT pgroll_c.baseline('01_base');

--
-- create_table: with everything that a column may have
--
\set migration '{"operations": [{"create_table": {"name": "player", "comment": "who plays", "columns": [{"name": "id", "type": "bigserial", "pk": true}, {"name": "email", "type": "varchar(100)", "unique": true, "comment": "for letters"}, {"name": "age", "type": "int", "nullable": true, "default": "18", "check": {"name": "grown_up", "constraint": "age >= 18"}}, {"name": "team_id", "type": "int", "nullable": true, "references": {"name": "player_team", "table": "team", "column": "id", "on_delete": "set null", "on_update": "CASCADE", "deferrable": true, "initially_deferred": true}}, {"name": "captain", "type": "bigint", "nullable": true, "references": {"name": "player_captain", "table": "player", "column": "id", "match_type": "FULL"}}, {"name": "joined", "type": "timestamptz", "default": "now()"}]}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('02_player', :'migration');
SELECT state, tasks_open FROM pgroll_c.status();
SELECT to_regclass('public_01_base.player') AS hidden;
INSERT INTO public_02_player.player (email, team_id) VALUES ('a@example.com', 1) RETURNING id, email, age, team_id, joined = now() AS now;
INSERT INTO public_02_player.player (email, captain) VALUES ('b@example.com', 1) RETURNING id;
INSERT INTO public_02_player.player (email) VALUES ('a@example.com'); -- fails
INSERT INTO public_02_player.player (email, age) VALUES ('c@example.com', 17); -- fails
INSERT INTO public_02_player.player (age) VALUES (30); -- fails
INSERT INTO public_02_player.player (email, team_id) VALUES ('c@example.com', 9); -- fails
UPDATE public_01_base.team SET id = 3 WHERE id = 1;
SELECT team_id FROM public_02_player.player WHERE id = 1;
UPDATE public_01_base.team SET id = 1 WHERE id = 3;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('02_player', :'migration');
SELECT pgroll_c.complete_migration();
CREATE TABLE plain.player (
	id bigserial PRIMARY KEY,
	email varchar(100) NOT NULL UNIQUE,
	age int DEFAULT 18 CONSTRAINT grown_up CHECK (age >= 18),
	team_id int CONSTRAINT player_team REFERENCES plain.team (id)
		ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
	captain bigint CONSTRAINT player_captain REFERENCES plain.player (id) MATCH FULL,
	joined timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE plain.player IS 'who plays';
COMMENT ON COLUMN plain.player.email IS 'for letters';
SELECT * FROM test.differences('public', 'plain'); -- no rows
SELECT obj_description('public_02_player.player'::regclass, 'pg_class'),
	obj_description('public_02_player.team'::regclass, 'pg_class');
INSERT INTO public_02_player.player (email, team_id) VALUES ('d@example.com', 2) RETURNING email, age;

--
-- create_table: a key of two columns, in their order
--
\set migration '{"operations": [{"create_table": {"name": "membership", "columns": [{"name": "since", "type": "date", "pk": true}, {"name": "note", "type": "text", "nullable": true}, {"name": "player", "type": "bigint", "pk": true}]}}]}'
SELECT pgroll_c.start_migration('03_membership', :'migration');
SELECT pgroll_c.complete_migration();
CREATE TABLE plain.membership (since date, note text, player bigint, PRIMARY KEY (since, player));
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- rename_table: only the view changes
--
\set migration '{"operations": [{"rename_table": {"from": "team", "to": "club"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('04_club', :'migration');
SELECT state, tasks_open FROM pgroll_c.status();
INSERT INTO public_03_membership.team VALUES (10, 'old');
INSERT INTO public_04_club.club VALUES (11, 'new');
TABLE public_03_membership.team ORDER BY id;
TABLE public_04_club.club ORDER BY id;
SELECT to_regclass('public_04_club.team') AS hidden;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('04_club', :'migration');
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.team RENAME TO club;
SELECT * FROM test.differences('public', 'plain'); -- no rows
TABLE public_04_club.club ORDER BY id;

--
-- drop_table: hidden from the new version, there for the old one and for who
-- uses the base schema, until completion
--
\set migration '{"operations": [{"drop_table": {"name": "membership"}}]}'
INSERT INTO membership VALUES ('2001-01-01', 'x', 1);
CALL test.remember();
SELECT pgroll_c.start_migration('05_no_membership', :'migration');
SELECT to_regclass('public_05_no_membership.membership') AS hidden;
INSERT INTO public_04_club.membership VALUES ('2002-02-02', 'y', 1);
INSERT INTO public.membership VALUES ('2003-03-03', 'z', 1);
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
TABLE public_04_club.membership ORDER BY since;
SELECT pgroll_c.start_migration('05_no_membership', :'migration');
SELECT pgroll_c.complete_migration();
DROP TABLE plain.membership;
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- drop_table: what depends on it is named; its own sequence and keys go along
--
CREATE VIEW players AS SELECT email FROM player;
\t \a
SELECT test.error('{"operations": [{"drop_table": {"name": "player"}}]}');
DROP VIEW players;
SELECT test.error('{"operations": [{"drop_table": {"name": "club"}}]}');
\t \a
SELECT pgroll_c.start_migration('06_no_player', '{"operations": [{"drop_table": {"name": "player"}}]}');
SELECT pgroll_c.complete_migration();
DROP TABLE plain.player;
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- one table makes room for another of its name
--
\set migration '{"operations": [{"drop_table": {"name": "club"}}, {"create_table": {"name": "club", "columns": [{"name": "code", "type": "char(3)", "pk": true}]}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('07_new_club', :'migration');
INSERT INTO public_06_no_player.club VALUES (12, 'older');
INSERT INTO public_07_new_club.club VALUES ('abc');
SELECT count(*) FROM public_06_no_player.club;
TABLE public_07_new_club.club;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT count(*) FROM public_06_no_player.club;
SELECT pgroll_c.start_migration('07_new_club', :'migration');
INSERT INTO public_07_new_club.club VALUES ('abc');
SELECT pgroll_c.complete_migration();
DROP TABLE plain.club;
CREATE TABLE plain.club (code char(3) PRIMARY KEY);
SELECT * FROM test.differences('public', 'plain'); -- no rows
TABLE public_07_new_club.club;

--
-- a table takes the name of one that is dropped; two tables swap their names
--
CREATE TABLE a (i int);
CREATE TABLE b (t text);
INSERT INTO a VALUES (1);
INSERT INTO b VALUES ('one');
CREATE TABLE plain.a (t text);
CREATE TABLE plain.b (i int);
\set migration '{"operations": [{"rename_table": {"from": "a", "to": "c"}}, {"rename_table": {"from": "b", "to": "a"}}, {"rename_table": {"from": "c", "to": "b"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('08_swap', :'migration');
SELECT * FROM public_08_swap.a;
INSERT INTO public_08_swap.a VALUES ('two');
INSERT INTO public_08_swap.b VALUES (2);
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('08_swap', :'migration');
SELECT pgroll_c.complete_migration();
SELECT * FROM test.differences('public', 'plain'); -- no rows
TABLE public_08_swap.a;
TABLE public_08_swap.b;

\set migration '{"operations": [{"drop_table": {"name": "a"}}, {"rename_table": {"from": "b", "to": "a"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('09_replace', :'migration');
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('09_replace', :'migration');
SELECT pgroll_c.complete_migration();
DROP TABLE plain.a;
ALTER TABLE plain.b RENAME TO a;
SELECT * FROM test.differences('public', 'plain'); -- no rows
TABLE public_09_replace.a;

--
-- a created table is changed by the operations after it
--
\set migration '{"operations": [{"create_table": {"name": "draft", "columns": [{"name": "id", "type": "int", "pk": true}, {"name": "x", "type": "text"}, {"name": "y", "type": "text"}]}}, {"rename_table": {"from": "draft", "to": "final"}}, {"rename_column": {"table": "final", "from": "x", "to": "z"}}, {"alter_column": {"table": "final", "column": "z", "type": "varchar(7)", "nullable": true, "default": "''q''", "comment": "the end", "up": "z", "down": "z"}}, {"drop_column": {"table": "final", "column": "y"}}, {"add_column": {"table": "final", "column": {"name": "y", "type": "date"}, "up": "now()"}}, {"create_table": {"name": "gone", "columns": [{"name": "id", "type": "int", "references": {"name": "fk", "table": "final", "column": "id"}}]}}, {"drop_table": {"name": "gone"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('10_draft', :'migration');
SELECT state, tasks_open FROM pgroll_c.status();
INSERT INTO public_10_draft.final (id, y) VALUES (1, '2001-01-01') RETURNING *;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('10_draft', :'migration');
SELECT pgroll_c.complete_migration();
CREATE TABLE plain.draft (id int PRIMARY KEY, z varchar(7) DEFAULT 'q');
ALTER TABLE plain.draft RENAME TO final;
ALTER TABLE plain.final ADD y date NOT NULL;
COMMENT ON COLUMN plain.final.z IS 'the end';
SELECT * FROM test.differences('public', 'plain'); -- no rows

\i test/include/teardown.sql
