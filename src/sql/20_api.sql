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
	LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'pgroll_retry_migration';
COMMENT ON FUNCTION @extschema@.retry_migration(name) IS
	'open the failed tasks of a migration again; returns how many';
GRANT EXECUTE ON FUNCTION @extschema@.retry_migration(name) TO PUBLIC;

-- Where the migrations stand (api_status.c)

CREATE FUNCTION @extschema@.latest_version(schema name DEFAULT 'public') RETURNS text
	LANGUAGE C STRICT STABLE AS 'MODULE_PATHNAME', 'pgroll_latest_version';
COMMENT ON FUNCTION @extschema@.latest_version(name) IS
	'the newest version schema that applications may use';
GRANT EXECUTE ON FUNCTION @extschema@.latest_version(name) TO PUBLIC;

CREATE FUNCTION @extschema@.status(schema name DEFAULT 'public',
	OUT schema name, OUT migration text, OUT state text,
	OUT version_schema name, OUT previous_version_schema name,
	OUT tasks_open int, OUT tasks_failed int,
	OUT rows_done bigint, OUT rows_total bigint, OUT last_error text)
	LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'pgroll_status';
COMMENT ON FUNCTION @extschema@.status(name) IS
	'where the newest migration of a schema stands';
GRANT EXECUTE ON FUNCTION @extschema@.status(name) TO PUBLIC;
