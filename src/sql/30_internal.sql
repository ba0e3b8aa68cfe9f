-- What triggers, defaults and views of active migrations call.  Users never
-- call these themselves, but whoever writes to a table runs them.

CREATE FUNCTION @extschema@.dual_write() RETURNS trigger
	LANGUAGE C AS 'MODULE_PATHNAME', 'pgroll_dual_write';
COMMENT ON FUNCTION @extschema@.dual_write() IS
	'trigger that carries a write through one version of a schema to the others';
-- Whoever creates the trigger, the owner of a table, needs it.
GRANT EXECUTE ON FUNCTION @extschema@.dual_write() TO PUBLIC;

-- The planner folds it to a constant, and so loads the library before a
-- statement that writes begins to run.
CREATE FUNCTION @extschema@.awaits_backfill() RETURNS boolean
	LANGUAGE C IMMUTABLE LEAKPROOF STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'pgroll_awaits_backfill';
COMMENT ON FUNCTION @extschema@.awaits_backfill() IS
	'true; the default of the columns that mark rows for the backfill';
GRANT EXECUTE ON FUNCTION @extschema@.awaits_backfill() TO PUBLIC;
