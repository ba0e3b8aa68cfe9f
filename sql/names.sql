-- Names that ask for trouble, for tables, columns, constraints, indexes and
-- migrations, in every operation.
\i test/include/setup.sql

CREATE TEMP TABLE name (n int, name text);
INSERT INTO pg_temp.name SELECT ordinality, name FROM unnest(ARRAY['a b', 'Select', 'ü', 'it''s', '"quoted"', 'new', 'old',
	repeat('x', 63), repeat('ß', 31) || 'y', 'back\slash', '%s %n', '$1', ');--', '{json}', 'user', ' ', 'ctid2', 'id_']) WITH ORDINALITY AS u (name, ordinality);
SELECT count(*) = count(DISTINCT name) AND max(octet_length(name)) = 63 AS sane FROM pg_temp.name;

-- each name for a table, a column, an index, a constraint
SELECT format('CREATE TABLE %1$I (id int PRIMARY KEY, %1$I text, CONSTRAINT %2$I CHECK (%1$I <> %3$L))', name, left(name, 20) || ' ck', name),
	format('INSERT INTO %1$I VALUES (1, %2$L), (2, NULL)', name, 'value of ' || name),
	format('CREATE INDEX %2$I ON %1$I (%1$I)', name, left(name, 20) || ' ix'),
	format('COMMENT ON COLUMN %1$I.%1$I IS %1$L', name)
FROM pg_temp.name ORDER BY n
\gexec
CREATE SCHEMA plain;
SELECT format('CREATE TABLE plain.%1$I (LIKE public.%1$I INCLUDING ALL EXCLUDING INDEXES)', name),
	format('ALTER TABLE plain.%1$I ADD PRIMARY KEY (id)', name),
	format('CREATE INDEX %2$I ON plain.%1$I (%1$I)', name, left(name, 20) || ' ix')
FROM pg_temp.name ORDER BY n
\gexec
SELECT pgroll_c.baseline('01 "it''s" ü; DROP SCHEMA public; --');

-- what each table holds, in a version
CREATE FUNCTION pg_temp.content(schema text) RETURNS TABLE (name text, content jsonb) LANGUAGE plpgsql AS $$
BEGIN
	FOR name IN SELECT t.name FROM pg_temp.name t ORDER BY n LOOP
		RETURN QUERY EXECUTE format('SELECT %L, jsonb_object_agg(id, to_jsonb(x) - ''id'' ORDER BY id) FROM %I.%I x', name, schema, name);
	END LOOP;
END $$;

--
-- alter_column and add_column
--
SELECT jsonb_build_object('operations', jsonb_agg(o ORDER BY n, i)) AS migration
FROM pg_temp.name, LATERAL (VALUES
	(1, jsonb_build_object('alter_column', jsonb_build_object('table', name, 'column', name, 'type', 'varchar(200)',
		'up', format('coalesce(%I, %L)', name, 'up of ' || name), 'down', format('%I || %L', name, ' down'), 'nullable', false, 'comment', name))),
	(2, jsonb_build_object('add_column', jsonb_build_object('table', name, 'column',
		jsonb_build_object('name', 'x' || left(name, 20), 'type', 'text', 'nullable', true), 'up', format('%I || %L', name, ' added'))))
	) AS v (i, o)
\gset
CALL test.remember();
SELECT pgroll_c.start_migration('02 %s $1', :'migration');
CALL pgroll_c.run_tasks();
SELECT format('INSERT INTO "public_01 ""it''s"" ü; DROP SCHEMA public; --".%1$I VALUES (3, %2$L)', name, 'by old'),
	format('INSERT INTO "public_02 %%s $1".%1$I VALUES (4, %2$L, %2$L)', name, 'by new'),
	format('UPDATE "public_02 %%s $1".%1$I SET %1$I = %2$L WHERE id = 1', name, 'set')
