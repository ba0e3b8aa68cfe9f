-- alter_column: type, nullable, default and comment, alone and together: both
-- versions written, rolled back, and completed as plain DDL would do it.
\i test/include/setup.sql

CREATE TABLE item (
	id int PRIMARY KEY,
	price text NOT NULL DEFAULT '1',
	weight int,
	label varchar(10) COLLATE "C",
	kind text CHECK (kind IN ('kind', 'a kind', 'kind_a'))
);
CREATE INDEX item_price ON item (price);
COMMENT ON COLUMN item.price IS 'in cents';
INSERT INTO item VALUES (1, '10', 5, 'a', 'kind'), (2, '20', NULL, NULL, 'kind_a'), (3, '30', 7, 'c', NULL);
CREATE SCHEMA plain;
CREATE TABLE plain.item (LIKE item INCLUDING ALL);
ALTER INDEX plain.item_price_idx RENAME TO item_price;
SELECT pgroll_c.baseline('01_base');

--
-- type: a shadow that both versions keep in step, even where up(down(x)) <> x
--
\set migration '{"operations": [{"alter_column": {"table": "item", "column": "price", "type": "numeric(10,2)", "up": "price::numeric / 100", "down": "(price * 100)::bigint::text", "default": "0.01"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('02_price', :'migration');
CALL pgroll_c.run_tasks();
SELECT state, tasks_open FROM pgroll_c.status();
INSERT INTO public_01_base.item (id, price) VALUES (4, '44');
INSERT INTO public_02_price.item (id, price) VALUES (5, 0.55);
INSERT INTO public_01_base.item (id) VALUES (6);
INSERT INTO public_02_price.item (id) VALUES (7);
INSERT INTO public.item (id, price) VALUES (8, '88');
UPDATE public_01_base.item SET price = '11' WHERE id = 1;
UPDATE public_02_price.item SET price = 0.22 WHERE id = 2;
UPDATE public_02_price.item SET price = NULL WHERE id = 2; -- fails
UPDATE public_01_base.item SET price = NULL WHERE id = 2; -- fails
UPDATE public_01_base.item SET price = 'x' WHERE id = 2; -- fails
SELECT o.id, o.price AS old, n.price AS new FROM public_01_base.item o JOIN public_02_price.item n USING (id) ORDER BY id;
SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'public_02_price.item'::regclass;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT id, price FROM public_01_base.item ORDER BY id;
SELECT pgroll_c.start_migration('02_price', :'migration');
UPDATE public_02_price.item SET price = 0.33 WHERE id = 3;
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.item ALTER price DROP DEFAULT,
	ALTER price TYPE numeric(10,2) USING price::numeric / 100,
	ALTER price SET DEFAULT 0.01;
SELECT * FROM test.differences('public', 'plain'); -- no rows
SELECT id, price FROM public_02_price.item ORDER BY id;

