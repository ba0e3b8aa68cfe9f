-- Two active migrations: three versions of one table, each written.
CREATE EXTENSION pgroll_c;

-- 01: size text ('12 cm');  02: size integer (cm);  03: size integer (mm), and
-- label, which 02 calls note
CREATE TABLE boxes (id int PRIMARY KEY, size text, note text);
INSERT INTO boxes VALUES (1, '11 cm', 'a');
ALTER TABLE boxes ADD COLUMN _pgroll_c_1_1_size integer;
ALTER TABLE boxes ADD COLUMN _pgroll_c_1_pending boolean DEFAULT pgroll_c.awaits_backfill();
CREATE TRIGGER _pgroll_c_1 BEFORE INSERT OR UPDATE ON boxes
	FOR EACH ROW EXECUTE FUNCTION pgroll_c.dual_write('only',
	'{"base": "public", "migration": "02_cm", "version": "public_02_cm", "marker": "_pgroll_c_1_pending", "edges": [
		{"up": {"column": "_pgroll_c_1_1_size", "logical": "size", "not_null": false,
			"expression": "split_part($1, '' '', 1)::integer", "inputs": ["size"]},
		"down": {"column": "size", "logical": "size", "not_null": false,
			"expression": "($1)::text || '' CM''", "inputs": ["_pgroll_c_1_1_size"]}}]}');
-- the first migration is ready for some rows when the second one starts
INSERT INTO boxes VALUES (2, '22 cm', 'b');
ALTER TABLE boxes ADD COLUMN _pgroll_c_2_1_size integer;
ALTER TABLE boxes ADD COLUMN _pgroll_c_2_2_label text;
ALTER TABLE boxes ADD COLUMN _pgroll_c_2_pending boolean DEFAULT pgroll_c.awaits_backfill();
CREATE OR REPLACE TRIGGER _pgroll_c_1 BEFORE INSERT OR UPDATE ON boxes
	FOR EACH ROW EXECUTE FUNCTION pgroll_c.dual_write('only',
	'{"base": "public", "migration": "02_cm", "version": "public_02_cm", "marker": "_pgroll_c_1_pending", "edges": [
		{"up": {"column": "_pgroll_c_1_1_size", "logical": "size", "not_null": false,
			"expression": "split_part($1, '' '', 1)::integer", "inputs": ["size"]},
		"down": {"column": "size", "logical": "size", "not_null": false,
			"expression": "($1)::text || '' CM''", "inputs": ["_pgroll_c_1_1_size"]}}]}',
	'{"base": "public", "migration": "03_mm", "version": "public_03_mm", "marker": "_pgroll_c_2_pending", "edges": [
		{"up": {"column": "_pgroll_c_2_1_size", "logical": "size", "not_null": false,
			"expression": "$1 * 10", "inputs": ["_pgroll_c_1_1_size"]},
		"down": {"column": "_pgroll_c_1_1_size", "logical": "size", "not_null": false,
			"expression": "$1 / 10", "inputs": ["_pgroll_c_2_1_size"]}},
		{"up": {"column": "_pgroll_c_2_2_label", "logical": "label", "not_null": false,
			"expression": "upper($1)", "inputs": ["note"]},
		"down": {"column": "note", "logical": "note", "not_null": false,
			"expression": "lower($1)", "inputs": ["_pgroll_c_2_2_label"]}}]}');
CREATE SCHEMA public_01;
CREATE VIEW public_01.boxes WITH (security_invoker = true) AS
	SELECT id, size, note FROM public.boxes;
CREATE SCHEMA public_02_cm;
CREATE VIEW public_02_cm.boxes WITH (security_invoker = true) AS
	SELECT id, _pgroll_c_1_1_size AS size, note FROM public.boxes;
CREATE SCHEMA public_03_mm;
CREATE VIEW public_03_mm.boxes WITH (security_invoker = true) AS
	SELECT id, _pgroll_c_2_1_size AS size, _pgroll_c_2_2_label AS label FROM public.boxes;
CREATE VIEW stored AS SELECT id, size AS size_1, _pgroll_c_1_1_size AS size_2,
	_pgroll_c_2_1_size AS size_3, note, _pgroll_c_2_2_label AS label,
	_pgroll_c_1_pending AS wait_2, _pgroll_c_2_pending AS wait_3 FROM boxes;
SELECT * FROM stored ORDER BY id;

