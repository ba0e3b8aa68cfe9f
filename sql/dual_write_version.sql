-- Which version wrote?  The view that the statement names decides, whatever
-- search_path says, at every depth.
CREATE EXTENSION pgroll_c;

CREATE TABLE people (id int PRIMARY KEY, age text);
ALTER TABLE people ADD COLUMN _pgroll_c_1_1_age integer;
ALTER TABLE people ADD COLUMN _pgroll_c_1_pending boolean DEFAULT pgroll_c.awaits_backfill();
CREATE TRIGGER _pgroll_c_1 BEFORE INSERT OR UPDATE ON people
	FOR EACH ROW EXECUTE FUNCTION pgroll_c.dual_write('only', '{
		"base": "public", "migration": "02_age", "version": "public_02_age",
		"marker": "_pgroll_c_1_pending",
		"edges": [{
			"up": {"column": "_pgroll_c_1_1_age", "logical": "age", "not_null": false,
				"expression": "(split_part($1, '' '', 1))::integer / 10 * 10", "inputs": ["age"]},
			"down": {"column": "age", "logical": "age", "not_null": false,
				"expression": "(($1)::text || '' years'')", "inputs": ["_pgroll_c_1_1_age"]}
		}]}');
ALTER TABLE people ENABLE ALWAYS TRIGGER _pgroll_c_1;

CREATE SCHEMA public_01_base;
CREATE VIEW public_01_base.people WITH (security_invoker = true) AS
	SELECT id, age FROM public.people WHERE pgroll_c.awaits_backfill();
CREATE SCHEMA public_02_age;
CREATE VIEW public_02_age.people WITH (security_invoker = true) AS
	SELECT id, _pgroll_c_1_1_age AS age FROM public.people
	WHERE pgroll_c.awaits_backfill();

-- The oracle: '57 y' is written as the old form and 57 as the new one.  The
-- other side tells who was taken for the writer.
CREATE VIEW writers AS
	SELECT id, CASE
		WHEN age = '57 y' AND _pgroll_c_1_1_age = 50 THEN 'old'
		WHEN age = '57 years' AND _pgroll_c_1_1_age = 57 THEN 'new'
		ELSE format('neither: %s, %s', age, _pgroll_c_1_1_age) END AS writer
	FROM public.people WHERE age <> '10 y' ORDER BY id;
CREATE PROCEDURE reset() LANGUAGE sql AS $$
	DELETE FROM public.people;
	INSERT INTO public.people VALUES (1, '10 y'), (2, '10 y'), (3, '10 y') $$;
CALL reset();

-- plain, by search_path and by schema, against search_path
SET search_path = public_01_base, public;
UPDATE people SET age = '57 y' WHERE id = 1;
UPDATE public_02_age.people SET age = 57 WHERE id = 2;
UPDATE public.people SET age = '57 y' WHERE id = 3;
SELECT * FROM public.writers;
CALL public.reset();
SET search_path = public_02_age, public;
UPDATE people SET age = 57 WHERE id = 1;
UPDATE public_01_base.people SET age = '57 y' WHERE id = 2;
UPDATE public.people SET age = '57 y' WHERE id = 3;
SELECT * FROM writers;
RESET search_path;
CALL reset();

-- the first statement of a session: the qualification loads the library
\c -
UPDATE public_02_age.people SET age = 57 WHERE id = 1;
\c -
INSERT INTO public_02_age.people VALUES (4, 57);
\c -
UPDATE public_01_base.people SET age = '57 y' WHERE id = 2;
\c -
INSERT INTO public_02_age.people VALUES (3, 0)
	ON CONFLICT (id) DO UPDATE SET age = 57;
SELECT * FROM writers;
CALL reset();

-- functions
CREATE FUNCTION sql_new(int) RETURNS void LANGUAGE sql
	AS 'UPDATE public_02_age.people SET age = 57 WHERE id = $1';
CREATE FUNCTION plpgsql_old(int) RETURNS void LANGUAGE plpgsql
	AS $$ BEGIN UPDATE public_01_base.people SET age = '57 y' WHERE id = $1; END $$;
