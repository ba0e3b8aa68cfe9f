-- Cases that were wrong once, most of them found by test/histories.
CREATE EXTENSION pgroll_c;
SET client_min_messages = warning;
CREATE TABLE words (id int PRIMARY KEY, word text, place int);
INSERT INTO words VALUES (1, 'one', 1), (2, 'two', 2);
SELECT pgroll_c.baseline('01');

-- a column that is added and then altered to NOT NULL has no old column
CALL pgroll_c.migrate('02', '{"operations": [
	{"add_column": {"table": "words", "up": "upper(word)",
		"column": {"name": "loud", "type": "text", "nullable": true}}},
	{"alter_column": {"table": "words", "column": "loud", "nullable": false,
		"up": "coalesce(loud, ''?'')"}}]}');
SELECT * FROM public_02.words ORDER BY id;
INSERT INTO public_02.words (id) VALUES (3); -- fails

-- the default of an added column fills old rows, and is what later operations
-- read of it, also where one gives new rows another default
SELECT pgroll_c.start_migration('03', '{"operations": [
	{"add_column": {"table": "words", "column": {"name": "size", "type": "int", "default": "5"}}},
	{"add_column": {"table": "words", "column": {"name": "twice", "type": "int"}, "up": "size * 2"}},
	{"alter_column": {"table": "words", "column": "size", "default": "6"}}]}');
INSERT INTO public_02.words (id, loud) VALUES (3, 'THREE');
INSERT INTO public_03.words (id, loud, twice) VALUES (4, 'FOUR', 0);
CALL pgroll_c.run_tasks();
SELECT * FROM public_03.words ORDER BY id;
SELECT pgroll_c.complete_migration();
INSERT INTO public_03.words (id, loud, twice) VALUES (5, 'FIVE', 0) RETURNING size;
INSERT INTO words (id, loud, twice) VALUES (6, 'SIX', 0) RETURNING size;

-- the first statement of a session sets a column of a row that awaits to NULL
SELECT pgroll_c.start_migration('04', '{"operations": [
	{"alter_column": {"table": "words", "column": "place", "type": "text",
		"up": "coalesce(place, 0)::text", "down": "place::int"}}]}');
\c
UPDATE public_04.words SET place = NULL WHERE id = 1;
SELECT id, place FROM public_04.words WHERE id = 1;
-- (where the backfill came first it proves nothing, but this does)
SELECT pg_get_viewdef('public_04.words') ~ 'awaits_backfill' AS loads_library;
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
SELECT pg_get_viewdef('public_04.words') ~ 'awaits_backfill' AS loads_library;
