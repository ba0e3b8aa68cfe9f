-- The trigger changes the end of a tuple without taking it apart: for shadows of
-- every length and alignment, rows that are too short for them, NULLs on either
-- side, with and without columns behind.
CREATE EXTENSION pgroll_c;

CREATE TABLE sample (n serial, type text, a text, b text);
INSERT INTO sample (type, a, b) VALUES
	('boolean', 'true', 'false'),
	('smallint', '1', '-2'),
	('integer', '3', '-4'),
	('bigint', '5', '-6'),
	('uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'),
	('text', 'short', repeat('not so short ', 100)),
	('numeric', '1.5', '12345678901234567890.123456789'),
	('name', 'n', 'longer');

-- A table of id, filler columns that are NULL or not, a and b, of which the
-- shadows are copies.  A row is right if they are and nothing else has changed.
CREATE FUNCTION check_shape(type_a text, type_b text, fillers int, behind boolean, VARIADIC vals text[])
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	filler text := (SELECT coalesce(string_agg(format('f%s %s', i, (ARRAY['int', 'text'])[1 + i % 2]), ', '), '') || CASE WHEN fillers > 0 THEN ', ' ELSE '' END FROM generate_series(1, fillers) AS i);
	fill text := (SELECT coalesce(string_agg(format('%L', i), ', '), '') || CASE WHEN fillers > 0 THEN ', ' ELSE '' END FROM generate_series(1, fillers) AS i);
	nofill text := (SELECT coalesce(string_agg(CASE WHEN i % 3 = 0 THEN 'NULL' ELSE quote_literal(i) END, ', '), '') || CASE WHEN fillers > 0 THEN ', ' ELSE '' END FROM generate_series(1, fillers) AS i);
	wrong text;
	value_a text;
	value_b text;
BEGIN
	EXECUTE format('CREATE TABLE shape (id serial, %s a %s, b %s)', filler, type_a, type_b);
	-- rows that await
	EXECUTE format('INSERT INTO shape SELECT nextval(''shape_id_seq''), %s %L, %L', fill, vals[1], vals[3]);
	EXECUTE format('INSERT INTO shape SELECT nextval(''shape_id_seq''), %s %L, %L', nofill, vals[1], vals[3]);
	EXECUTE format('INSERT INTO shape SELECT nextval(''shape_id_seq''), %s NULL, %L', nofill, vals[3]);
	EXECUTE format('ALTER TABLE shape ADD sa %s, ADD sb %s, ADD pending boolean DEFAULT pgroll_c.awaits_backfill()', type_a, type_b);
	EXECUTE format('CREATE TRIGGER pgroll BEFORE INSERT OR UPDATE ON shape FOR EACH ROW EXECUTE FUNCTION pgroll_c.dual_write(''only'', %L)',
		'{"base": "public", "migration": "m", "version": "v", "marker": "pending", "edges": [
			{"up": {"column": "sa", "logical": "a", "expression": "$1", "inputs": ["a"], "not_null": false}},
			{"up": {"column": "sb", "logical": "b", "expression": "$1", "inputs": ["b"], "not_null": false}}]}');
	IF behind THEN
		ALTER TABLE shape ADD behind int DEFAULT 77;
	END IF;
	-- rows of the old version
	FOREACH value_a IN ARRAY ARRAY[vals[1], vals[2], NULL] LOOP
		FOREACH value_b IN ARRAY ARRAY[vals[3], vals[4], NULL] LOOP
			EXECUTE format('INSERT INTO shape SELECT nextval(''shape_id_seq''), %s %L, %L', fill, value_a, value_b);
			EXECUTE format('INSERT INTO shape SELECT nextval(''shape_id_seq''), %s %L, %L', nofill, value_a, value_b);
		END LOOP;
	END LOOP;
	-- every row to every value, one column at a time and both
	FOREACH value_a IN ARRAY ARRAY[NULL, vals[2], NULL, vals[1]] LOOP
		FOREACH value_b IN ARRAY ARRAY[vals[4], NULL, vals[3]] LOOP
			EXECUTE format('UPDATE shape SET a = %L', value_a);
			EXECUTE format('UPDATE shape SET b = %L WHERE id %% 2 = 0', value_b);
			EXECUTE format('UPDATE shape SET a = %L, b = %L WHERE id %% 3 = 0', value_a, value_b);
			EXECUTE format('SELECT string_agg(s::text, '' '') FROM shape s
				WHERE (sa, sb, pending) IS DISTINCT FROM (a, b, false) OR %s OR %s OR %s',
				CASE WHEN fillers > 0 THEN 'f1 <> ''1''' ELSE 'false' END,
				CASE WHEN fillers > 2 THEN 'f3 <> 3::text' ELSE 'false' END,
				CASE WHEN behind THEN 'behind IS DISTINCT FROM 77' ELSE 'false' END) INTO wrong;
			EXIT WHEN wrong IS NOT NULL;
		END LOOP;
		EXIT WHEN wrong IS NOT NULL;
	END LOOP;
	DROP TABLE shape;
	RETURN wrong;
END $$;

-- each pair of types in one of four shapes, each type in all of them
SELECT x.type, y.type, fillers, behind, wrong
FROM sample x, sample y, (VALUES (0, 0, false), (1, 5, false), (2, 6, true), (3, 12, false)) AS s (n, fillers, behind),
	check_shape(x.type, y.type, fillers, behind, x.a, x.b, y.a, y.b) AS wrong
WHERE (x.n + y.n) % 4 = s.n AND wrong IS NOT NULL;

-- a row is as long as one that was written in one piece
CREATE TABLE plain (id int, a int, b text, c int, d text, e int, f int, g int, sa int, pending boolean);
CREATE TABLE spliced (LIKE plain);
ALTER TABLE spliced ALTER pending SET DEFAULT pgroll_c.awaits_backfill();
CREATE TRIGGER pgroll BEFORE INSERT OR UPDATE ON spliced FOR EACH ROW EXECUTE FUNCTION pgroll_c.dual_write('only',
	'{"base": "public", "migration": "m", "version": "v", "marker": "pending", "edges": [
		{"up": {"column": "sa", "logical": "a", "expression": "$1", "inputs": ["a"], "not_null": false}}]}');
INSERT INTO plain SELECT 1, 2, 'x', 3, 'y', 4, 5, 6, 2, false;
INSERT INTO spliced SELECT 1, 2, 'x', 3, 'y', 4, 5, 6;
SELECT (SELECT pg_column_size(plain) FROM plain) = (SELECT pg_column_size(spliced) FROM spliced) AS same_size,
	(SELECT plain::text FROM plain) = (SELECT spliced::text FROM spliced) AS same;