CREATE FUNCTION plpgsql_new(int) RETURNS void LANGUAGE plpgsql SET search_path = public_02_age
	AS $$ BEGIN EXECUTE 'UPDATE people SET age = 57 WHERE id = $1' USING $1; END $$;
SELECT sql_new(1), plpgsql_old(2), plpgsql_new(3);
SELECT * FROM writers;
CALL reset();
DO $$ BEGIN
	UPDATE public_02_age.people SET age = 57 WHERE id = 1;
	UPDATE public_01_base.people SET age = '57 y' WHERE id = 2;
	PERFORM sql_new(3);
END $$;
SELECT * FROM writers;
CALL reset();
-- one statement inside another
SELECT count(sql_new(id)) FROM (SELECT id FROM public_01_base.people FOR UPDATE) AS p;
SELECT * FROM writers;
CALL reset();
CREATE FUNCTION nested(int) RETURNS text LANGUAGE plpgsql AS $$
	BEGIN PERFORM sql_new($1 + 1); RETURN '57 y'; END $$;
UPDATE public_01_base.people SET age = nested(1) WHERE id = 1;
SELECT * FROM writers;
CALL reset();
-- after an error in an inner statement
DO $$ BEGIN
	BEGIN
		UPDATE public_02_age.people SET age = 57 / (id - id) WHERE id = 1;
	EXCEPTION WHEN division_by_zero THEN
		UPDATE public.people SET age = '57 y' WHERE id = 2;
	END;
END $$;
SELECT * FROM writers;
CALL reset();

-- prepared, with a generic plan and with a custom one, under any search_path
PREPARE new_age (int) AS UPDATE public_02_age.people SET age = 57 WHERE id = $1;
PREPARE old_age (int) AS UPDATE people SET age = '57 y' WHERE id = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE new_age (1);
EXECUTE old_age (2);
SET search_path = public_01_base;
EXECUTE new_age (3);
RESET search_path;
RESET plan_cache_mode;
SELECT * FROM writers;
CALL reset();

-- one statement that writes both versions and the base table
WITH a AS (UPDATE public_02_age.people SET age = 57 WHERE id = 1),
	b AS (UPDATE public_01_base.people SET age = '57 y' WHERE id = 2)
	UPDATE public.people SET age = '57 y' WHERE id = 3;
SELECT * FROM writers;
CALL reset();
WITH a AS (UPDATE public.people SET age = '57 y' WHERE id = 1),
	b AS (UPDATE public_01_base.people SET age = '57 y' WHERE id = 2),
	c AS (INSERT INTO public_02_age.people VALUES (4, 57) RETURNING id)
	UPDATE public_02_age.people SET age = 57 WHERE id = 3;
SELECT * FROM writers;
CALL reset();
-- one that nobody reads to its end
WITH a AS (UPDATE public_02_age.people SET age = 57 RETURNING id)
	SELECT id > 0 AS read FROM a LIMIT 1;
SELECT * FROM writers;
CALL reset();
-- a view that is read, or locked, and the table that is written
UPDATE public.people p SET age = '57 y'
	FROM (SELECT * FROM public_02_age.people FOR UPDATE) AS n WHERE n.id = p.id;
SELECT * FROM writers;
CALL reset();
UPDATE public_02_age.people p SET age = 57
	FROM public_01_base.people AS o, public.people AS b
	WHERE o.id = p.id AND b.id = p.id;
SELECT * FROM writers;
CALL reset();
INSERT INTO public.people
	SELECT id + 10, '57 y' FROM public_02_age.people WHERE id IN (SELECT id FROM public_02_age.people);
SELECT * FROM writers;
CALL reset();