-- INSERT by each version
INSERT INTO public_01.boxes VALUES (11, '15 cm', 'One');
INSERT INTO public_02_cm.boxes VALUES (12, 15, 'Two');
INSERT INTO public_03_mm.boxes VALUES (13, 155, 'Three');
INSERT INTO boxes (id, size, note) VALUES (14, '15 cm', 'Base');
SELECT * FROM stored WHERE id > 10 ORDER BY id;

-- UPDATE by each, of a row that the newest wrote: 155 and 15 survive what does
-- not concern them
UPDATE public_01.boxes SET note = 'by One' WHERE id = 13;
UPDATE public_02_cm.boxes SET note = 'by Two', size = 15 WHERE id = 13;
UPDATE public_03_mm.boxes SET size = 155 WHERE id = 13;
SELECT * FROM stored WHERE id = 13;
-- the same cm in other mm: the oldest's text stays
UPDATE public_03_mm.boxes SET size = 159, label = 'BY TWO' WHERE id = 13;
SELECT * FROM stored WHERE id = 13;
UPDATE public_02_cm.boxes SET size = 16 WHERE id = 13;
SELECT * FROM stored WHERE id = 13;
-- the same cm in another text: the newest's mm stay
UPDATE public_03_mm.boxes SET size = 166 WHERE id = 13;
UPDATE public_01.boxes SET size = '16 centimetres' WHERE id = 13;
SELECT * FROM stored WHERE id = 13;
UPDATE public_01.boxes SET size = '17 cm' WHERE id = 13;
SELECT * FROM stored WHERE id = 13;

-- a row that awaits both, and one that awaits the second
BEGIN;
UPDATE public_01.boxes SET note = 'x' WHERE id < 3;
SELECT * FROM stored WHERE id < 3 ORDER BY id;
ROLLBACK;
BEGIN;
UPDATE public_02_cm.boxes SET size = 33 WHERE id < 3;
SELECT * FROM stored WHERE id < 3 ORDER BY id;
ROLLBACK;
BEGIN;
UPDATE public_03_mm.boxes SET size = 115 WHERE id < 3;
SELECT * FROM stored WHERE id < 3 ORDER BY id;
ROLLBACK;

-- base writes of either shadow
UPDATE boxes SET _pgroll_c_2_1_size = 345 WHERE id = 11;
UPDATE boxes SET _pgroll_c_1_1_size = 45 WHERE id = 12;
UPDATE boxes SET size = '56 cm', _pgroll_c_2_1_size = 345 WHERE id = 13;
UPDATE boxes SET _pgroll_c_1_1_size = 67, _pgroll_c_2_1_size = 345 WHERE id = 14;
SELECT * FROM stored WHERE id > 10 ORDER BY id;
INSERT INTO boxes (id, _pgroll_c_2_1_size) VALUES (21, 345);
INSERT INTO boxes (id, _pgroll_c_1_1_size) VALUES (22, 34);
SELECT * FROM stored WHERE id > 20 ORDER BY id;
-- a dump with a row that awaits the second migration only
COPY boxes FROM stdin;
31	12 cm	n	13	f	\N	\N	t
\.
SELECT * FROM stored WHERE id > 30;

-- the first completes: its shadow takes the name and the edges' arguments follow
BEGIN;
SET LOCAL client_min_messages = warning;
ALTER TABLE boxes DROP COLUMN size CASCADE;
ALTER TABLE boxes DROP COLUMN _pgroll_c_1_pending CASCADE;
ALTER TABLE boxes RENAME COLUMN _pgroll_c_1_1_size TO size;
CREATE OR REPLACE TRIGGER _pgroll_c_1 BEFORE INSERT OR UPDATE ON boxes
	FOR EACH ROW EXECUTE FUNCTION pgroll_c.dual_write('only',
	'{"base": "public", "migration": "03_mm", "version": "public_03_mm", "marker": "_pgroll_c_2_pending", "edges": [
		{"up": {"column": "_pgroll_c_2_1_size", "logical": "size", "not_null": false,
			"expression": "$1 * 10", "inputs": ["size"]},
		"down": {"column": "size", "logical": "size", "not_null": false,
			"expression": "$1 / 10", "inputs": ["_pgroll_c_2_1_size"]}}]}');
COMMIT;
UPDATE public_02_cm.boxes SET size = 70 WHERE id = 11;
UPDATE public_03_mm.boxes SET size = 808 WHERE id = 12;
SELECT id, size, _pgroll_c_2_1_size FROM boxes WHERE id IN (11, 12) ORDER BY id;
