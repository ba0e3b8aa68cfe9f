-- The table's own BEFORE triggers see complete old columns, and what they change
-- is carried over.
CREATE EXTENSION pgroll_c;

CREATE TABLE people (id int PRIMARY KEY, name text, age text, note text);
INSERT INTO people VALUES (1, 'Ann', '31 y');
ALTER TABLE people ADD COLUMN _pgroll_c_1_1_age integer;
ALTER TABLE people ADD COLUMN _pgroll_c_1_2_name text;
ALTER TABLE people ADD COLUMN _pgroll_c_1_pending boolean DEFAULT pgroll_c.awaits_backfill();
CREATE FUNCTION add_trigger(name, text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
	EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON people
		FOR EACH ROW EXECUTE FUNCTION pgroll_c.dual_write(%L, %L)', $1, $2, '{
		"base": "public", "migration": "02_age", "version": "public_02_age",
		"marker": "_pgroll_c_1_pending",
		"edges": [
			{"up": {"column": "_pgroll_c_1_1_age", "logical": "age", "not_null": true,
				"expression": "(split_part($1, '' '', 1))::integer / 10 * 10", "inputs": ["age"]},
			"down": {"column": "age", "logical": "age", "not_null": false,
				"expression": "(($1)::text || '' years'')", "inputs": ["_pgroll_c_1_1_age"]}},
			{"up": {"column": "_pgroll_c_1_2_name", "logical": "name", "not_null": false,
				"expression": "upper($1)", "inputs": ["name"]},
			"down": {"column": "name", "logical": "name", "not_null": false,
				"expression": "lower($1)", "inputs": ["_pgroll_c_1_2_name"]}}]}');
	EXECUTE format('ALTER TABLE people ENABLE ALWAYS TRIGGER %I', $1);
END $$;
SELECT add_trigger('!pgroll_c_1', 'first'), add_trigger('~pgroll_c_1', 'last');
CREATE SCHEMA public_02_age;
CREATE VIEW public_02_age.people WITH (security_invoker = true) AS
	SELECT id, _pgroll_c_1_2_name AS name, _pgroll_c_1_1_age AS age, note FROM public.people;
CREATE VIEW stored AS
	SELECT id, name, _pgroll_c_1_2_name AS new_name, age, _pgroll_c_1_1_age AS new_age, note,
		_pgroll_c_1_pending AS pending FROM people;

-- notes what it sees, trims the name and knows an age for those who have none
CREATE FUNCTION clean() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	NEW.note := format('saw %s, %s', NEW.name, NEW.age);
	NEW.name := btrim(NEW.name, ' !');
	NEW.age := coalesce(NEW.age, '15 y');
	IF NEW.name = 'skip' THEN
		RETURN NULL;
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER clean BEFORE INSERT OR UPDATE ON people FOR EACH ROW EXECUTE FUNCTION clean();

INSERT INTO people (id, name, age) VALUES (11, 'Old!', '57 y');
INSERT INTO people (id, name) VALUES (12, 'Old!');
INSERT INTO public_02_age.people (id, name, age) VALUES (21, 'NEW', 57);
INSERT INTO public_02_age.people (id, name, age) VALUES (22, 'NEW!', 57);
SELECT * FROM stored WHERE id > 10 ORDER BY id;
-- NULL is judged after the user's triggers
INSERT INTO public_02_age.people (id, name) VALUES (23, 'NEW!');
SELECT * FROM stored WHERE id = 23;

UPDATE people SET name = 'Older', age = NULL WHERE id = 11;
UPDATE people SET name = 'Older!' WHERE id = 12;
UPDATE public_02_age.people SET name = 'NEWER' WHERE id = 21;
UPDATE public_02_age.people SET name = 'NEWER!', age = 69 WHERE id = 22;
SELECT * FROM stored WHERE id > 10 ORDER BY id;
-- the row from before the start
BEGIN;
UPDATE people SET age = '88 y' WHERE id = 1;
SELECT * FROM stored WHERE id = 1;
ROLLBACK;
BEGIN;
UPDATE public_02_age.people SET age = 88 WHERE id = 1;
SELECT * FROM stored WHERE id = 1;
ROLLBACK;
BEGIN;
UPDATE public_02_age.people SET name = 'ANN!' WHERE id = 1;
SELECT * FROM stored WHERE id = 1;
ROLLBACK;
-- rows that the user's trigger skips leave nothing behind for the next
INSERT INTO public_02_age.people (id, name, age) VALUES (31, 'SKIP', 1), (32, 'STAY', 2), (33, 'SKIP', 3), (34, 'STAY!', 4);
UPDATE public_02_age.people SET name = CASE WHEN id = 32 THEN 'SKIP' ELSE 'GO' END WHERE id > 30;
SELECT * FROM stored WHERE id > 30 ORDER BY id;
-- base writes of a shadow, which the user's trigger must see carried
UPDATE people SET _pgroll_c_1_2_name = 'BASE!' WHERE id = 32;
SELECT * FROM stored WHERE id = 32;
INSERT INTO people (id, _pgroll_c_1_2_name, age) VALUES (35, 'BASE', '15 y');
COPY people (id, name, age) FROM stdin;
36	Copy!	26 y
\.
-- already done: nothing but the user's change is carried
COPY people (id, name, age, _pgroll_c_1_1_age, _pgroll_c_1_2_name, _pgroll_c_1_pending) FROM stdin;
37	Same	26 y	27	Other	f
38	Same!	26 y	27	Other	f
\.
SELECT * FROM stored WHERE id > 34 ORDER BY id;

-- statements inside the user's triggers, on the same table
CREATE FUNCTION nest() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF NEW.id < 100 THEN
		INSERT INTO public_02_age.people (id, name, age) VALUES (NEW.id + 100, 'NESTED!', 77);
		UPDATE people SET age = '66 y' WHERE id = 12;
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER nest BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION nest();
INSERT INTO public_02_age.people (id, name, age) VALUES (41, 'OUTER!', 44), (42, 'OUTER', 45);
INSERT INTO people (id, name, age) VALUES (43, 'Outer!', '46 y');
SELECT * FROM stored WHERE id = 12 OR id > 40 ORDER BY id;
DROP TRIGGER nest ON people;

-- partitions: what the target's trigger changes is carried
CREATE TABLE parted (LIKE people INCLUDING ALL) PARTITION BY RANGE (id);
ALTER TABLE parted ATTACH PARTITION people FOR VALUES FROM (0) TO (1000);
CREATE TABLE high PARTITION OF parted FOR VALUES FROM (1000) TO (2000);
DO $$ DECLARE d text; BEGIN
	FOR d IN SELECT pg_get_triggerdef(oid) FROM pg_trigger
		WHERE tgrelid = 'people'::regclass AND NOT tgisinternal LOOP
		EXECUTE replace(d, 'public.people', 'public.high');
	END LOOP;
END $$;
CREATE VIEW public_02_age.parted WITH (security_invoker = true) AS
	SELECT id, _pgroll_c_1_2_name AS name, _pgroll_c_1_1_age AS age, note FROM public.parted;
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN NEW.name := NEW.name || '-high'; RETURN NEW; END $$;
CREATE TRIGGER shout BEFORE INSERT ON high FOR EACH ROW EXECUTE FUNCTION shout();
UPDATE parted SET id = id + 1000 WHERE id = 21;
UPDATE public_02_age.parted SET id = id + 1000, age = 33 WHERE id = 22;
SELECT id, name, _pgroll_c_1_2_name AS new_name, age, _pgroll_c_1_1_age AS new_age,
	_pgroll_c_1_pending AS pending FROM high ORDER BY id;
ALTER TABLE parted DETACH PARTITION people;

-- a trigger that fires outside of ours is an error that names it, until it is gone
CREATE TRIGGER "~~late" BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION clean();
UPDATE people SET age = '10 y' WHERE id = 11; -- fails
INSERT INTO public_02_age.people VALUES (99); -- fails
ALTER TABLE people DISABLE TRIGGER "~~late";
UPDATE people SET age = '10 y' WHERE id = 11;
DROP TRIGGER "~~late" ON people;
CREATE TRIGGER " early" BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION clean();
UPDATE people SET age = '10 y' WHERE id = 11; -- fails
DROP TRIGGER " early" ON people;
-- of no concern: other times and other events
CREATE TRIGGER "~~a" AFTER UPDATE ON people FOR EACH ROW EXECUTE FUNCTION clean();
CREATE TRIGGER "~~d" BEFORE DELETE ON people FOR EACH ROW EXECUTE FUNCTION clean();
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER "~~s" BEFORE UPDATE ON people EXECUTE FUNCTION nothing();
UPDATE people SET age = '10 y' WHERE id = 11;
-- with one trigger of ours every other one is outside
DROP TRIGGER "!pgroll_c_1" ON people;
DROP TRIGGER "~pgroll_c_1" ON people;
SELECT add_trigger('~pgroll_c_1', 'only');
UPDATE people SET age = '10 y' WHERE id = 11; -- fails
DROP TRIGGER clean ON people;
UPDATE people SET age = '10 y' WHERE id = 11;

-- the newer version's own column stays as it is given, whatever the user's
-- trigger changes of what its up reads, unless that is its old form
CREATE SCHEMA app;
CREATE TABLE app.notes (id int PRIMARY KEY, title text, body text, writes int);
INSERT INTO app.notes VALUES (1, 'One', 'first', 0), (2, 'Two', 'second', 0);
CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	NEW.title := btrim(NEW.title);
	NEW.writes := coalesce(NEW.writes, 0) + 1;
	RETURN NEW;
END $$;
CREATE TRIGGER tidy BEFORE INSERT OR UPDATE ON app.notes FOR EACH ROW EXECUTE FUNCTION tidy();
SET client_min_messages = warning;
SELECT pgroll_c.baseline('01', 'app');
SELECT pgroll_c.start_migration('02', '{"operations": [
	{"add_column": {"table": "notes", "column": {"name": "rank", "type": "int", "nullable": true}, "up": "writes * 10"}},
	{"add_column": {"table": "notes", "column": {"name": "line", "type": "text", "nullable": true}, "up": "title || '': '' || body"}},
	{"alter_column": {"table": "notes", "column": "title", "type": "varchar(40)", "up": "upper(title)", "down": "lower(title)"}}]}', 'app');
