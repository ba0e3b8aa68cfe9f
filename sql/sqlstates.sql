-- Each SQLSTATE of our own, raised by the case that it is for
CREATE EXTENSION pgroll_c;
CREATE TABLE users (id int PRIMARY KEY, name text, age text);
INSERT INTO users VALUES (1, 'Ada', 'unknown');
CREATE FUNCTION years(text) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1::int';
CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
SELECT pgroll_c.baseline('01');
SELECT '{"operations": [{"alter_column": {"table": "users", "column": "age", "type": "integer",
	"up": "years(age)", "down": "age::text"}}]}' AS document \gset
\set VERBOSITY sqlstate
SET client_min_messages = warning;	-- on a slow machine it says how far it is

-- there is none
SELECT pgroll_c.complete_migration();	-- fails
-- the document is malformed
SELECT pgroll_c.start_migration('02', '{"operations": []}');	-- fails
-- a trigger would fire before ours
CREATE TRIGGER "!a" BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION same();
SELECT pgroll_c.start_migration('02', :'document');	-- fails
DROP TRIGGER "!a" ON users;
-- the background work has not begun
BEGIN;
SELECT pgroll_c.start_migration('02', :'document');
SELECT pgroll_c.complete_migration();	-- fails
ROLLBACK;
-- a row cannot be converted
SELECT pgroll_c.start_migration('02', :'document');
CALL pgroll_c.wait_for_migration();	-- fails
SELECT pgroll_c.complete_migration();	-- fails
-- the name is taken, another migration is active
SELECT pgroll_c.start_migration('02', :'document');	-- fails
SELECT pgroll_c.start_migration('03', '{"operations": [{"drop_table": {"name": "users"}}]}');	-- fails
-- the migration needs the column
ALTER TABLE users DROP COLUMN age;	-- fails
-- and the function
DROP FUNCTION years(text);	-- fails
-- which nobody keeps any more
ALTER EVENT TRIGGER pgroll_c_guard_start DISABLE;
ALTER EVENT TRIGGER pgroll_c_guard_drop DISABLE;
DROP FUNCTION years(text);
ALTER EVENT TRIGGER pgroll_c_guard_start ENABLE ALWAYS;
ALTER EVENT TRIGGER pgroll_c_guard_drop ENABLE ALWAYS;
UPDATE public_01.users SET age = '36';	-- fails
CREATE FUNCTION years(text) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1::int';
UPDATE public_01.users SET age = '36';
SELECT pgroll_c.retry_migration();
CALL pgroll_c.wait_for_migration();
SELECT pgroll_c.complete_migration();
TABLE public_02.users;
