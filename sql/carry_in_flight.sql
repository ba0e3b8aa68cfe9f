-- What other sessions do to a column while it changes: carried over, or said at the
-- completion, never lost.
\i test/include/setup.sql

CREATE TABLE other (id int PRIMARY KEY);
CREATE TABLE item (
	id int PRIMARY KEY,
	n int CONSTRAINT positive CHECK (n > 0) CONSTRAINT other_n REFERENCES other
);
CREATE INDEX item_n ON item (n);
INSERT INTO other SELECT generate_series(1, 9);
INSERT INTO item SELECT g, g FROM generate_series(1, 5) g;
CREATE SCHEMA plain;
CREATE TABLE plain.other (LIKE other INCLUDING ALL);
CREATE TABLE plain.item (LIKE item INCLUDING ALL);
ALTER TABLE plain.item ADD CONSTRAINT other_n FOREIGN KEY (n) REFERENCES plain.other;
SELECT pgroll_c.baseline('01_base');
\set migration '{"operations": [{"alter_column": {"table": "item", "column": "n", "type": "bigint", "up": "n", "down": "n::int"}}]}'

-- names, timing and NOT NULL
SELECT pgroll_c.start_migration('02_big', :'migration');
CALL pgroll_c.run_tasks();
ALTER TABLE item RENAME CONSTRAINT positive TO "not zero";
ALTER INDEX item_n RENAME TO item_number;
ALTER TABLE item ALTER CONSTRAINT other_n DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE item ALTER n SET NOT NULL;
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
ALTER TABLE plain.item RENAME CONSTRAINT positive TO "not zero";
ALTER INDEX plain.item_n_idx RENAME TO item_number;
ALTER TABLE plain.item ALTER CONSTRAINT other_n DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE plain.item ALTER n SET NOT NULL;
ALTER TABLE plain.item ALTER n TYPE bigint;
SELECT * FROM test.differences('public', 'plain'); -- no rows

