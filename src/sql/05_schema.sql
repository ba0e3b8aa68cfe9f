-- A schema of that name that somebody else made is not taken over: its owner could
-- drop what is ours, or put into it what our names would find.  That of a superuser
-- is, as a restored dump has made it before.
DO LANGUAGE plpgsql $$
DECLARE
	path text := pg_catalog.current_setting('search_path');
	reason text;
BEGIN
	PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
	SELECT coalesce(
		CASE WHEN n.nspowner <> c.oid AND NOT o.rolsuper
			THEN format('It is owned by role "%s".', o.rolname) END,
		(SELECT format('It holds %s.', min(pg_describe_object(d.classid, d.objid, d.objsubid)))
			FROM pg_depend d
			WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
				AND d.classid <> 'pg_extension'::regclass
			HAVING count(*) > 0),
		(SELECT format('Role "%s" may create objects in it.',
				coalesce(min(g.rolname), 'public'))
			FROM aclexplode(n.nspacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
			WHERE a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner
			HAVING count(*) > 0))
	INTO reason
	FROM pg_namespace n
		JOIN pg_roles o ON o.oid = n.nspowner
		JOIN pg_roles c ON c.rolname = current_user
	WHERE n.nspname = '@extschema@';
	IF reason IS NOT NULL THEN
		RAISE EXCEPTION 'schema "@extschema@" exists already'
			USING ERRCODE = 'duplicate_schema', DETAIL = reason,
				HINT = 'Drop the schema or rename it; CREATE EXTENSION makes its own.';
	END IF;
	PERFORM pg_catalog.set_config('search_path', path, true);
END $$;