CALL pgroll_c.wait_for_migration('app');
INSERT INTO app_02.notes (id, title, body, line, rank) VALUES (3, ' THREE', 'third', 'given', 5);
INSERT INTO app_02.notes (id, title, body) VALUES (4, 'FOUR', 'fourth');
UPDATE app_02.notes SET title = 'UNO ', line = 'given', rank = 6 WHERE id = 1;
UPDATE app_02.notes SET body = 'the second' WHERE id = 2;
SELECT * FROM app_02.notes ORDER BY id;
INSERT INTO app_02.notes (id, rank) VALUES (2, 7) ON CONFLICT (id) DO UPDATE SET rank = EXCLUDED.rank;
UPDATE app_02.notes SET body = 'first again' WHERE id = 1;
-- the old version's writes go on to be carried over
UPDATE app_01.notes SET title = 'three ' WHERE id = 3;
INSERT INTO app_01.notes VALUES (5, ' five', 'fifth');
SELECT * FROM app_02.notes ORDER BY id;
SELECT * FROM app_01.notes ORDER BY id;
-- as it is after the completion
SELECT pgroll_c.complete_migration('app');
INSERT INTO app_02.notes (id, title, body, line, rank) VALUES (6, ' SIX', 'sixth', 'given', 5);
UPDATE app_02.notes SET body = 'the second again' WHERE id = 2;
SELECT * FROM app_02.notes WHERE id IN (2, 6) ORDER BY id;

-- what follows the trigger in its new form is read by the downs of other columns
SELECT pgroll_c.start_migration('03', '{"operations": [
	{"alter_column": {"table": "notes", "column": "title", "type": "text", "up": "title", "down": "title"}},
	{"drop_column": {"table": "notes", "column": "line", "down": "title || '': '' || body"}}]}', 'app');
UPDATE app_03.notes SET title = ' DEUX' WHERE id = 2;	-- awaits
UPDATE app_03.notes SET rank = 8 WHERE id = 3;
CALL pgroll_c.wait_for_migration('app');
INSERT INTO app_03.notes (id, title, body) VALUES (7, ' SEVEN', 'seventh');
UPDATE app_03.notes SET title = 'SIX ' WHERE id = 6;	-- the title is as it was
SELECT * FROM app_02.notes WHERE id IN (2, 3, 6, 7) ORDER BY id;
SELECT pgroll_c.rollback_migration('app');