-- what hangs on the column alone, on a partition as well, and extended statistics
CREATE TABLE parted (id int, n text, m int) PARTITION BY LIST (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
-- statistics list their columns as the table does
CREATE TABLE plain.parted (id int, m int, n text) PARTITION BY LIST (id);
CREATE TABLE plain.parted_1 PARTITION OF plain.parted FOR VALUES IN (1);
ALTER TABLE parted_1 ALTER n SET (n_distinct = 5, n_distinct_inherited = 6), ALTER n SET STATISTICS 10;
CREATE STATISTICS kept (ndistinct) ON n, m FROM parted_1;
CREATE STATISTICS renamed (ndistinct) ON n, m FROM parted_1;
CREATE STATISTICS moved (ndistinct) ON n, m FROM parted_1;
CREATE STATISTICS swapped (ndistinct) ON n, m FROM parted_1;
CREATE STATISTICS "with" (mcv) ON n, m FROM parted_1;
CREATE STATISTICS remade (ndistinct) ON n, m FROM parted_1;
\set text '{"operations": [{"alter_column": {"table": "parted", "column": "n", "type": "varchar", "up": "n", "down": "n"}}]}'
SELECT pgroll_c.start_migration('02_text', :'text');
CALL pgroll_c.run_tasks();
ALTER TABLE parted ALTER n SET STORAGE MAIN, ALTER n SET STATISTICS 77;
ALTER TABLE parted_1 ALTER n SET STORAGE EXTERNAL, ALTER n SET COMPRESSION pglz, ALTER n RESET (n_distinct), ALTER n SET STATISTICS 33;
ALTER STATISTICS kept SET STATISTICS 44;
ALTER STATISTICS renamed RENAME TO "new name";
ALTER STATISTICS moved SET SCHEMA plain;
-- what stands for them follows, whatever gets the name
ALTER STATISTICS swapped RENAME TO "between";
ALTER STATISTICS "with" RENAME TO swapped;
ALTER STATISTICS "between" RENAME TO "with";
ALTER STATISTICS remade RENAME TO aside;
CREATE STATISTICS remade (dependencies) ON m, n FROM parted_1;
-- of one name in two schemas
CREATE STATISTICS plain.aside (mcv) ON n, m FROM parted_1;
CALL pgroll_c.run_tasks();
ALTER STATISTICS aside RENAME TO apart;
SELECT stxname AS ours, stxname || '2' AS as_ours FROM pg_statistic_ext WHERE stxname ~ 'pgroll.*kept' \gset
ALTER STATISTICS :ours RENAME TO mine; -- fails
ALTER STATISTICS apart RENAME TO :as_ours; -- fails
ALTER STATISTICS :ours SET SCHEMA plain; -- fails
-- where the triggers are off
RESET ROLE;
ALTER EVENT TRIGGER pgroll_c_guard_end DISABLE;
ALTER STATISTICS "new name" RENAME TO "another name";
ALTER EVENT TRIGGER pgroll_c_guard_end ENABLE ALWAYS;
SET ROLE regress_owner;
SELECT pgroll_c.complete_migration(); -- fails
SELECT pgroll_c.retry_migration();
CALL pgroll_c.run_tasks();
SELECT phase, command FROM pgroll_c.plan_migration('02_text', :'text') WHERE command ~ 'SET \(|STORAGE|DROP STATISTICS|SET STATISTICS' AND phase = 'complete';
SELECT pgroll_c.complete_migration();
ALTER STATISTICS plain.moved SET SCHEMA public;
ALTER TABLE plain.parted ALTER n TYPE varchar, ALTER n SET STORAGE MAIN, ALTER n SET STATISTICS 77;
ALTER TABLE plain.parted_1 ALTER n SET STORAGE EXTERNAL, ALTER n SET COMPRESSION pglz, ALTER n SET (n_distinct_inherited = 6), ALTER n SET STATISTICS 33;
CREATE STATISTICS plain.kept (ndistinct) ON n, m FROM plain.parted_1;
ALTER STATISTICS plain.kept SET STATISTICS 44;
CREATE STATISTICS plain."another name" (ndistinct) ON n, m FROM plain.parted_1;
CREATE STATISTICS plain.moved (ndistinct) ON n, m FROM plain.parted_1;
ALTER STATISTICS plain.aside SET SCHEMA public;
CREATE STATISTICS plain.aside (mcv) ON n, m FROM plain.parted_1;
CREATE STATISTICS plain.swapped (mcv) ON n, m FROM plain.parted_1;
CREATE STATISTICS plain."with" (ndistinct) ON n, m FROM plain.parted_1;
CREATE STATISTICS plain.remade (dependencies) ON m, n FROM plain.parted_1;
CREATE STATISTICS plain.apart (ndistinct) ON n, m FROM plain.parted_1;
SELECT * FROM test.differences('public', 'plain'); -- no rows
SELECT stxname FROM pg_statistic_ext ORDER BY 1;

-- values of the row type, which would lack the column
SELECT pgroll_c.start_migration('03_text', '{"operations": [{"alter_column": {"table": "item", "column": "id", "type": "text", "up": "id::text", "down": "id::int"}}]}');
CALL pgroll_c.run_tasks();
CREATE TABLE stored (i item);
INSERT INTO stored SELECT jsonb_populate_record(NULL::item, '{"id": 1, "n": 7}');
SELECT pgroll_c.complete_migration(); -- fails
SELECT (i).id, (i).n FROM stored;
DROP TABLE stored;
SELECT pgroll_c.complete_migration();

-- of equal indexes a foreign key keeps the one that it was made with
CREATE TABLE target (id int NOT NULL, a int, CONSTRAINT z_key UNIQUE (id));
CREATE TABLE source (id int, CONSTRAINT of_z FOREIGN KEY (id) REFERENCES target (id));
CREATE UNIQUE INDEX a_plain ON target (id);
CREATE INDEX target_a ON target (a) WITH (fillfactor = 90);
CREATE INDEX target_b ON target USING brin (a) WITH (pages_per_range = 7);
\set changes '{"operations": [{"alter_column": {"table": "target", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}}, {"alter_column": {"table": "target", "column": "a", "type": "bigint", "up": "a", "down": "a::int"}}]}'
BEGIN;
SELECT pgroll_c.start_migration('03_target', :'changes');
SAVEPOINT started;
-- while an index is to be built again it keeps its name: another could get that
ALTER INDEX target_a RENAME TO target_c; -- fails
ROLLBACK TO started;
ALTER TABLE target RENAME CONSTRAINT z_key TO z_key_2; -- fails
ROLLBACK TO started;
ALTER TABLE target ADD UNIQUE USING INDEX a_plain; -- fails
ROLLBACK TO started;
COMMIT;
CALL pgroll_c.run_tasks();
ALTER TABLE target ADD UNIQUE USING INDEX a_plain; -- fails
ALTER INDEX target_a RENAME TO target_c;
-- options of indexes are what they are in the end
ALTER INDEX target_c RESET (fillfactor);
ALTER INDEX z_key SET (fillfactor = 60);
ALTER INDEX target_b SET (autosummarize = on);
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
SELECT relname, reloptions FROM pg_class WHERE oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'target'::regclass) ORDER BY 1;
SELECT conindid::regclass FROM pg_constraint WHERE conname = 'of_z';

