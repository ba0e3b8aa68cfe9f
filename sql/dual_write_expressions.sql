-- The expressions of edges: types, rights, name spaces, subqueries, values out
-- of line, and what becomes of them when others change what they name.
CREATE EXTENSION pgroll_c;
CREATE ROLE regress_owner;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
CREATE ROLE regress_writer;
CREATE SCHEMA shop AUTHORIZATION regress_owner;
GRANT USAGE ON SCHEMA shop TO regress_writer;
CREATE SCHEMA hidden AUTHORIZATION regress_owner;

-- makes an edge: tab.old <-> tab.new
CREATE PROCEDURE edge(tab regclass, up text, down text, up_not_null boolean DEFAULT false,
	down_not_null boolean DEFAULT false) LANGUAGE plpgsql AS $$ BEGIN
	EXECUTE format('CREATE OR REPLACE TRIGGER pgroll BEFORE INSERT OR UPDATE ON %s FOR EACH ROW
		EXECUTE FUNCTION pgroll_c.dual_write(''only'', %L)', $1, jsonb_build_object(
		'base', 'shop', 'migration', '02_x', 'version', 'shop_02_x', 'marker', 'pending', 'edges',
		jsonb_build_array(jsonb_build_object(
			'up', jsonb_build_object('column', 'new', 'logical', 'amount', 'expression', $2,
				'inputs', '["old"]'::jsonb, 'not_null', $4),
			'down', jsonb_build_object('column', 'old', 'logical', 'price', 'expression', $3,
				'inputs', '["new"]'::jsonb, 'not_null', $5)))));
END $$;
GRANT EXECUTE ON PROCEDURE edge TO regress_owner;

SET ROLE regress_owner;
CREATE TABLE shop.item (id int PRIMARY KEY, old text, new varchar(5),
	pending boolean DEFAULT pgroll_c.awaits_backfill());
GRANT ALL ON shop.item TO regress_writer;
RESET ROLE;
GRANT CREATE ON DATABASE :DBNAME TO regress_owner;
SET ROLE regress_owner;
CREATE SCHEMA shop_02_x;
GRANT USAGE ON SCHEMA shop_02_x TO regress_writer;
CREATE VIEW shop_02_x.item WITH (security_invoker = true) AS SELECT id, new FROM shop.item;
GRANT ALL ON shop_02_x.item TO regress_writer;

-- a value is converted as an assignment converts it: what does not fit is refused
CALL edge('shop.item', '$1', '$1');
INSERT INTO shop.item (id, old) VALUES (1, 'short'), (2, 'short     ');
INSERT INTO shop.item (id, old) VALUES (3, 'too long'); -- fails
INSERT INTO shop_02_x.item VALUES (3, 'too long'); -- fails
CALL edge('shop.item', '($1)::varchar(5)', '$1');
INSERT INTO shop.item (id, old) VALUES (3, 'too long');
SELECT id, old, new, octet_length(new) FROM shop.item ORDER BY id;

-- NOT NULL is the trigger's: PostgreSQL's message, with the logical name
CALL edge('shop.item', 'nullif($1, ''none'')', 'nullif($1, ''nil'')', true, true);
INSERT INTO shop.item (id, old) VALUES (4, 'none'); -- fails
INSERT INTO shop.item (id) VALUES (4); -- fails
INSERT INTO shop_02_x.item VALUES (4, 'nil'); -- fails
INSERT INTO shop_02_x.item VALUES (4, NULL); -- fails
INSERT INTO shop_02_x.item (id) VALUES (4); -- fails
UPDATE shop.item SET old = 'none' WHERE id = 1; -- fails
UPDATE shop_02_x.item SET new = NULL WHERE id = 1; -- fails
UPDATE shop_02_x.item SET new = 'nil' WHERE id = 1; -- fails
DO $$ DECLARE s text; t text; c text; d text; BEGIN
	INSERT INTO shop.item (id) VALUES (4);
EXCEPTION WHEN not_null_violation THEN
	GET STACKED DIAGNOSTICS s = SCHEMA_NAME, t = TABLE_NAME, c = COLUMN_NAME, d = RETURNED_SQLSTATE;
	RAISE NOTICE '% % % %', s, t, c, d;
END $$;
SELECT count(*) FROM shop.item WHERE id = 4;

