-- What others do to a schema while it is migrated: refused or mended.

CREATE FUNCTION @extschema@.guard_ddl() RETURNS event_trigger
	LANGUAGE C AS 'MODULE_PATHNAME', 'pgroll_guard_ddl';
COMMENT ON FUNCTION @extschema@.guard_ddl() IS 'keeps what active migrations need from other sessions'' DDL';
REVOKE ALL ON FUNCTION @extschema@.guard_ddl() FROM PUBLIC;

-- Always: also where triggers are off, as in an apply worker.
CREATE EVENT TRIGGER pgroll_c_guard_start ON ddl_command_start
	WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'ALTER FOREIGN TABLE', 'ALTER VIEW',
				 'ALTER MATERIALIZED VIEW', 'ALTER INDEX', 'ALTER TRIGGER',
				 'ALTER SCHEMA', 'ALTER SEQUENCE', 'DROP EXTENSION', 'DROP TABLE', 'DROP VIEW',
				 'DROP INDEX')
	EXECUTE FUNCTION @extschema@.guard_ddl();
ALTER EVENT TRIGGER pgroll_c_guard_start ENABLE ALWAYS;

CREATE EVENT TRIGGER pgroll_c_guard_drop ON sql_drop
	EXECUTE FUNCTION @extschema@.guard_ddl();
ALTER EVENT TRIGGER pgroll_c_guard_drop ENABLE ALWAYS;

CREATE EVENT TRIGGER pgroll_c_guard_end ON ddl_command_end
	WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE', 'CREATE TRIGGER', 'ALTER TRIGGER',
				 'CREATE TABLE AS', 'SELECT INTO', 'CREATE FOREIGN TABLE', 'CREATE VIEW',
				 'CREATE MATERIALIZED VIEW', 'CREATE SEQUENCE', 'CREATE FUNCTION',
				 'CREATE PROCEDURE', 'CREATE AGGREGATE', 'CREATE OPERATOR', 'CREATE TYPE',
				 'CREATE DOMAIN', 'CREATE COLLATION', 'ALTER SEQUENCE',
				 'CREATE SCHEMA', 'ALTER SCHEMA', 'ALTER FUNCTION', 'ALTER PROCEDURE', 'ALTER ROUTINE', 'ALTER AGGREGATE', 'ALTER OPERATOR', 'ALTER TYPE',
				 'ALTER DOMAIN', 'ALTER COLLATION', 'ALTER VIEW',
				 'ALTER MATERIALIZED VIEW', 'REFRESH MATERIALIZED VIEW', 'ALTER FOREIGN TABLE',
				 'GRANT', 'REVOKE')
	EXECUTE FUNCTION @extschema@.guard_ddl();
ALTER EVENT TRIGGER pgroll_c_guard_end ENABLE ALWAYS;