-- what is not there in full keeps its name, and what has gone does not give it away
CREATE TABLE named (id int PRIMARY KEY, c int CONSTRAINT named_c CHECK (c > 0), d int CONSTRAINT named_d CHECK (d > 0));
CREATE INDEX named_i ON named (c);
CREATE UNIQUE INDEX named_u ON named (c, d);
CREATE TABLE namesake (id int CONSTRAINT named_i CHECK (id > 0));
CREATE TABLE of_named (id int CONSTRAINT of_named_id REFERENCES named);
CREATE TYPE unrelated AS (a int);
BEGIN;
SELECT pgroll_c.start_migration('03_named', '{"operations": [
	{"alter_column": {"table": "named", "column": "c", "type": "bigint", "up": "c", "down": "c::int"}},
	{"alter_column": {"table": "named", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}},
	{"alter_column": {"table": "of_named", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}},
	{"rename_constraint": {"table": "named", "from": "named_d", "to": "named_e"}}]}');
SAVEPOINT started;
ALTER TABLE named RENAME CONSTRAINT named_c TO other; -- fails
ROLLBACK TO started;
ALTER TABLE of_named RENAME CONSTRAINT of_named_id TO other; -- fails
ROLLBACK TO started;
DROP INDEX named_i;
CREATE INDEX named_i ON named (c DESC); -- fails
ROLLBACK TO started;
DROP INDEX named_u;
ALTER TABLE named ADD CONSTRAINT named_u UNIQUE (c); -- fails
ROLLBACK TO started;
ALTER TABLE named RENAME CONSTRAINT named_d TO other; -- fails
ROLLBACK TO started;
ALTER TABLE named DROP CONSTRAINT named_d; -- fails
ROLLBACK TO started;
ALTER TABLE namesake RENAME CONSTRAINT named_i TO other;
ALTER TYPE unrelated ADD ATTRIBUTE b int;
COMMIT;
CALL pgroll_c.run_tasks();
ALTER TABLE namesake RENAME CONSTRAINT other TO named_i;
ALTER TABLE namesake RENAME CONSTRAINT named_i TO other;
ALTER TABLE of_named ALTER CONSTRAINT of_named_id DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE named RENAME CONSTRAINT named_c TO named_c2;
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
\d named

-- around the guard: what was built for an index is not taken for another of its name
SELECT pgroll_c.start_migration('04_target', '{"operations": [{"alter_column": {"table": "target", "column": "a", "type": "text", "up": "a::text", "down": "a::bigint"}}]}');
CALL pgroll_c.run_tasks();
RESET ROLE;
ALTER EVENT TRIGGER pgroll_c_guard_start DISABLE;
ALTER EVENT TRIGGER pgroll_c_guard_drop DISABLE;
ALTER EVENT TRIGGER pgroll_c_guard_end DISABLE;
DROP INDEX target_c;
CREATE UNIQUE INDEX target_c ON target (a);
ALTER EVENT TRIGGER pgroll_c_guard_start ENABLE ALWAYS;
ALTER EVENT TRIGGER pgroll_c_guard_drop ENABLE ALWAYS;
ALTER EVENT TRIGGER pgroll_c_guard_end ENABLE ALWAYS;
SET ROLE regress_owner;
SELECT pgroll_c.complete_migration(); -- fails
DROP INDEX target_c;
CREATE INDEX target_c ON target (a);
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();