-- views of the user's over ours, and over the table
CREATE SCHEMA app;
CREATE VIEW app.over_new AS SELECT * FROM public_02_age.people WHERE id < 100;
CREATE VIEW app.over_over AS SELECT age AS years, id FROM app.over_new;
CREATE VIEW app.over_base AS SELECT * FROM public.people;
UPDATE app.over_new SET age = 57 WHERE id = 1;
UPDATE app.over_over SET years = 57 WHERE id = 2;
UPDATE app.over_base SET age = '57 y' WHERE id = 3;
SELECT * FROM writers;
CALL reset();
-- a rule that writes through a version
CREATE TABLE app.inbox (id int);
CREATE RULE forward AS ON INSERT TO app.inbox
	DO INSTEAD UPDATE public_02_age.people SET age = 57 WHERE id = NEW.id;
INSERT INTO app.inbox VALUES (1);
SELECT * FROM writers;
CALL reset();

-- a trigger of another table
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	UPDATE public_02_age.people SET age = 57 WHERE id = NEW.id; RETURN NEW; END $$;
CREATE TABLE app.log (id int);
CREATE TRIGGER touch_before BEFORE INSERT ON app.log FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TABLE app.queue (id int);
CREATE TRIGGER touch_after AFTER INSERT ON app.queue FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TABLE app.later (id int);
CREATE CONSTRAINT TRIGGER touch_later AFTER INSERT ON app.later
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.touch();
BEGIN;
INSERT INTO app.log VALUES (1);
INSERT INTO app.queue VALUES (2);
INSERT INTO app.later VALUES (3);
COMMIT;
SELECT * FROM writers;
CALL reset();

-- INSERT … ON CONFLICT: EXCLUDED is complete, the UPDATE is the SET list's
INSERT INTO public_02_age.people VALUES (1, 57), (4, 57)
	ON CONFLICT (id) DO UPDATE SET age = EXCLUDED.age;
INSERT INTO public_01_base.people VALUES (2, '57 y'), (5, '57 y')
	ON CONFLICT (id) DO UPDATE SET age = EXCLUDED.age;
INSERT INTO public.people VALUES (3, '57 y'), (6, '57 y')
	ON CONFLICT (id) DO UPDATE SET age = EXCLUDED.age;
INSERT INTO public_02_age.people VALUES (1, 0) ON CONFLICT DO NOTHING;
SELECT * FROM writers;
CALL reset();

-- RETURNING, multi-column SET, FROM VALUES
UPDATE public_02_age.people p SET (id, age) = (SELECT n.id, n.age)
	FROM (VALUES (1, 57)) AS n (id, age) WHERE n.id = p.id RETURNING p.*;
SELECT * FROM writers;
CALL reset();

-- cursors and a loop over RETURNING
DO $$ DECLARE r record; BEGIN
	FOR r IN UPDATE public_02_age.people SET age = 57 WHERE id < 3 RETURNING id LOOP
		UPDATE public.people SET age = '57 y' WHERE id = r.id + 1 AND r.id = 2;
	END LOOP;
END $$;
SELECT * FROM writers;
CALL reset();

-- COPY and MERGE write the base table; MERGE also views, from PostgreSQL 17 on
COPY people (id, age) FROM stdin;
11	57 y
\.
MERGE INTO people p USING (VALUES (1), (12)) AS v (id) ON v.id = p.id
	WHEN MATCHED THEN UPDATE SET age = '57 y'
	WHEN NOT MATCHED THEN INSERT (id, age) VALUES (v.id, '57 y');
DO $$ BEGIN
	IF current_setting('server_version_num')::int >= 170000 THEN
		MERGE INTO public_02_age.people p USING (VALUES (2), (13)) AS v (id) ON v.id = p.id
			WHEN MATCHED THEN UPDATE SET age = 57
			WHEN NOT MATCHED THEN INSERT (id, age) VALUES (v.id, 57);
	ELSE
		UPDATE public_02_age.people SET age = 57 WHERE id = 2;
		INSERT INTO public_02_age.people VALUES (13, 57);
	END IF;
END $$;
SELECT * FROM writers;
CALL reset();

