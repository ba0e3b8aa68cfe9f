-- The public interface, who may use it, and what a table and its views look like
-- before, during and after a migration.
\set QUIET 1
SET client_min_messages = warning;
CREATE EXTENSION pgtap;
CREATE ROLE regress_pgtap_owner;
CREATE ROLE regress_pgtap_nobody;
CREATE EXTENSION pgroll_c;
SELECT format('GRANT CREATE ON DATABASE %I TO regress_pgtap_owner', current_database()) \gexec
SELECT no_plan();

-- calls: kind, name, arguments
CREATE TEMP TABLE call (kind text, name name, arguments name[], result text);
INSERT INTO call VALUES
	('f', 'start_migration', '{text,jsonb,name}', 'text'),
	('f', 'complete_migration', '{name}', 'text'),
	('f', 'rollback_migration', '{name}', 'text'),
	('f', 'retry_migration', '{name}', 'integer'),
	('f', 'baseline', '{text,name}', 'text'),
	('f', 'validate_migration', '{text,jsonb,name}', 'void'),
	('f', 'plan_migration', '{text,jsonb,name}', 'setof record'),
	('f', 'latest_version', '{name}', 'text'),
	('f', 'status', '{name}', 'record'),
	('f', 'from_yaml', '{text}', 'jsonb'),
	('p', 'migrate', '{text,jsonb,name}', NULL),
	('p', 'run_tasks', '{name}', NULL),
	('p', 'wait_for_migration', '{name}', NULL);
GRANT SELECT ON call TO PUBLIC;

SELECT has_function('pgroll_c', name, arguments) FROM call WHERE kind = 'f';
SELECT is_procedure('pgroll_c', name, arguments) FROM call WHERE kind = 'p';
SELECT function_returns('pgroll_c', name, arguments, result) FROM call WHERE kind = 'f';
SELECT isnt_definer('pgroll_c', name, arguments) FROM call;
SELECT function_privs_are('pgroll_c', name, arguments, 'regress_pgtap_nobody', '{EXECUTE}') FROM call;
SELECT schema_privs_are('pgroll_c', 'regress_pgtap_nobody', '{USAGE}');
SELECT table_privs_are('pgroll_c', view::name, 'regress_pgtap_nobody'::name, '{SELECT}'::name[])
	FROM unnest('{migrations,progress}'::text[]) AS view;

-- nothing else of the extension's can be used by anybody
SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc p
	WHERE pronamespace = 'pgroll_c'::regnamespace AND proname NOT IN (SELECT name FROM call)
		AND proname NOT IN ('dual_write', 'awaits_backfill')
		AND has_function_privilege('regress_pgtap_nobody', oid, 'EXECUTE')
$$, 'no other function can be called');
SELECT is_empty($$
	SELECT c.oid::regclass FROM pg_class c
	WHERE relnamespace = 'pgroll_c'::regnamespace AND relkind IN ('r', 'v', 'm', 'p', 'f')
		AND has_table_privilege('regress_pgtap_nobody', oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
$$, 'no table or view can be written');
SELECT is_empty($$
	SELECT c.oid::regclass FROM pg_class c
	WHERE relnamespace = 'pgroll_c'::regnamespace
		AND CASE relkind WHEN 'S' THEN has_sequence_privilege('regress_pgtap_nobody', oid, 'USAGE, UPDATE') END
$$, 'no sequence can be advanced');
SELECT is_empty($$
	SELECT pg_describe_object(classid, objid, 0) FROM pg_depend
	WHERE refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pgroll_c') AND deptype = 'e'
		AND classid IN ('pg_class'::regclass, 'pg_proc'::regclass)
		AND obj_description(objid, classid::regclass::name) IS NULL
		AND objid NOT IN (SELECT oid FROM pg_class WHERE relkind IN ('i', 'S'))
$$, 'every table, view and function says what it is');

-- a version, before anything is migrated
SET ROLE regress_pgtap_owner;
CREATE SCHEMA app;
CREATE TABLE app.person (id int PRIMARY KEY, name text NOT NULL DEFAULT 'nobody', age int);
COMMENT ON COLUMN app.person.name IS 'what they are called';
GRANT SELECT ON app.person TO regress_pgtap_nobody;
SELECT lives_ok($$ SELECT pgroll_c.baseline('01', 'app') $$, 'a first version');
SELECT has_schema('app_01');
SELECT schema_owner_is('app_01'::name, 'regress_pgtap_owner'::name);
SELECT views_are('app_01'::name, ARRAY['person'::name]);
SELECT view_owner_is('app_01'::name, 'person'::name, 'regress_pgtap_owner'::name);
SELECT columns_are('app_01'::name, 'person'::name, '{id,name,age}'::name[]);
SELECT col_type_is('app_01', 'person', 'age', 'integer', 'a view''s column has the table''s type');
SELECT table_privs_are('app_01'::name, 'person'::name, 'regress_pgtap_nobody'::name, '{SELECT}'::name[]);
SELECT is(col_description('app_01.person'::regclass, 2), 'what they are called', 'a view has the table''s comments');

-- both versions
\set document '{"operations": [{"rename_column": {"table": "person", "from": "name", "to": "full_name"}}, {"drop_column": {"table": "person", "column": "age"}}]}'
SELECT throws_ok($$ SELECT pgroll_c.complete_migration('app') $$, 'PR002');
SELECT throws_ok($$ SELECT pgroll_c.rollback_migration('app') $$, 'PR002');
SELECT lives_ok(format('SELECT pgroll_c.start_migration(%L, %L, %L)', '02', :'document', 'app'), 'the start');
SELECT throws_ok(format('SELECT pgroll_c.start_migration(%L, %L, %L)', '03', :'document', 'app'), 'PR001');
SELECT columns_are('app_01'::name, 'person'::name, '{id,name,age}'::name[]);
SELECT columns_are('app_02'::name, 'person'::name, '{id,full_name}'::name[]);
SELECT columns_are('app'::name, 'person'::name, '{id,name,age}'::name[]);
SELECT is(pgroll_c.latest_version('app'), 'app_02', 'applications may move on');
RESET ROLE;
SET ROLE regress_pgtap_nobody;
SELECT throws_ok($$ SELECT pgroll_c.complete_migration('app') $$, '42501');
SELECT throws_ok($$ SELECT pgroll_c.rollback_migration('app') $$, '42501');
SELECT throws_ok($$ INSERT INTO app_02.person VALUES (1) $$, '42501');
RESET ROLE;

-- the new version alone
SET ROLE regress_pgtap_owner;
SELECT lives_ok($$ SELECT pgroll_c.complete_migration('app') $$, 'the completion');
SELECT hasnt_schema('app_01');
SELECT columns_are('app'::name, 'person'::name, '{id,full_name}'::name[]);
SELECT columns_are('app_02'::name, 'person'::name, '{id,full_name}'::name[]);
SELECT col_not_null('app', 'person', 'full_name', 'NOT NULL stays');
SELECT col_default_is('app', 'person', 'full_name', 'nobody', 'so does a default');
SELECT col_is_pk('app'::name, 'person'::name, 'id'::name, 'so does the key');
SELECT hasnt_trigger('app', 'person', '!pgroll_c_dual_write');
RESET ROLE;
SELECT * FROM finish();
