-- What CREATE EXTENSION makes, and what DROP EXTENSION leaves.

-- what is there before, to be compared with what is there after
CREATE TEMP TABLE before AS
	SELECT classid, objid, objsubid FROM pg_depend
	UNION SELECT 'pg_namespace'::regclass, oid, 0 FROM pg_namespace
	UNION SELECT 'pg_proc'::regclass, oid, 0 FROM pg_proc
	UNION SELECT 'pg_class'::regclass, oid, 0 FROM pg_class
	UNION SELECT 'pg_event_trigger'::regclass, oid, 0 FROM pg_event_trigger;

CREATE EXTENSION pgroll_c;

SELECT extname, extrelocatable, nspname AS schema
FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
WHERE extname = 'pgroll_c';

CREATE VIEW pg_temp.member AS
	SELECT d.classid, d.objid, i.type, i.identity
	FROM pg_depend d,
		pg_identify_object(d.classid, d.objid, d.objsubid) i
	WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
		AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pgroll_c');

-- every member is in our schema, but for what has none
SELECT type, identity FROM pg_temp.member
WHERE identity !~ '^pgroll_c\.' AND type NOT IN ('schema', 'event trigger')
ORDER BY type COLLATE "C", identity COLLATE "C";

-- the state tables are members
SELECT identity FROM pg_temp.member
WHERE type = 'table' ORDER BY identity COLLATE "C";

-- every function, procedure, table and view says what it is for
SELECT type, identity FROM pg_temp.member
WHERE type IN ('function', 'procedure', 'table', 'view')
	AND obj_description(objid, classid::regclass::name) IS NULL
ORDER BY type COLLATE "C", identity COLLATE "C";

-- a function with the rights of its owner has a fixed search_path
SELECT p.oid::regprocedure FROM pg_proc p
JOIN pg_temp.member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
WHERE p.prosecdef
	AND NOT EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%');

-- nobody but the owner touches the state tables and their sequences
CREATE ROLE regress_nobody;
SELECT c.relname, privilege
FROM pg_class c
JOIN pg_temp.member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid,
	unnest(CASE WHEN c.relkind = 'r'
		THEN ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']
		END) AS privilege
WHERE has_table_privilege('regress_nobody', c.oid, privilege)
ORDER BY 1, 2;
SELECT c.relname, privilege
FROM pg_class c, unnest(ARRAY['SELECT', 'UPDATE', 'USAGE']) AS privilege
WHERE c.relkind = 'S' AND c.relnamespace = 'pgroll_c'::regnamespace
	AND has_sequence_privilege('regress_nobody', c.oid, privilege)
ORDER BY 1, 2;
SET ROLE regress_nobody;
SELECT count(*) FROM pgroll_c.migration; -- fails
INSERT INTO pgroll_c.task (migration, kind) VALUES (1, 'analyze'); -- fails
CREATE TABLE pgroll_c.mine (); -- fails
RESET ROLE;
DROP ROLE regress_nobody;

-- state tables and their sequences are dumped
SELECT count(*) FILTER (WHERE c.oid = ANY (e.extconfig)) = count(*) AS all_dumped
FROM pg_extension e, pg_class c
WHERE e.extname = 'pgroll_c' AND c.relnamespace = 'pgroll_c'::regnamespace
	AND c.relkind IN ('r', 'S');

DROP VIEW pg_temp.member;
DROP EXTENSION pgroll_c;

-- only the empty schema stays, as of every extension that names its schema
SELECT pg_describe_object(classid, objid, objsubid) AS left_over
FROM (SELECT classid, objid, objsubid FROM pg_depend
	UNION SELECT 'pg_namespace'::regclass, oid, 0 FROM pg_namespace
	UNION SELECT 'pg_proc'::regclass, oid, 0 FROM pg_proc
	UNION SELECT 'pg_class'::regclass, oid, 0 FROM pg_class
	UNION SELECT 'pg_event_trigger'::regclass, oid, 0 FROM pg_event_trigger
	EXCEPT TABLE before) AS o
WHERE pg_describe_object(classid, objid, objsubid) !~ '\mpg_temp|\mpg_toast_temp|\mbefore\M'
ORDER BY left_over;

-- a schema of that name is taken over only where nobody else had a hand in it
CREATE ROLE regress_install;
CREATE ROLE regress_install_super SUPERUSER;
DROP SCHEMA pgroll_c;
CREATE SCHEMA pgroll_c AUTHORIZATION regress_install;
\set SHOW_CONTEXT never
CREATE EXTENSION pgroll_c; -- fails
\echo :LAST_ERROR_SQLSTATE
ALTER SCHEMA pgroll_c OWNER TO CURRENT_USER;
CREATE FUNCTION pgroll_c.trap() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE EXTENSION pgroll_c; -- fails
DROP FUNCTION pgroll_c.trap();
ALTER DEFAULT PRIVILEGES IN SCHEMA pgroll_c GRANT ALL ON TABLES TO regress_install;
CREATE EXTENSION pgroll_c; -- fails
ALTER DEFAULT PRIVILEGES IN SCHEMA pgroll_c REVOKE ALL ON TABLES FROM regress_install;
GRANT CREATE ON SCHEMA pgroll_c TO PUBLIC;
CREATE EXTENSION pgroll_c; -- fails
REVOKE CREATE ON SCHEMA pgroll_c FROM PUBLIC;
SELECT current_setting('search_path');
-- a restored dump makes it first, and it is the dump's owner's
ALTER SCHEMA pgroll_c OWNER TO regress_install_super;
CREATE EXTENSION pgroll_c;
SELECT current_setting('search_path');
DROP EXTENSION pgroll_c;
DROP SCHEMA pgroll_c;
DROP ROLE regress_install, regress_install_super;
