-- Writes to the base table: they are the oldest version's, and a newer one's for
-- a column that only that one has.
CREATE EXTENSION pgroll_c;

-- merges first and last into full, and the type of age changes
CREATE TABLE people (id int PRIMARY KEY, first text DEFAULT 'f', last text, age text);
INSERT INTO people VALUES (1, 'ann', 'ash', '31 y');
ALTER TABLE people ADD COLUMN _pgroll_c_1_1_full text;
ALTER TABLE people ADD COLUMN _pgroll_c_1_2_age integer;
ALTER TABLE people ADD COLUMN _pgroll_c_1_pending boolean DEFAULT pgroll_c.awaits_backfill();
CREATE TRIGGER _pgroll_c_1 BEFORE INSERT OR UPDATE ON people
	FOR EACH ROW EXECUTE FUNCTION pgroll_c.dual_write('only', '{
		"base": "public", "migration": "02_full", "version": "public_02_full",
		"marker": "_pgroll_c_1_pending",
		"edges": [
			{"up": {"column": "_pgroll_c_1_1_full", "logical": "full", "not_null": false,
				"expression": "(($1 || '' ''::text) || upper($2))", "inputs": ["first", "last"]}},
			{"down": {"column": "first", "logical": "first", "not_null": false,
				"expression": "split_part($1, '' '', 1)", "inputs": ["_pgroll_c_1_1_full"]}},
			{"down": {"column": "last", "logical": "last", "not_null": false,
				"expression": "split_part($1, '' '', 2)", "inputs": ["_pgroll_c_1_1_full"]}},
			{"up": {"column": "_pgroll_c_1_2_age", "logical": "age", "not_null": false,
				"expression": "(split_part($1, '' '', 1))::integer / 10 * 10", "inputs": ["age"]},
			"down": {"column": "age", "logical": "age", "not_null": false,
				"expression": "(($1)::text || '' years'')", "inputs": ["_pgroll_c_1_2_age"]}}]}');
ALTER TABLE people ENABLE ALWAYS TRIGGER _pgroll_c_1;
CREATE SCHEMA public_02_full;
CREATE VIEW public_02_full.people WITH (security_invoker = true) AS
	SELECT id, _pgroll_c_1_1_full AS "full", _pgroll_c_1_2_age AS age FROM public.people;
CREATE VIEW stored AS
	SELECT id, first, last, _pgroll_c_1_1_full AS full, age, _pgroll_c_1_2_age AS new_age,
		_pgroll_c_1_pending AS pending FROM people;
-- a row that both sides agreed on
CREATE PROCEDURE reset() LANGUAGE sql AS $$
	DELETE FROM people;
	INSERT INTO people (id, first, last, age) VALUES (1, 'bob', 'box', '42 y');
	INSERT INTO public_02_full.people VALUES (2, 'cyd cow', 57) $$;

-- two columns from one and one from two
CALL reset();
SELECT * FROM stored ORDER BY id;

-- UPDATE: the old columns, the shadow, both
UPDATE people SET first = 'dee' WHERE id = 1;
UPDATE people SET _pgroll_c_1_1_full = 'eve elk' WHERE id = 2;
SELECT * FROM stored ORDER BY id;
CALL reset();
UPDATE people SET first = 'dee', _pgroll_c_1_1_full = 'eve elk' WHERE id = 1;
UPDATE people SET first = 'cyd', _pgroll_c_1_1_full = 'eve elk' WHERE id = 2;
SELECT * FROM stored ORDER BY id;
CALL reset();
-- one edge from each side
UPDATE people SET first = 'dee', _pgroll_c_1_2_age = 69 WHERE id = 1;
UPDATE people SET age = '69 y', _pgroll_c_1_1_full = 'eve elk' WHERE id = 2;
SELECT * FROM stored ORDER BY id;
-- assigned, but the same value
CALL reset();
UPDATE people SET first = first, last = last, _pgroll_c_1_1_full = 'eve elk' WHERE id = 1;
UPDATE people SET first = 'dee', _pgroll_c_1_1_full = _pgroll_c_1_1_full WHERE id = 2;
SELECT * FROM stored ORDER BY id;

