-- What users see of the state.  A row is shown to roles that may use the base
-- schema; an error, which may quote a row's values, to those who may act as the
-- role that started the migration.  Barriers, so that no function in a query on
-- them sees a row that they do not show.

CREATE VIEW @extschema@.migrations WITH (security_barrier) AS
SELECT m.base_schema AS schema, m.name, CASE WHEN a.begun_again THEN 'started' ELSE m.state END AS state,
	m.version_schema, p.name AS parent, m.started_at, m.started_by,
	m.ready_at,
	m.completed_at, m.completed_by, m.rolled_back_at, m.rolled_back_by,
	m.retired, m.document, m.id, m.parent AS parent_id
FROM @extschema@.migration m
	JOIN pg_catalog.pg_namespace n ON n.nspname = m.base_schema
	LEFT JOIN @extschema@.migration p ON p.id = m.parent,
	-- by a task that was added since it was ready
	LATERAL (SELECT m.state = 'ready' AND EXISTS (SELECT FROM @extschema@.task t
		WHERE t.migration = m.id AND t.state = 'open') AS begun_again) a
WHERE pg_catalog.has_schema_privilege(n.oid, 'USAGE');
COMMENT ON VIEW @extschema@.migrations IS 'every migration, rolled back ones included';
GRANT SELECT ON @extschema@.migrations TO PUBLIC;

CREATE VIEW @extschema@.progress WITH (security_barrier) AS
SELECT m.schema, m.name AS migration, t.relation::text AS relation,
	t.kind AS task, t.object, t.state,
	t.rows_done, t.rows_total,
	CASE WHEN t.blocks_total IS NOT NULL
		THEN least(t.next_block, t.blocks_total) END AS blocks_done,
	t.blocks_total,
	r.rows_per_second,
	CASE WHEN r.rows_per_second > 0 THEN
		greatest(t.rows_total - t.rows_done, 0) / r.rows_per_second * interval '1 second'
	END AS time_left,
	t.waiting_for,
	CASE WHEN t.last_error IS NULL THEN NULL
		WHEN EXISTS (SELECT FROM pg_catalog.pg_roles g
			WHERE (g.rolname = m.started_by AND pg_catalog.pg_has_role(g.oid, 'USAGE'))
				OR (g.rolname = current_user AND g.rolsuper))
			-- that role was renamed or dropped
			OR EXISTS (SELECT FROM pg_catalog.pg_namespace n
				LEFT JOIN pg_catalog.pg_roles g ON g.rolname = m.started_by
				WHERE n.nspname = m.version_schema AND g.oid IS NULL
					AND pg_catalog.pg_has_role(n.nspowner, 'USAGE'))
		THEN t.last_error
		ELSE pg_catalog.format('hidden from roles that are no members of %I', m.started_by)
	END AS last_error,
	t.started_at, t.id AS task_id, t.migration AS migration_id
FROM @extschema@.task t
	JOIN @extschema@.migrations m ON m.id = t.migration,
	LATERAL (SELECT pg_catalog.round((t.rows_done - t.rows_before)
		/ nullif(extract(epoch FROM pg_catalog.clock_timestamp() - t.started_at), 0))
		AS rows_per_second) r
WHERE t.state <> 'done' AND m.state IN ('started', 'ready', 'failed');
COMMENT ON VIEW @extschema@.progress IS 'a row for each open or failed task';
GRANT SELECT ON @extschema@.progress TO PUBLIC;

-- For status(): the tasks of each migration, done ones included.
CREATE VIEW @extschema@.task_totals WITH (security_barrier) AS
SELECT m.id AS migration_id,
	-- one may come from a transaction that ended after the migration
	count(*) FILTER (WHERE t.state = 'open' AND m.state NOT IN ('completed', 'rolled_back')) AS n_open,
	count(*) FILTER (WHERE t.state = 'failed') AS n_failed,
	coalesce(sum(t.rows_done) FILTER (WHERE t.kind = 'backfill'), 0) AS rows_done,
	coalesce(sum(t.rows_total) FILTER (WHERE t.kind = 'backfill'), 0) AS rows_total,
	min(p.last_error) AS last_error
FROM @extschema@.migrations m
	LEFT JOIN @extschema@.task t ON t.migration = m.id
	LEFT JOIN @extschema@.progress p ON p.task_id = t.id
GROUP BY m.id;
COMMENT ON VIEW @extschema@.task_totals IS 'for pgroll_c.status()';
GRANT SELECT ON @extschema@.task_totals TO PUBLIC;