FROM pg_temp.name ORDER BY n
\gexec
SELECT DISTINCT c.content - '2' AS old, c.content ->> '2' = format('{"%s": null}', replace(replace(c.name, '\', '\\'), '"', '\"')) AS null_stays
	FROM (SELECT name, (SELECT jsonb_object_agg(k, CASE WHEN k = '2' THEN v ELSE v -> name END) FROM jsonb_each(content) AS e (k, v)) AS content
		FROM pg_temp.content('public_01 "it''s" ü; DROP SCHEMA public; --')) AS c;
SELECT name, content -> '2' ->> name AS two, content -> '2' ->> ('x' || left(name, 20)) AS added, content -> '1' ->> name AS one,
	content -> '3' ->> ('x' || left(name, 20)) AS three, content -> '4' ->> name AS four
FROM pg_temp.content('public_02 %s $1');
-- each refuses its own name, by its check
SELECT format('INSERT INTO "public_02 %%s $1".%1$I VALUES (5, %1$L)', name) FROM pg_temp.name ORDER BY n LIMIT 3
\gexec
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('02 %s $1', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
SELECT format('ALTER TABLE plain.%1$I ALTER %1$I TYPE varchar(200), ALTER %1$I SET NOT NULL, ADD %2$I text', name, 'x' || left(name, 20)) FROM pg_temp.name ORDER BY n
\gexec
SELECT * FROM test.differences('public', 'plain') WHERE difference !~ ' ck| ix'; -- no rows
SELECT (SELECT count(*) FROM pg_constraint WHERE conrelid::regclass::text !~ '^plain\.' AND connamespace = 'public'::regnamespace AND conname ~ ' ck$' AND convalidated) = count(*) AS checks,
	(SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname ~ ' ix$' AND relkind = 'i') = count(*) AS indexes
FROM pg_temp.name;

--
-- rename_column and rename_table: every table takes the name of the next one,
-- every column that of the one before
--
SELECT jsonb_build_object('operations', jsonb_agg(o ORDER BY i, n)) AS migration
FROM (SELECT n, name, coalesce(lead(name) OVER (ORDER BY n), first_value(name) OVER (ORDER BY n)) AS next FROM pg_temp.name) AS t, LATERAL (VALUES
	(1, jsonb_build_object('rename_column', jsonb_build_object('table', name, 'from', name, 'to', next))),
	(2, jsonb_build_object('rename_table', jsonb_build_object('from', name, 'to', 'aside ' || n))),
	(3, jsonb_build_object('rename_table', jsonb_build_object('from', 'aside ' || n, 'to', next)))
	) AS v (i, o)
\gset
CALL test.remember();
SELECT pgroll_c.start_migration('03', :'migration');
SELECT count(*) FROM pg_temp.content('public_03') WHERE content -> '1' ->> name = 'set down';
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('03', :'migration');
SELECT pgroll_c.complete_migration();
SELECT count(*) FROM pg_temp.content('public_03') WHERE content -> '1' ->> name = 'set down';
SELECT count(*) FROM pg_temp.content('public') WHERE content -> '1' ->> name = 'set down';

--
-- drop_column, drop_table, create_table
--
SELECT jsonb_build_object('operations', jsonb_agg(jsonb_build_object('drop_column', jsonb_build_object('table', name, 'column', name, 'down', quote_literal('down of ' || name))) ORDER BY n)) AS migration
FROM pg_temp.name
\gset
CALL test.remember();
SELECT pgroll_c.start_migration('04', :'migration');
SELECT format('INSERT INTO public_04.%I (id) VALUES (10)', name) FROM pg_temp.name ORDER BY n
\gexec
SELECT count(*) FROM pg_temp.content('public_03') WHERE content -> '10' ->> name = 'down of ' || name;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('04', :'migration');
SELECT pgroll_c.complete_migration();
SELECT count(*) FROM pg_temp.content('public_04') WHERE NOT content -> '10' ? name;

SELECT jsonb_build_object('operations', jsonb_agg(o ORDER BY n, i)) AS migration
FROM pg_temp.name, LATERAL (VALUES
	(1, jsonb_build_object('drop_table', jsonb_build_object('name', name))),
	(2, jsonb_build_object('create_table', jsonb_build_object('name', name, 'comment', name, 'columns', jsonb_build_array(
		jsonb_build_object('name', 'id', 'type', 'int', 'pk', true),
		jsonb_build_object('name', name, 'type', 'text', 'unique', true, 'default', quote_literal('default of ' || name), 'comment', name,
			'check', jsonb_build_object('name', left(name, 20) || ' ck', 'constraint', format('%I <> %L', name, name))),
		jsonb_build_object('name', 'r' || left(name, 20), 'type', 'int', 'nullable', true,
			'references', jsonb_build_object('name', left(name, 20) || ' fk', 'table', name, 'column', 'id'))))))
	) AS v (i, o)
\gset
CALL test.remember();
SELECT pgroll_c.start_migration('05', :'migration');
SELECT format('INSERT INTO public_05.%I (id) VALUES (1)', name) FROM pg_temp.name ORDER BY n
\gexec
SELECT count(*) FROM pg_temp.content('public_05') WHERE content -> '1' ->> name = 'default of ' || name;
SELECT count(*) FROM pg_temp.content('public_04') WHERE content ? '10';
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('05', :'migration');
SELECT pgroll_c.complete_migration();
SELECT format('DROP TABLE plain.%I', name),
	format('CREATE TABLE plain.%1$I (id int PRIMARY KEY, %1$I text NOT NULL UNIQUE DEFAULT %2$L CONSTRAINT %3$I CHECK (%1$I <> %1$L), %4$I int CONSTRAINT %5$I REFERENCES plain.%1$I (id))',
		name, 'default of ' || name, left(name, 20) || ' ck', 'r' || left(name, 20), left(name, 20) || ' fk'),
	format('COMMENT ON TABLE plain.%1$I IS %1$L', name),
	format('COMMENT ON COLUMN plain.%1$I.%1$I IS %1$L', name)
FROM pg_temp.name ORDER BY n
\gexec
-- but for the names of keys and (from 18) of NOT NULL, which the tables dropped
-- had when these were made
SELECT * FROM test.differences('public', 'plain') WHERE difference !~ '_pkey|_not_null'; -- no rows

--
-- a version schema of 63 bytes; one of 64 is refused
--
SELECT octet_length(pgroll_c.start_migration(repeat('m', 56), '{"operations": [{"drop_table": {"name": "user"}}]}'));
SELECT pgroll_c.rollback_migration();
SELECT pgroll_c.start_migration(repeat('m', 57), '{"operations": [{"drop_table": {"name": "user"}}]}'); -- fails
SELECT octet_length(pgroll_c.start_migration(repeat('long ', 100), '{"version_schema": "short", "operations": [{"drop_table": {"name": "user"}}]}'));
SELECT pgroll_c.complete_migration();

--
-- what is alike up to the place where we cut it: a + b_c and a_b + c; columns,
-- indexes and constraints that differ in their last byte only
--
CREATE SCHEMA twins;
CREATE TABLE twins.a (id int PRIMARY KEY, b_c int);
CREATE TABLE twins.a_b (id int PRIMARY KEY, c int);
INSERT INTO twins.a VALUES (1, 10);
INSERT INTO twins.a_b VALUES (1, 100);
SELECT format('CREATE TABLE twins.t (id int PRIMARY KEY, %1$I int, %2$I int, CONSTRAINT %3$I CHECK (%1$I > 0), CONSTRAINT %4$I CHECK (%2$I > 1))',
	repeat('c', 62) || '1', repeat('c', 62) || '2', repeat('k', 62) || '1', repeat('k', 62) || '2'),
	format('CREATE INDEX %I ON twins.t (%I)', repeat('i', 62) || '1', repeat('c', 62) || '1'),
	format('CREATE INDEX %I ON twins.t (%I DESC)', repeat('i', 62) || '2', repeat('c', 62) || '2'),
	'INSERT INTO twins.t VALUES (1, 11, 22)'
\gexec
SELECT pgroll_c.baseline('01', 'twins');
SELECT jsonb_build_object('operations', jsonb_agg(jsonb_build_object('alter_column', jsonb_build_object('table', t, 'column', c, 'type', 'bigint',
	'up', format('%I * %s', c, f), 'down', format('%I / %s', c, f))))) AS migration
FROM (VALUES ('a', 'b_c', 2), ('a_b', 'c', 3), ('t', repeat('c', 62) || '1', 4), ('t', repeat('c', 62) || '2', 5)) AS v (t, c, f)
\gset
CALL test.remember();
SELECT pgroll_c.start_migration('02', :'migration', 'twins');
CALL pgroll_c.run_tasks('twins');
INSERT INTO twins_02.t VALUES (2, 44, 55);
UPDATE twins_01.a SET b_c = 11;
UPDATE twins_02.a_b SET c = 333;
TABLE twins_01.a_b;
TABLE twins_02.a;
SELECT to_jsonb(t) - 'id' FROM twins_01.t ORDER BY id;
SELECT pgroll_c.rollback_migration('twins');
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('02', :'migration', 'twins');
CALL pgroll_c.run_tasks('twins');
SELECT pgroll_c.complete_migration('twins');
SELECT replace(pg_get_indexdef(indexrelid), repeat('i', 62), '…i') FROM pg_index WHERE indrelid = 'twins.t'::regclass ORDER BY 1;
SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE conrelid = 'twins.t'::regclass AND contype = 'c' ORDER BY 1;
SELECT to_jsonb(t) - 'id' FROM twins_02.t ORDER BY id;

\i test/include/teardown.sql