-- INSERT: the old columns, the shadow, both, neither
INSERT INTO people (id, last, age) VALUES (11, 'gnu', '15 y');
INSERT INTO people (id, _pgroll_c_1_1_full, _pgroll_c_1_2_age) VALUES (12, 'hal hen', 15);
INSERT INTO people (id, first, _pgroll_c_1_1_full, age, _pgroll_c_1_2_age) VALUES (13, 'ivy', 'hal hen', '15 y', 77);
INSERT INTO people (id) VALUES (14);
SELECT * FROM stored WHERE id > 10 ORDER BY id;

-- COPY: a shadow that has a value is assigned; old columns win
COPY people (id, first, last, age) FROM stdin;
21	jim	jay	15 y
\.
COPY people (id, first, _pgroll_c_1_1_full, _pgroll_c_1_2_age) FROM stdin;
22	\N	kim koi	15
23	jim	kim koi	15
\.
SELECT * FROM stored WHERE id > 20 ORDER BY id;
-- a dump made in the middle of the migration: rows that were done stay as they
-- are, rows that awaited are done now
DELETE FROM people;
COPY people FROM stdin;
31	one	two	15 y	three	4	f
32	lea	lox	15 y	\N	\N	t
\.
SELECT * FROM stored WHERE id > 30 ORDER BY id;
-- rows that came in while the trigger was off
ALTER TABLE people DISABLE TRIGGER _pgroll_c_1;
INSERT INTO people (id, first, last, age) VALUES (33, 'mia', 'mew', '15 y');
ALTER TABLE people ENABLE ALWAYS TRIGGER _pgroll_c_1;
UPDATE people SET id = 34 WHERE id = 33;
SELECT * FROM stored WHERE id > 32 ORDER BY id;
-- nobody can set the marker again
UPDATE people SET _pgroll_c_1_pending = true WHERE id = 34;
SELECT * FROM stored WHERE id > 32 ORDER BY id;

-- MERGE: assigned means that the value differs
CALL reset();
MERGE INTO people p USING (VALUES (1, 'nat'), (2, NULL), (3, 'ola')) AS v (id, first) ON v.id = p.id
	WHEN MATCHED AND v.first IS NOT NULL THEN UPDATE SET first = v.first
	WHEN MATCHED THEN UPDATE SET _pgroll_c_1_1_full = 'pat pug'
	WHEN NOT MATCHED THEN INSERT (id, first, last, age) VALUES (v.id, v.first, 'owl', '15 y');
SELECT * FROM stored ORDER BY id;
MERGE INTO people p USING (VALUES (4)) AS v (id) ON v.id = p.id
	WHEN NOT MATCHED THEN INSERT (id, _pgroll_c_1_1_full, first) VALUES (v.id, 'quy quail', NULL);
SELECT * FROM stored WHERE id = 4;

-- a replica fires the trigger too, and leaves both sides as they were sent
CALL reset();
SET session_replication_role = replica;
UPDATE people SET first = 'dee', _pgroll_c_1_1_full = 'eve elk' WHERE id = 1;
UPDATE people SET _pgroll_c_1_2_age = 69, first = 'dee' WHERE id = 2;
INSERT INTO people (id, first, last, _pgroll_c_1_1_full, age) VALUES (5, 'r', 's', 't u', '15 y');
INSERT INTO people (id, first, last, age) VALUES (6, 'r', 's', '15 y');
RESET session_replication_role;
SELECT * FROM stored ORDER BY id;

-- the actions of foreign keys are writes of their one column
CREATE TABLE parent (name text PRIMARY KEY);
INSERT INTO parent VALUES ('15 y'), ('26 y'), ('37 y'), ('99 y');
CALL reset();
UPDATE people SET age = '15 y' WHERE id = 1;
UPDATE people SET age = '26 y' WHERE id = 2;
INSERT INTO people (id, age) VALUES (3, '37 y');
ALTER TABLE people ALTER age SET DEFAULT '99 y',
	ADD CONSTRAINT on_update FOREIGN KEY (age) REFERENCES parent ON UPDATE CASCADE ON DELETE SET NULL;
UPDATE parent SET name = '48 y' WHERE name = '15 y';
DELETE FROM parent WHERE name = '26 y';
SELECT id, age, new_age FROM stored ORDER BY id;
ALTER TABLE people DROP CONSTRAINT on_update,
	ADD CONSTRAINT on_delete FOREIGN KEY (age) REFERENCES parent ON DELETE SET DEFAULT;
