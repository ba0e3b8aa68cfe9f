\set ECHO none
-- What the tests of migrations share; ends as the ordinary role regress_owner.
--
-- Two oracles, both over the catalogs, where pg_dump would show too little:
--   test.remember, test.changes()    what an error or a rollback left behind
--   test.differences(one, other)     two schemas that should be alike
-- and test.error(document), which shows all of an error.
SET client_min_messages = warning;
\set VERBOSITY terse
\set SHOW_CONTEXT never

-- as a careful administrator has it
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
CREATE EXTENSION pgroll_c;

CREATE ROLE regress_owner;
GRANT CREATE ON SCHEMA public TO regress_owner;
SELECT format('GRANT CREATE ON DATABASE %I TO regress_owner', current_database()) \gexec

CREATE SCHEMA test;
GRANT USAGE ON SCHEMA test TO PUBLIC;
CREATE TABLE test.memory (catalog text, line text);
CREATE TABLE test.beginning AS SELECT txid_current() AS xid;

-- Everything about a catalog's rows that a change leaves a trace in.  Dropped
-- attributes are not shown: a table keeps their numbers for ever.  Rows that
-- nobody has written since the server was made, thousands, are only counted.
CREATE FUNCTION test.catalogs() RETURNS TABLE (catalog text, line text)
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	beginning bigint := (SELECT xid FROM test.beginning);
	-- counters, hints that stay set, and what follows from dropped attributes
	volatile text[] := '{relpages,reltuples,relallvisible,relallfrozen,
		relfrozenxid,relminmxid,relhastriggers,relhasindex,relhassubclass,
		relhasrules,relnatts,reltoastrelid,attcacheoff,attoptions}';
	condition text;
