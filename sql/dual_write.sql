-- The law of dual writes: every history ends as if the backfill had happened at
-- the instant of the start.
--
-- The migration is made by hand.  Its up and down lose something both ways
-- (up(down(x)) <> x), so that a value that is carried once too often shows.
CREATE EXTENSION pgroll_c;

CREATE TABLE people (id int PRIMARY KEY, name text, age text);
INSERT INTO people VALUES (1, 'ann', '31 y'), (2, 'bob', '42 y'), (3, 'cyd', NULL);

-- old: age text; new: age integer
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
	SELECT id, name, age FROM public.people;
CREATE SCHEMA public_02_age;
CREATE VIEW public_02_age.people WITH (security_invoker = true) AS
	SELECT id, name, _pgroll_c_1_1_age AS age FROM public.people;

-- what is stored, with short names
CREATE VIEW stored AS
	SELECT id, name, age AS old, _pgroll_c_1_1_age AS new, _pgroll_c_1_pending AS pending
	FROM people;

-- rows from before the start await the backfill
SELECT * FROM stored ORDER BY id;

-- an INSERT runs every half of the other side
INSERT INTO public_01_base.people VALUES (11, 'old', '57 y');
INSERT INTO public_02_age.people VALUES (12, 'new', 57);
INSERT INTO people (id, name, age) VALUES (13, 'base', '57 y');
SELECT * FROM stored WHERE id > 10 ORDER BY id;

-- a value written through the new version survives what the old one does to
-- other columns, and gives way when the old one changes this one
UPDATE public_01_base.people SET name = 'other' WHERE id = 12;
UPDATE people SET name = name WHERE id = 12;
SELECT * FROM stored WHERE id = 12;
UPDATE public_01_base.people SET age = age, name = 'same' WHERE id = 12;
SELECT * FROM stored WHERE id = 12;
UPDATE public_01_base.people SET age = '69 years' WHERE id = 12;
SELECT * FROM stored WHERE id = 12;
-- and the other way round
UPDATE public_02_age.people SET name = 'by new' WHERE id = 11;
UPDATE public_02_age.people SET age = 50, name = 'same' WHERE id = 11;
SELECT * FROM stored WHERE id = 11;
UPDATE public_02_age.people SET age = 51 WHERE id = 11;
SELECT * FROM stored WHERE id = 11;
UPDATE public_02_age.people SET age = NULL WHERE id = 11;
SELECT * FROM stored WHERE id = 11;

-- a row that awaits is backfilled by whoever writes it first
BEGIN;
UPDATE public_01_base.people SET name = 'x';
SELECT * FROM stored WHERE id < 10 ORDER BY id;
ROLLBACK;
BEGIN;
UPDATE public_02_age.people SET name = 'x';
SELECT * FROM stored WHERE id < 10 ORDER BY id;
ROLLBACK;
BEGIN;
UPDATE public_01_base.people SET age = '88 y';
SELECT * FROM stored WHERE id < 10 ORDER BY id;
ROLLBACK;
BEGIN;
UPDATE public_02_age.people SET age = 30 + id - 1;
-- id 1: 30 is what the backfill would have left, so nothing changed
SELECT * FROM stored WHERE id < 10 ORDER BY id;
ROLLBACK;

-- an up that fails stands in the way of nobody who mends the row
BEGIN;
ALTER TABLE people DISABLE TRIGGER _pgroll_c_1;
INSERT INTO people VALUES (20, 'bad', 'about 40');
ALTER TABLE people ENABLE ALWAYS TRIGGER _pgroll_c_1;
SELECT * FROM stored WHERE id = 20;
UPDATE public_01_base.people SET age = '40 y' WHERE id = 20;
SELECT * FROM stored WHERE id = 20;
ROLLBACK;
INSERT INTO public_01_base.people VALUES (21, 'bad', 'about 40'); -- fails
SELECT count(*) FROM stored WHERE id = 21;