-- what is built with another function, which has got the name; and another predicate
CREATE TABLE computed (a int, b int);
CREATE FUNCTION weight(bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE TYPE mood AS ENUM ('sad', 'glad');
ALTER TABLE computed ADD m mood;
CREATE INDEX by_weight ON computed (weight(a), a);
CREATE INDEX of_sad ON computed (a) WHERE m = 'sad';
CREATE INDEX downwards ON computed (a DESC, (a + b)) WHERE a IS NOT NULL AND b > 0;
CREATE INDEX upwards ON computed (a DESC, (a + b)) WHERE a IS NOT NULL AND b > 1;
CREATE SCHEMA kept;
CREATE FUNCTION kept.weight(bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE COLLATION kept.order (LOCALE = 'C');
CREATE INDEX by_kept ON computed (kept.weight(a));
CREATE INDEX by_order ON computed ((a::text) COLLATE kept.order);
BEGIN;
SELECT pgroll_c.start_migration('04_computed', '{"operations": [{"alter_column": {"table": "computed", "column": "a", "type": "bigint", "up": "a", "down": "a::int"}}]}');
-- what the indexes name keeps its name until they are built
\set ON_ERROR_ROLLBACK on
ALTER FUNCTION weight(bigint) RENAME TO former_weight; -- fails
ALTER FUNCTION weight(bigint) SET SCHEMA plain; -- fails
ALTER TYPE mood RENAME VALUE 'sad' TO 'low'; -- fails
ALTER TYPE mood ADD VALUE 'between';
ALTER TYPE mood RENAME TO temper; -- fails
ALTER SCHEMA kept RENAME TO moved; -- fails
ALTER COLLATION kept.order RENAME TO disorder; -- fails
ALTER FUNCTION weight(bigint) OWNER TO CURRENT_USER;
\set ON_ERROR_ROLLBACK off
RESET ROLE;
ALTER EVENT TRIGGER pgroll_c_guard_end DISABLE;
SET ROLE regress_owner;
ALTER FUNCTION weight(bigint) RENAME TO former_weight;
CREATE FUNCTION weight(bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT -$1';
COMMIT;
CALL pgroll_c.run_tasks();
RESET ROLE;
ALTER INDEX downwards RENAME TO aside;
ALTER INDEX upwards RENAME TO downwards;
ALTER INDEX aside RENAME TO upwards;
ALTER EVENT TRIGGER pgroll_c_guard_end ENABLE ALWAYS;
SET ROLE regress_owner;
SELECT pgroll_c.complete_migration(); -- fails
DROP INDEX by_weight;
CREATE INDEX by_weight ON computed (former_weight(a), a);
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration(); -- fails
DROP INDEX downwards, upwards;
CREATE INDEX downwards ON computed (a DESC, (a + b)) WHERE a IS NOT NULL AND b > 0;
CALL pgroll_c.run_tasks();
-- built by then
ALTER TYPE mood RENAME VALUE 'sad' TO 'low';
ALTER TYPE mood RENAME VALUE 'glad' TO 'sad';
ALTER FUNCTION former_weight RENAME TO latter_weight;
SELECT pgroll_c.complete_migration();
\d computed

-- an action of a foreign key that sets a default which is not there yet
SELECT test.error(test.migration('{"add_column": {"table": "item", "column": {"name": "o", "type": "int", "default": "3", "references": {"name": "o", "table": "other", "column": "id", "on_delete": "SET DEFAULT"}}, "up": "n::int"}}'));

-- an exclusion constraint, which nobody could carry over
CREATE TABLE booked (during int4range, room int4range, place text, CONSTRAINT old EXCLUDE USING gist (during WITH &&));
CREATE TABLE listed (id int, during int4range) PARTITION BY LIST (id);
CREATE TABLE listed_1 (id int, during int4range, CONSTRAINT own EXCLUDE USING gist (during WITH &&));
SELECT pgroll_c.start_migration('05_booked', '{"operations": [{"drop_constraint": {"table": "booked", "name": "old", "up": "during", "down": "coalesce(during, int4range(1, 1))"}}, {"alter_column": {"table": "listed", "column": "during", "type": "int8range", "up": "int8range(lower(during), upper(during))", "down": "int4range(lower(during)::int, upper(during)::int)"}}]}');
CALL pgroll_c.run_tasks();
ALTER TABLE booked ADD CONSTRAINT new EXCLUDE USING gist (during WITH &&); -- fails
ALTER TABLE booked ADD CONSTRAINT new EXCLUDE USING gist (room WITH &&) WHERE (during IS NOT NULL); -- fails
ALTER TABLE booked ADD CONSTRAINT new EXCLUDE USING gist (room WITH &&);
CREATE INDEX booked_during ON booked (during);
ALTER TABLE listed ATTACH PARTITION listed_1 FOR VALUES IN (1); -- fails
CREATE TABLE listed_2 PARTITION OF listed (CONSTRAINT own_2 EXCLUDE USING gist (during WITH &&)) FOR VALUES IN (2); -- fails
CALL pgroll_c.run_tasks();
SELECT pgroll_c.complete_migration();
\d booked
\i test/include/teardown.sql