-- domains
CREATE DOMAIN shop.even AS int CHECK (VALUE % 2 = 0);
CREATE TABLE shop.number (id int PRIMARY KEY, old int, new shop.even,
	pending boolean DEFAULT pgroll_c.awaits_backfill());
CALL edge('shop.number', '$1 * 3', '$1 / 3');
INSERT INTO shop.number (id, old) VALUES (1, 2);
INSERT INTO shop.number (id, old) VALUES (2, 3); -- fails
SELECT * FROM shop.number;

-- functions that are not built in: the base schema is their name space, EXECUTE
-- is that of who writes
CREATE TABLE shop.rate (factor int);
INSERT INTO shop.rate VALUES (10);
CREATE FUNCTION shop.scaled(int) RETURNS int LANGUAGE plpgsql AS
	$$ BEGIN RETURN $1 * (SELECT factor FROM rate); END $$;
CREATE FUNCTION hidden.doubled(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CALL edge('shop.number', 'shop.scaled($1)', 'hidden.doubled($1)');
CREATE VIEW shop_02_x.number WITH (security_invoker = true) AS SELECT id, new FROM shop.number;
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.rate (factor int);
CREATE TEMP TABLE rate (factor int);
GRANT ALL ON shop.number, shop_02_x.number TO regress_writer;
SET search_path = elsewhere;
INSERT INTO shop.number (id, old) VALUES (3, 7);
INSERT INTO shop_02_x.number VALUES (4, 8);
SHOW search_path;
RESET search_path;
SELECT * FROM shop.number WHERE id > 2;
DROP TABLE rate, elsewhere.rate;
SET ROLE regress_writer;
INSERT INTO shop.number (id, old) VALUES (5, 7); -- fails
INSERT INTO shop_02_x.number VALUES (5, 8); -- fails
SET ROLE regress_owner;
GRANT EXECUTE ON FUNCTION shop.scaled, hidden.doubled TO regress_writer;
GRANT SELECT ON shop.rate TO regress_writer;
SET ROLE regress_writer;
-- no USAGE on the function's schema is needed
INSERT INTO shop.number (id, old) VALUES (5, 7);
INSERT INTO shop_02_x.number VALUES (6, 8);
SELECT * FROM shop.number WHERE id > 4;
SET ROLE regress_owner;
REVOKE EXECUTE ON FUNCTION shop.scaled, hidden.doubled FROM regress_writer;
SET ROLE regress_writer;
INSERT INTO shop.number (id, old) VALUES (7, 7); -- fails
INSERT INTO shop_02_x.number VALUES (7, 8); -- fails
SET ROLE regress_owner;
INSERT INTO shop_02_x.number VALUES (7, 8);
-- a new body counts at once
CREATE OR REPLACE FUNCTION hidden.doubled(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2 + 1';
INSERT INTO shop_02_x.number VALUES (8, 8);
SELECT * FROM shop.number WHERE id > 6;
-- a function that is gone is an error of the migration, not of the writer
ALTER FUNCTION shop.scaled RENAME TO scaled_2;
INSERT INTO shop.number (id, old) VALUES (9, 7); -- fails
ALTER FUNCTION shop.scaled_2 RENAME TO scaled;
INSERT INTO shop.number (id, old) VALUES (9, 7);
DROP FUNCTION hidden.doubled(int);
INSERT INTO shop_02_x.number VALUES (10, 8); -- fails
INSERT INTO shop.number (id, old) VALUES (10, 8);

-- nor can a later function of the same name, or a search_path, change a meaning
CALL edge('shop.item', '(lower($1) || ''!''::text)', 'upper($1)');
CREATE FUNCTION shop.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT 'hijacked' $$;
CREATE FUNCTION shop.upper(varchar) RETURNS text LANGUAGE sql AS $$ SELECT 'hijacked' $$;
CREATE FUNCTION pg_temp.upper(varchar) RETURNS text LANGUAGE sql AS $$ SELECT 'hijacked' $$;
SET search_path = shop, pg_temp, pg_catalog;
INSERT INTO item (id, old) VALUES (11, 'ABC');
INSERT INTO shop_02_x.item VALUES (12, 'abc');
RESET search_path;
SELECT id, old, new FROM shop.item WHERE id > 10 ORDER BY id;

-- subqueries: the writer's rights, the statement's own snapshot
CALL edge('shop.number', '(SELECT (max(factor) + ($1)) FROM shop.rate)',
	'(SELECT (count(*))::integer FROM shop.number n WHERE (n.new < $1))');
INSERT INTO shop.number (id, old) VALUES (21, 10), (22, 12);
INSERT INTO shop_02_x.number VALUES (23, 100), (24, 200);
SELECT * FROM shop.number WHERE id > 20 ORDER BY id;
UPDATE shop.rate SET factor = 20;
UPDATE shop.number SET old = old + 2 WHERE id = 21;
UPDATE shop.number SET old = old WHERE id = 22;
SELECT * FROM shop.number WHERE id IN (21, 22) ORDER BY id;
REVOKE SELECT ON shop.rate FROM regress_writer;
SET ROLE regress_writer;
UPDATE shop.number SET old = 20 WHERE id = 22; -- fails
SET ROLE regress_owner;
ALTER TABLE shop.rate ENABLE ROW LEVEL SECURITY;
CREATE POLICY none ON shop.rate TO regress_writer USING (factor < 0);
GRANT SELECT ON shop.rate TO regress_writer;
SET ROLE regress_writer;
UPDATE shop.number SET old = 20 WHERE id = 22;
SET ROLE regress_owner;
SELECT * FROM shop.number WHERE id = 22;
-- a hundred rows in one statement; what the subquery reads is altered between
INSERT INTO shop.number (id, old) SELECT i, 2 * i FROM generate_series(101, 200) AS i;
DROP POLICY none ON shop.rate;
ALTER TABLE shop.rate ALTER factor TYPE bigint;
INSERT INTO shop.number (id, old) SELECT i, 2 * i FROM generate_series(201, 300) AS i;
SELECT count(*), sum(new - old) FROM shop.number WHERE id > 100;

-- a value out of line is not shared by the two columns
CREATE TABLE shop.page (id int PRIMARY KEY, old text, new text, pending boolean DEFAULT pgroll_c.awaits_backfill());
ALTER TABLE shop.page ALTER old SET STORAGE EXTERNAL, ALTER new SET STORAGE EXTERNAL;
INSERT INTO shop.page (id, old) VALUES (1, repeat('a', 20000)), (2, repeat('b', 20000));
CALL edge('shop.page', '$1', '$1');
CREATE VIEW shop_02_x.page WITH (security_invoker = true) AS SELECT id, new FROM shop.page;
UPDATE shop.page SET id = id;
INSERT INTO shop.page (id, old) VALUES (3, repeat('c', 20000));
INSERT INTO shop_02_x.page VALUES (4, repeat('d', 20000));
UPDATE shop.page SET old = p.old FROM shop.page p WHERE page.id = 2 AND p.id = 3;
ALTER TABLE shop.page DISABLE TRIGGER pgroll;
UPDATE shop.page SET old = 'gone';
VACUUM shop.page;
SELECT id, old, md5(new) = md5(repeat(chr(96 + CASE id WHEN 2 THEN 3 ELSE id END), 20000)) AS new
	FROM shop.page ORDER BY id;
ALTER TABLE shop.page ENABLE TRIGGER pgroll;
-- the same value in another place is no change
UPDATE shop.page SET old = repeat('e', 20000);
ALTER TABLE shop.page DISABLE TRIGGER pgroll;
UPDATE shop.page SET new = 'kept';
ALTER TABLE shop.page ENABLE TRIGGER pgroll;
UPDATE shop.page SET old = repeat('e', 20000);
UPDATE shop.page SET old = repeat('e', 19999) || 'f' WHERE id = 1;
SELECT id, left(new, 5) AS new, length(new) FROM shop.page ORDER BY id;

-- what others do to the table
ALTER TABLE shop.page RENAME COLUMN new TO newer;
UPDATE shop.page SET old = 'x'; -- fails
ALTER TABLE shop.page RENAME COLUMN newer TO new;
ALTER TABLE shop.page RENAME TO leaf;
UPDATE shop.leaf SET old = 'x' WHERE id = 1;
ALTER TABLE shop.leaf RENAME TO page;
ALTER TABLE shop.item DROP COLUMN pending;
INSERT INTO shop.item (id) VALUES (31); -- fails
ALTER TABLE shop.number ADD COLUMN made int GENERATED ALWAYS AS (old + 1) STORED;
DO $$ BEGIN
	EXECUTE replace(pg_get_triggerdef(oid), 'CREATE TRIGGER', 'CREATE OR REPLACE TRIGGER')
		FROM pg_trigger WHERE tgrelid = 'shop.number'::regclass;
	EXECUTE replace(replace(pg_get_triggerdef(oid), 'CREATE TRIGGER', 'CREATE OR REPLACE TRIGGER'), '["old"]', '["made"]')
		FROM pg_trigger WHERE tgrelid = 'shop.number'::regclass;
END $$;
INSERT INTO shop.number (id, old) VALUES (31, 2); -- fails
CALL edge('shop.number', '$1 * 2', '$1 / 2');
INSERT INTO shop.number (id, old) VALUES (31, 2);
SELECT * FROM shop.number WHERE id = 31;
CALL edge('shop.number', '''[1,2]''::int4range', '$1');
INSERT INTO shop.number (id, old) VALUES (32, 2); -- fails

-- a trigger that was not made by us
CALL edge('shop.number', '$1 *', '$1');
UPDATE shop.number SET old = 1; -- fails
CALL edge('shop.number', 'sum($1)', '$1');
UPDATE shop.number SET old = 1; -- fails
CALL edge('shop.number', '$1 FROM shop.rate', '$1');
UPDATE shop.number SET old = 1; -- fails
CALL edge('shop.number', '$2', '$1');
UPDATE shop.number SET old = 1; -- fails
CREATE OR REPLACE TRIGGER pgroll BEFORE UPDATE ON shop.number FOR EACH ROW
	EXECUTE FUNCTION pgroll_c.dual_write('only', '{"base": "shop", "migration": 1}'); -- fails
CREATE OR REPLACE TRIGGER pgroll BEFORE UPDATE ON shop.number FOR EACH ROW
	EXECUTE FUNCTION pgroll_c.dual_write('only', '{"base": "shop", "migration": "m", "version": "v", "marker": "old", "edges": []}');
UPDATE shop.number SET old = 1; -- fails
CREATE OR REPLACE TRIGGER pgroll BEFORE UPDATE ON shop.number FOR EACH ROW
	EXECUTE FUNCTION pgroll_c.dual_write('only', '{"base": "shop", "migration": "m", "version": "v", "marker": "pending",
		"edges": [{"up": {"column": "old", "logical": "old", "expression": "$1", "inputs": ["old"], "not_null": false}}]}');
UPDATE shop.number SET old = 1; -- fails
CREATE OR REPLACE TRIGGER pgroll BEFORE UPDATE ON shop.number FOR EACH ROW
	EXECUTE FUNCTION pgroll_c.dual_write('lonely', '{}'); -- fails
CREATE OR REPLACE TRIGGER pgroll BEFORE UPDATE ON shop.number FOR EACH ROW
	EXECUTE FUNCTION pgroll_c.dual_write('only', 'x'); -- fails
\set empty '{"base": "shop", "migration": "m", "version": "v", "marker": "pending", "edges": []}'
CREATE OR REPLACE TRIGGER pgroll BEFORE UPDATE ON shop.number FOR EACH ROW EXECUTE FUNCTION pgroll_c.dual_write();
UPDATE shop.number SET old = 1; -- fails
CREATE OR REPLACE TRIGGER pgroll AFTER UPDATE ON shop.number FOR EACH ROW EXECUTE FUNCTION pgroll_c.dual_write('only', :'empty');
UPDATE shop.number SET old = 1; -- fails
CREATE OR REPLACE TRIGGER pgroll BEFORE UPDATE ON shop.number EXECUTE FUNCTION pgroll_c.dual_write('only', :'empty');
UPDATE shop.number SET old = 1; -- fails
CREATE OR REPLACE TRIGGER pgroll BEFORE DELETE ON shop.number FOR EACH ROW EXECUTE FUNCTION pgroll_c.dual_write('only', :'empty');
DELETE FROM shop.number; -- fails
SELECT pgroll_c.dual_write(); -- fails
RESET ROLE;
CREATE FUNCTION other_name() RETURNS trigger LANGUAGE c AS '$libdir/pgroll_c', 'pgroll_dual_write';
CREATE TABLE alias (id int);
CREATE TRIGGER pgroll BEFORE INSERT ON alias FOR EACH ROW EXECUTE FUNCTION other_name('only', '{}');
INSERT INTO alias VALUES (1); -- fails

SET client_min_messages = warning;
DROP OWNED BY regress_owner, regress_writer CASCADE;
DROP ROLE regress_owner, regress_writer;