-- EXPLAIN ANALYZE and isolation levels change nothing
BEGIN ISOLATION LEVEL SERIALIZABLE;
UPDATE public_02_age.people SET age = 57 WHERE id = 1;
UPDATE public_01_base.people SET age = '57 y' WHERE id = 2;
DO $$ BEGIN EXECUTE 'EXPLAIN ANALYZE UPDATE public_02_age.people SET age = 57 WHERE id = 3'; END $$;
COMMIT;
SELECT * FROM writers;
CALL reset();

-- partitions: by tuple routing, as targets of their own, on the move
CREATE TABLE parted (id int, age text, _pgroll_c_1_1_age integer,
	_pgroll_c_1_pending boolean DEFAULT pgroll_c.awaits_backfill()) PARTITION BY RANGE (id);
CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (100);
CREATE TABLE parted_high (_pgroll_c_1_pending boolean DEFAULT pgroll_c.awaits_backfill(), age text,
	gone int, _pgroll_c_1_1_age integer, id int);
ALTER TABLE parted_high DROP COLUMN gone;
ALTER TABLE parted ATTACH PARTITION parted_high FOR VALUES FROM (100) TO (200);
DO $$ DECLARE args text := (SELECT encode(tgargs, 'escape') FROM pg_trigger WHERE tgrelid = 'people'::regclass);
	t text; BEGIN
	FOREACH t IN ARRAY ARRAY['parted_low', 'parted_high'] LOOP
		EXECUTE format('CREATE TRIGGER _pgroll_c_1 BEFORE INSERT OR UPDATE ON %I FOR EACH ROW
			EXECUTE FUNCTION pgroll_c.dual_write(''only'', %L)', t, split_part(args, '\000', 2));
	END LOOP;
END $$;
CREATE VIEW public_01_base.parted WITH (security_invoker = true) AS
	SELECT id, age FROM public.parted WHERE pgroll_c.awaits_backfill();
CREATE VIEW public_02_age.parted WITH (security_invoker = true) AS
	SELECT id, _pgroll_c_1_1_age AS age FROM public.parted WHERE pgroll_c.awaits_backfill();
CREATE VIEW parted_writers AS
	SELECT tableoid::regclass AS partition, id, CASE
		WHEN age = '57 y' AND _pgroll_c_1_1_age = 50 THEN 'old'
		WHEN age = '57 years' AND _pgroll_c_1_1_age = 57 THEN 'new'
		ELSE format('neither: %s, %s', age, _pgroll_c_1_1_age) END AS writer,
		_pgroll_c_1_pending AS pending
	FROM parted ORDER BY id;
INSERT INTO public_01_base.parted VALUES (1, '57 y'), (101, '57 y');
INSERT INTO public_02_age.parted VALUES (2, 57), (102, 57);
INSERT INTO parted VALUES (3, '57 y'), (103, '57 y');
INSERT INTO parted_high (id, age) VALUES (104, '57 y');
COPY parted (id, age) FROM stdin;
5	57 y
105	57 y
\.
SELECT * FROM parted_writers;
-- moves, which must carry nothing: what the row has is final
UPDATE public_01_base.parted SET id = id + 100 WHERE id = 2;
UPDATE public_02_age.parted SET id = id - 90 WHERE id = 101;
SELECT * FROM parted_writers WHERE id IN (102, 11);
-- a move and a write in one
UPDATE public_02_age.parted SET id = id + 110, age = 57 WHERE id = 1;
UPDATE public_01_base.parted SET id = id - 82, age = '57 y' WHERE id = 102;
SELECT * FROM parted_writers WHERE id IN (111, 20);
-- an inherited UPDATE of them all
UPDATE public_01_base.parted SET age = '57 y';
SELECT writer, pending, count(*) FROM parted_writers GROUP BY 1, 2;
UPDATE public_02_age.parted SET age = 57;
SELECT writer, pending, count(*) FROM parted_writers GROUP BY 1, 2;
WITH a AS (UPDATE public_01_base.parted SET age = '57 y' WHERE id < 100)
	UPDATE public_02_age.parted SET age = 57 + 0 * id WHERE id >= 100;
SELECT id < 100 AS low, writer, count(*) FROM parted_writers GROUP BY 1, 2 ORDER BY 1;