BEGIN
	FOR catalog, condition IN VALUES
		('pg_namespace', 'nspname !~ ''^pg_(temp|toast_temp)'''),
		('pg_class', 'relnamespace <> ''pg_toast''::regnamespace'),
		('pg_attribute', 'NOT attisdropped AND attnum > 0
			AND (SELECT relnamespace FROM pg_class WHERE oid = attrelid) <> ''pg_toast''::regnamespace'),
		('pg_attrdef', 'true'),
		('pg_constraint', 'true'),
		('pg_index', '(SELECT relnamespace FROM pg_class WHERE oid = indrelid) <> ''pg_toast''::regnamespace'),
		('pg_trigger', 'true'),
		('pg_rewrite', 'true'),
		('pg_policy', 'true'),
		('pg_statistic_ext', 'true'),
		('pg_inherits', 'true'),
		('pg_partitioned_table', 'true'),
		('pg_sequence', 'true'),
		('pg_publication', 'true'),
		('pg_publication_rel', 'true'),
		('pg_proc', 'true'),
		('pg_type', 'true'),
		('pg_description', 'true'),
		('pg_shdescription', 'true'),
		('pg_seclabel', 'true'),
		('pg_default_acl', 'true'),
		('pg_event_trigger', 'true'),
		('pg_depend', 'classid <> ''pg_class''::regclass OR
			(SELECT relnamespace FROM pg_class WHERE oid = objid) <> ''pg_toast''::regnamespace'),
		('pg_shdepend', 'dbid = (SELECT oid FROM pg_database WHERE datname = current_database())')
	LOOP
		RETURN QUERY EXECUTE format($q$
			SELECT %L, (to_jsonb(c) - $1)::text ||
				CASE WHEN %L = 'pg_attribute'
					-- this entry is the server's own
					THEN (SELECT coalesce(string_agg(o, ',' ORDER BY o), '')
						FROM jsonb_array_elements_text(nullif(to_jsonb(c) -> 'attoptions', 'null')) o
						WHERE o !~ '^pg_attver=')
					ELSE '' END
			FROM pg_catalog.%I c WHERE c.xmin::text::bigint >= $2 AND (%s)
			UNION ALL SELECT %L, 'older: ' || count(*)
			FROM pg_catalog.%I c WHERE c.xmin::text::bigint < $2 AND (%s)
			$q$, catalog, catalog, catalog, condition, catalog, catalog, condition)
			USING volatile, beginning;
	END LOOP;
	RETURN QUERY SELECT 'migration', to_jsonb(m)::text FROM pgroll_c.migration m
		WHERE state <> 'rolled_back';
	RETURN QUERY SELECT 'task', to_jsonb(t)::text FROM pgroll_c.task t
		JOIN pgroll_c.migration m ON m.id = t.migration WHERE m.state <> 'rolled_back';
END $$;

CREATE PROCEDURE test.remember()
	LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	DELETE FROM test.memory;
	INSERT INTO test.memory SELECT * FROM test.catalogs();
$$;

-- What differs from what was remembered: no rows, if all is well.
CREATE FUNCTION test.changes() RETURNS TABLE (change text)
	LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	WITH now AS MATERIALIZED (SELECT * FROM test.catalogs())
	SELECT 'lost: ' || concat_ws(' ', catalog, line)
		FROM (TABLE test.memory EXCEPT ALL TABLE now) AS lost
	UNION ALL SELECT 'new: ' || concat_ws(' ', catalog, line)
		FROM (TABLE now EXCEPT ALL TABLE test.memory) AS new
	ORDER BY 1;
$$;

-- A schema's tables and what hangs on them, without its name and without the
-- order of the columns.
CREATE FUNCTION test.shape(schema name) RETURNS SETOF text
	LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	WITH relation AS (
		SELECT c.* FROM pg_class c
		WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = schema)
			AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'i', 'I', 'f')
	), line AS (
		SELECT format('relation %s %s owner %s acl %s options %s persistence %s rls %s %s identity %s comment %s',
			relkind, relname, pg_get_userbyid(relowner),
			(SELECT array_agg(a::text ORDER BY a::text COLLATE "C") FROM unnest(relacl) a),
			reloptions, relpersistence, relrowsecurity, relforcerowsecurity, relreplident,
			obj_description(oid, 'pg_class')) AS line
		FROM relation
	UNION ALL
		SELECT format('column %s.%s %s not null %s default %s collation %s storage %s compression %s target %s options %s identity %s generated %s acl %s comment %s inherited %s/%s',
			r.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
			(SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = r.oid AND adnum = a.attnum),
			a.attcollation, a.attstorage, a.attcompression,
			nullif(to_jsonb(a) ->> 'attstattarget', '-1'),
			(SELECT string_agg(o, ',' ORDER BY o COLLATE "C") FROM unnest(a.attoptions) o WHERE o !~ '^pg_attver='),
			a.attidentity, a.attgenerated,
			(SELECT array_agg(i::text ORDER BY i::text COLLATE "C") FROM unnest(a.attacl) i),
			col_description(r.oid, a.attnum), a.attinhcount, a.attislocal)
		FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid
		WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind NOT IN ('i', 'I', 'S')
	UNION ALL
		SELECT format('constraint %s.%s %s validated %s inherited %s/%s comment %s index %s',
			r.relname, c.conname, pg_get_constraintdef(c.oid), c.convalidated,
			c.coninhcount, c.conislocal, obj_description(c.oid, 'pg_constraint'),
			(SELECT relname FROM pg_class WHERE oid = c.conindid))
		FROM relation r JOIN pg_constraint c ON c.conrelid = r.oid
	UNION ALL
		SELECT format('index %s unique %s primary %s valid %s ready %s live %s replident %s clustered %s immediate %s targets %s',
			pg_get_indexdef(i.indexrelid), i.indisunique, i.indisprimary, i.indisvalid,
			i.indisready, i.indislive, i.indisreplident, i.indisclustered, i.indimmediate,
			(SELECT array_agg(nullif(to_jsonb(a) ->> 'attstattarget', '-1') ORDER BY attnum)
				FROM pg_attribute a WHERE attrelid = i.indexrelid))
		FROM relation r JOIN pg_index i ON i.indrelid = r.oid
	UNION ALL
		SELECT format('trigger %s enabled %s comment %s', pg_get_triggerdef(t.oid), t.tgenabled,
			obj_description(t.oid, 'pg_trigger'))
		FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid
		WHERE NOT t.tgisinternal
	UNION ALL
		SELECT format('policy %s.%s %s %s to %s using %s check %s', r.relname, polname, polcmd,
			polpermissive, polroles::regrole[], pg_get_expr(polqual, polrelid),
			pg_get_expr(polwithcheck, polrelid))
		FROM relation r JOIN pg_policy ON polrelid = r.oid
	UNION ALL
		SELECT format('statistics %s target %s comment %s', pg_get_statisticsobjdef(s.oid),
			nullif(to_jsonb(s) ->> 'stxstattarget', '-1'), obj_description(s.oid, 'pg_statistic_ext'))
		FROM relation r JOIN pg_statistic_ext s ON s.stxrelid = r.oid
	UNION ALL
		SELECT format('view %s %s', relname, pg_get_viewdef(oid))
		FROM relation WHERE relkind IN ('v', 'm')
	UNION ALL
		SELECT format('sequence %s %s owned by %s', r.relname,
			(SELECT to_jsonb(s) - 'seqrelid' FROM pg_sequence s WHERE seqrelid = r.oid),
			(SELECT string_agg(format('%s.%s %s', t.relname, a.attname, d.deptype), ',')
				FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid
				JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
				WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid
					AND d.refclassid = 'pg_class'::regclass))
		FROM relation r WHERE relkind = 'S'
	UNION ALL
		SELECT format('published %s.%s in %s columns %s where %s', schema, r.relname, p.pubname,
			(SELECT array_agg(a.attname ORDER BY a.attname) FROM unnest(pr.prattrs) n
				JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = n),
			pg_get_expr(pr.prqual, r.oid))
		FROM relation r JOIN pg_publication_rel pr ON pr.prrelid = r.oid
		JOIN pg_publication p ON p.oid = pr.prpubid
	)
	SELECT replace(line, quote_ident(schema) || '.', '') FROM line ORDER BY 1;