--
-- nullable: false
--
\set migration '{"operations": [{"alter_column": {"table": "item", "column": "weight", "nullable": false, "up": "coalesce(weight, 0)"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('03_weight', :'migration');
CALL pgroll_c.run_tasks();
INSERT INTO public_02_price.item (id) VALUES (10);
INSERT INTO public_03_weight.item (id) VALUES (11); -- fails
INSERT INTO public_03_weight.item (id, weight) VALUES (11, 11);
UPDATE public_02_price.item SET weight = NULL WHERE id = 1;
UPDATE public_03_weight.item SET weight = NULL WHERE id = 3; -- fails
SELECT id, o.weight AS old, n.weight AS new FROM public_02_price.item o JOIN public_03_weight.item n USING (id) WHERE id IN (1, 2, 3, 10, 11) ORDER BY id;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('03_weight', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
UPDATE plain.item SET weight = 0 WHERE weight IS NULL;
ALTER TABLE plain.item ALTER weight SET NOT NULL;
SELECT * FROM test.differences('public', 'plain'); -- no rows
INSERT INTO public_03_weight.item (id) VALUES (12); -- fails
SELECT id, weight FROM public_03_weight.item WHERE id IN (1, 2, 3, 10, 11) ORDER BY id;

--
-- nullable: true, with a down that says what the old version sees
--
\set migration '{"operations": [{"alter_column": {"table": "item", "column": "weight", "nullable": true, "down": "coalesce(weight, -1)"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('04_no_weight', :'migration');
CALL pgroll_c.run_tasks();
INSERT INTO public_03_weight.item (id) VALUES (20); -- fails
INSERT INTO public_04_no_weight.item (id) VALUES (20);
UPDATE public_04_no_weight.item SET weight = NULL WHERE id = 1;
UPDATE public_03_weight.item SET weight = 33 WHERE id = 3;
SELECT id, o.weight AS old, n.weight AS new FROM public_03_weight.item o JOIN public_04_no_weight.item n USING (id) WHERE id IN (1, 2, 3, 20) ORDER BY id;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('04_no_weight', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.item ALTER weight DROP NOT NULL;
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- nullable: true without down is done in the catalog alone; until completion
-- what the old version would refuse is refused
--
ALTER TABLE plain.item ALTER price DROP NOT NULL;
CREATE TEMP TABLE attributes AS SELECT relnatts FROM pg_class WHERE oid = 'item'::regclass;
\set migration '{"operations": [{"alter_column": {"table": "item", "column": "price", "nullable": true}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('05_no_price', :'migration');
SELECT state, tasks_open FROM pgroll_c.status();
TABLE attributes EXCEPT SELECT relnatts FROM pg_class WHERE oid = 'item'::regclass; -- no rows: no shadow
UPDATE public_05_no_price.item SET price = NULL WHERE id = 1; -- fails
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('05_no_price', :'migration');
SELECT pgroll_c.complete_migration();
SELECT * FROM test.differences('public', 'plain'); -- no rows
UPDATE public_05_no_price.item SET price = NULL WHERE id = 1;

-- the bare column is no other value either
UPDATE item SET weight = 0 WHERE weight IS NULL;
ALTER TABLE item ALTER weight SET NOT NULL;
\set migration '{"operations": [{"alter_column": {"table": "item", "column": "weight", "nullable": true, "down": "weight"}}]}'
SELECT pgroll_c.start_migration('06_bare', :'migration');
SELECT tasks_open FROM pgroll_c.status();
SELECT pgroll_c.complete_migration();
SELECT * FROM test.differences('public', 'plain'); -- no rows

--
-- default and comment: in the views at once, in the table at completion
--
CREATE FUNCTION shortest() RETURNS text LANGUAGE sql RETURN 'z';
\set migration '{"operations": [{"alter_column": {"table": "item", "column": "label", "default": "shortest()", "comment": "it''s \\"short\\""}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('07_label', :'migration');
SELECT tasks_open FROM pgroll_c.status();
INSERT INTO public_06_bare.item (id) VALUES (30) RETURNING label;
INSERT INTO public_07_label.item (id) VALUES (31) RETURNING label;
INSERT INTO public_07_label.item (id, label) VALUES (32, DEFAULT) RETURNING label;
UPDATE public_07_label.item SET label = DEFAULT WHERE id = 30 RETURNING label;
UPDATE public_06_bare.item SET label = DEFAULT WHERE id = 31 RETURNING label;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('07_label', :'migration');
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.item ALTER label SET DEFAULT public.shortest();
COMMENT ON COLUMN plain.item.label IS 'it''s "short"';
SELECT * FROM (SELECT * FROM test.differences('public', 'plain')) d WHERE replace(difference, 'public.', '') !~ 'column item.label'; -- no rows
SELECT column_default FROM information_schema.columns WHERE table_name = 'item' AND column_name = 'label' AND table_schema IN ('plain', 'public', 'public_07_label') GROUP BY 1;

-- null takes them away
\set migration '{"operations": [{"alter_column": {"table": "item", "column": "label", "default": null, "comment": null}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('08_no_label', :'migration');
INSERT INTO public_08_no_label.item (id) VALUES (33) RETURNING label;
INSERT INTO public_07_label.item (id) VALUES (34) RETURNING label;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('08_no_label', :'migration');
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.item ALTER label DROP DEFAULT;
COMMENT ON COLUMN plain.item.label IS NULL;
SELECT * FROM test.differences('public', 'plain'); -- no rows
DROP FUNCTION shortest;

--
-- all at once; the check's text holds the column's name in its values
--
\set migration '{"operations": [{"alter_column": {"table": "item", "column": "kind", "type": "varchar(20)", "nullable": false, "default": "''kind''", "comment": "which kind", "up": "coalesce(kind, ''a kind'')", "down": "nullif(kind, ''a kind'')"}}]}'
CALL test.remember();
SELECT pgroll_c.start_migration('09_kind', :'migration');
CALL pgroll_c.run_tasks();
INSERT INTO public_08_no_label.item (id) VALUES (40);
INSERT INTO public_09_kind.item (id) VALUES (41);
\set VERBOSITY sqlstate
INSERT INTO public_09_kind.item (id, kind) VALUES (42, 'nd_a'); -- fails
INSERT INTO public_08_no_label.item (id, kind) VALUES (42, 'nd_a'); -- fails
\set VERBOSITY terse
SELECT id, o.kind AS old, n.kind AS new FROM public_08_no_label.item o JOIN public_09_kind.item n USING (id) WHERE id < 4 OR id >= 40 ORDER BY id;
SELECT pgroll_c.rollback_migration();
SELECT * FROM test.changes(); -- no rows
SELECT pgroll_c.start_migration('09_kind', :'migration');
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.item ALTER kind TYPE varchar(20), ALTER kind SET NOT NULL, ALTER kind SET DEFAULT 'kind';
COMMENT ON COLUMN plain.item.kind IS 'which kind';
SELECT * FROM test.differences('public', 'plain'); -- no rows
SELECT id, kind FROM public_09_kind.item WHERE id < 4 OR id >= 40 ORDER BY id;
INSERT INTO public_09_kind.item (id, kind) VALUES (42, 'nd_a'); -- fails

--
-- changes that are none
--
\t \a
SELECT test.error('{"operations": [{"alter_column": {"table": "item", "column": "kind"}}]}');
SELECT test.error('{"operations": [{"alter_column": {"table": "item", "column": "kind", "up": "kind", "down": "kind"}}]}');
SELECT test.error('{"operations": [{"alter_column": {"table": "item", "column": "kind", "nullable": false, "up": "kind"}}]}');
SELECT test.error('{"operations": [{"alter_column": {"table": "item", "column": "label", "nullable": true}}]}');
SELECT test.error('{"operations": [{"alter_column": {"table": "item", "column": "label", "nullable": false}}]}');
SELECT test.error('{"operations": [{"alter_column": {"table": "item", "column": "label", "type": "text", "up": "label"}}]}');
SELECT test.error('{"operations": [{"alter_column": {"table": "item", "column": "label", "type": "text", "down": "label"}}]}');

\t \a
\i test/include/teardown.sql