DELETE FROM parent WHERE name = '37 y';
SELECT id, age, new_age FROM stored ORDER BY id;
-- a value of the new version that the old one's constraint refuses
UPDATE public_02_full.people SET age = 5 WHERE id = 1; -- fails
ALTER TABLE people DROP CONSTRAINT on_delete, ALTER age DROP DEFAULT;

-- two rows of a table and the new version agree after all of this
SELECT p.id, n.full = s.full AS same_full, n.age IS NOT DISTINCT FROM s.new_age AS same_age
	FROM people p JOIN public_02_full.people n USING (id) JOIN stored s USING (id) ORDER BY id;

-- a column that is added without an up, and what one down makes of it
CREATE TABLE place (id int PRIMARY KEY, zip text, city text);
ALTER TABLE place ADD COLUMN _pgroll_c_1_1_address text,
	ADD COLUMN _pgroll_c_1_pending boolean DEFAULT pgroll_c.awaits_backfill();
CREATE TRIGGER _pgroll_c_1 BEFORE INSERT OR UPDATE ON place
	FOR EACH ROW EXECUTE FUNCTION pgroll_c.dual_write('only', '{
		"base": "public", "migration": "02_full", "version": "public_02_full",
		"marker": "_pgroll_c_1_pending",
		"edges": [
			{"down": {"column": "zip", "logical": "zip", "not_null": false,
				"expression": "split_part($1, '' '', 1)", "inputs": ["_pgroll_c_1_1_address"]}},
			{"down": {"column": "city", "logical": "city", "not_null": true,
				"expression": "split_part($1, '' '', 2)", "inputs": ["_pgroll_c_1_1_address"]}}]}');
CREATE VIEW public_02_full.place WITH (security_invoker = true) AS
	SELECT id, _pgroll_c_1_1_address AS address FROM public.place;
INSERT INTO place VALUES (1, '1', 'A');
INSERT INTO place (id, _pgroll_c_1_1_address) VALUES (2, '2 B');
INSERT INTO place (id, zip, _pgroll_c_1_1_address) VALUES (3, '3', '4 C');
INSERT INTO public_02_full.place VALUES (5, '5 E');
INSERT INTO public_02_full.place VALUES (6, NULL); -- fails
INSERT INTO place (id, zip) VALUES (6, '6'); -- fails
UPDATE place SET zip = '7', _pgroll_c_1_1_address = '8 F' WHERE id = 5;
UPDATE public_02_full.place SET address = '9 G' WHERE id = 1;
UPDATE place SET city = 'H' WHERE id = 2;
SELECT * FROM place ORDER BY id;

-- inheritance children have triggers of their own; a write to the parent's view
-- is the view's in all of them
CREATE TABLE child () INHERITS (place);
CREATE TRIGGER _pgroll_c_1 BEFORE INSERT OR UPDATE ON child
	FOR EACH ROW EXECUTE FUNCTION pgroll_c.dual_write('only', '{
		"base": "public", "migration": "02_full", "version": "public_02_full",
		"marker": "_pgroll_c_1_pending",
		"edges": [
			{"down": {"column": "city", "logical": "city", "not_null": true,
				"expression": "split_part($1, '' '', 2)", "inputs": ["_pgroll_c_1_1_address"]}}]}');
INSERT INTO child VALUES (11, '1', 'A');
UPDATE public_02_full.place SET address = '10 ' || id WHERE id <> 2;
SELECT tableoid::regclass, * FROM place ORDER BY id;

-- the rows that a policy hides from everybody are written by nobody
ALTER TABLE place ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE ROLE regress_reader;
ALTER TABLE place OWNER TO regress_reader;
GRANT USAGE ON SCHEMA public_02_full TO regress_reader;
GRANT ALL ON public_02_full.place TO regress_reader;
CREATE POLICY own ON place USING (id < 3) WITH CHECK (city <> 'Z');
SET ROLE regress_reader;
UPDATE public_02_full.place SET address = '0 Y';
UPDATE public_02_full.place SET address = '0 Z'; -- fails
RESET ROLE;
SELECT * FROM ONLY place ORDER BY id;
SET client_min_messages = warning;
DROP OWNED BY regress_reader CASCADE;
DROP ROLE regress_reader;