$$;

-- In what two schemas differ: no rows, if they are alike.
CREATE FUNCTION test.differences(one name, other name) RETURNS TABLE (difference text)
	LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT one || ': ' || l FROM (SELECT test.shape(one) EXCEPT ALL SELECT test.shape(other)) AS a (l)
	UNION ALL
	SELECT other || ': ' || l FROM (SELECT test.shape(other) EXCEPT ALL SELECT test.shape(one)) AS b (l)
	ORDER BY 1;
$$;

-- The error that a statement gives, with all its parts, and what it leaves
-- behind that no rollback takes away.
CREATE FUNCTION test.error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	session text := test.session();
	state text;
	message text;
	detail text;
	hint text;
BEGIN
	BEGIN
		EXECUTE statement;
		RAISE EXCEPTION 'NO ERROR' USING DETAIL = 'it worked', HINT = 'undone';
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
			detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	END;
	RETURN concat(state, ': ', message,
		E'\n    ', coalesce(nullif(detail, ''), 'NO DETAIL'),
		E'\n    ', coalesce(nullif(hint, ''), 'NO HINT'),
		E'\nLEFT: ' || nullif(test.session(), session));
END $$;

-- Settings, locks and the role of the session.
CREATE FUNCTION test.session() RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(', ', current_user, current_setting('search_path'),
		current_setting('lock_timeout'), current_setting('session_replication_role'),
		(SELECT string_agg(concat_ws(' ', mode, classid, objid, objsubid), ', ' ORDER BY objid)
			FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()))
$$;

-- The error that a migration gives: in validate and in start alike.
CREATE FUNCTION test.error(document jsonb, name text DEFAULT '99_error', schema name DEFAULT 'public')
	RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	call text := 'SELECT pgroll_c.%I(%L, %L, %L)';
	validated text := test.error_of(format(call, 'validate_migration', name, document, schema));
	started text := test.error_of(format(call, 'start_migration', name, document, schema));
BEGIN
	IF validated = started THEN
		RETURN started;
	END IF;
	RETURN format(E'IN VALIDATION: %s\nIN START: %s', validated, started);
END $$;

-- One operation as a migration.
CREATE FUNCTION test.migration(VARIADIC operations jsonb[]) RETURNS jsonb LANGUAGE sql
	RETURN jsonb_build_object('operations', to_jsonb(operations));

GRANT EXECUTE ON ALL ROUTINES IN SCHEMA test TO PUBLIC;

SET ROLE regress_owner;
SET search_path = public;
RESET client_min_messages;
\set ECHO all
