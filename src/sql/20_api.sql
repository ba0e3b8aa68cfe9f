-- What users call.  Each is run with the caller's rights; what they may do is checked
-- where it is done.

-- Start, complete, roll back (api_migration.c)

CREATE FUNCTION @extschema@.start_migration(name text, migration jsonb, schema name DEFAULT 'public')
	RETURNS text LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'pgroll_start_migration';
COMMENT ON FUNCTION @extschema@.start_migration(text, jsonb, name) IS
	'opens a migration and returns its version schema';
GRANT EXECUTE ON FUNCTION @extschema@.start_migration(text, jsonb, name) TO PUBLIC;

CREATE FUNCTION @extschema@.complete_migration(schema name DEFAULT 'public')
	RETURNS text LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'pgroll_complete_migration';
COMMENT ON FUNCTION @extschema@.complete_migration(name) IS
	'retires the version before the active migration and returns the version schema that stays';
GRANT EXECUTE ON FUNCTION @extschema@.complete_migration(name) TO PUBLIC;

CREATE FUNCTION @extschema@.rollback_migration(schema name DEFAULT 'public')
	RETURNS text LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'pgroll_rollback_migration';
COMMENT ON FUNCTION @extschema@.rollback_migration(name) IS
	'undoes the active migration and returns the newest version schema that is left';
GRANT EXECUTE ON FUNCTION @extschema@.rollback_migration(name) TO PUBLIC;

CREATE FUNCTION @extschema@.baseline(name text, schema name DEFAULT 'public')
	RETURNS text LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'pgroll_baseline';
COMMENT ON FUNCTION @extschema@.baseline(text, name) IS
	'makes a first version schema with views of what is there and returns it';
GRANT EXECUTE ON FUNCTION @extschema@.baseline(text, name) TO PUBLIC;

CREATE FUNCTION @extschema@.validate_migration(name text, migration jsonb, schema name DEFAULT 'public')
	RETURNS void LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'pgroll_validate_migration';
COMMENT ON FUNCTION @extschema@.validate_migration(text, jsonb, name) IS
	'raises the error that start_migration() would, and changes nothing';
GRANT EXECUTE ON FUNCTION @extschema@.validate_migration(text, jsonb, name) TO PUBLIC;

CREATE FUNCTION @extschema@.plan_migration(name text, migration jsonb, schema name DEFAULT 'public',
		OUT phase text, OUT step int, OUT operation int, OUT command text,
		OUT lock_mode text, OUT relation text, OUT background boolean)
	RETURNS SETOF record LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'pgroll_plan_migration';
COMMENT ON FUNCTION @extschema@.plan_migration(text, jsonb, name) IS
	'the steps of a migration in all its phases, with the locks that they take';
GRANT EXECUTE ON FUNCTION @extschema@.plan_migration(text, jsonb, name) TO PUBLIC;

CREATE PROCEDURE @extschema@.migrate(name text, migration jsonb, schema name DEFAULT 'public')
	LANGUAGE C AS 'MODULE_PATHNAME', 'pgroll_migrate';
COMMENT ON PROCEDURE @extschema@.migrate(text, jsonb, name) IS
	'start a migration, wait until it is ready, complete it';
GRANT EXECUTE ON PROCEDURE @extschema@.migrate(text, jsonb, name) TO PUBLIC;

-- Background work (api_tasks.c)

CREATE PROCEDURE @extschema@.wait_for_migration(schema name DEFAULT 'public')
	LANGUAGE C AS 'MODULE_PATHNAME', 'pgroll_wait_for_migration';
COMMENT ON PROCEDURE @extschema@.wait_for_migration(name) IS
	'wait until the newest migration is ready, printing progress; an error if it failed';
GRANT EXECUTE ON PROCEDURE @extschema@.wait_for_migration(name) TO PUBLIC;

CREATE PROCEDURE @extschema@.run_tasks(schema name DEFAULT 'public')
	LANGUAGE C AS 'MODULE_PATHNAME', 'pgroll_run_tasks';
COMMENT ON PROCEDURE @extschema@.run_tasks(name) IS
	'work off the open tasks of the newest migration in this session';
GRANT EXECUTE ON PROCEDURE @extschema@.run_tasks(name) TO PUBLIC;

CREATE FUNCTION @extschema@.retry_migration(schema name DEFAULT 'public') RETURNS int
	LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pgroll_retry_migration';
COMMENT ON FUNCTION @extschema@.retry_migration(name) IS
	'open the failed tasks of a migration again; returns how many';
GRANT EXECUTE ON FUNCTION @extschema@.retry_migration(name) TO PUBLIC;

-- Where the migrations stand (api_status.c)

CREATE FUNCTION @extschema@.latest_version(schema name DEFAULT 'public') RETURNS text
	LANGUAGE C STRICT STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pgroll_latest_version';
COMMENT ON FUNCTION @extschema@.latest_version(name) IS
	'the newest version schema that applications may use';
GRANT EXECUTE ON FUNCTION @extschema@.latest_version(name) TO PUBLIC;

CREATE FUNCTION @extschema@.status(schema name DEFAULT 'public',
	OUT schema name, OUT migration text, OUT state text,
	OUT version_schema name, OUT previous_version_schema name,
	OUT tasks_open int, OUT tasks_failed int,
	OUT rows_done bigint, OUT rows_total bigint, OUT last_error text)
	LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pgroll_status';
COMMENT ON FUNCTION @extschema@.status(name) IS
	'where the newest migration of a schema stands';
GRANT EXECUTE ON FUNCTION @extschema@.status(name) TO PUBLIC;

-- Documents (api_yaml.c)

CREATE FUNCTION @extschema@.from_yaml(migration text) RETURNS jsonb
	LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'pgroll_from_yaml';
COMMENT ON FUNCTION @extschema@.from_yaml(text) IS
	'a migration written in YAML, as the document that start_migration() takes';
GRANT EXECUTE ON FUNCTION @extschema@.from_yaml(text) TO PUBLIC;
