-- An invalidation may come whenever a catalog is looked at.  A server with
-- assertions can act as if one came each time; on others this setting stays off.
CREATE EXTENSION pgroll_c;
CREATE TABLE items (id int PRIMARY KEY, cents int NOT NULL, code int NOT NULL);
INSERT INTO items SELECT i, i * 100, i % 3 FROM generate_series(1, 5) i;
SELECT pgroll_c.baseline('01');
SELECT pgroll_c.start_migration('02', '{"operations": [
	{"alter_column": {"table": "items", "column": "cents", "type": "numeric(12,2)",
		"up": "cents / 100.0", "down": "(cents * 100)::int"}},
	{"add_column": {"table": "items", "column": {"name": "word", "type": "text", "nullable": false},
		"up": "(ARRAY[''a'', ''b'', ''c''])[code + 1]"}},
	{"drop_column": {"table": "items", "column": "code", "down": "ascii(word) - 97"}}]}');
SELECT least(max_val::int, 1) AS discard FROM pg_settings WHERE name = 'debug_discard_caches' \gset
SET debug_discard_caches = :discard;
UPDATE public_02.items SET word = 'c' WHERE id = 1;
UPDATE public_01.items SET code = 0, cents = cents + 1 WHERE id < 4;
INSERT INTO public_02.items VALUES (6, 1.25, 'b');
INSERT INTO public_01.items VALUES (7, 250, 2) ON CONFLICT (id) DO NOTHING;
UPDATE items SET cents = 7 WHERE id = 7;
RESET debug_discard_caches;
CALL pgroll_c.run_tasks();
SELECT * FROM public_01.items ORDER BY id;
SELECT * FROM public_02.items ORDER BY id;
SELECT pgroll_c.complete_migration();
