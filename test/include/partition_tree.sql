\set ECHO none
-- Two schemas, public and plain, that have the same partitioned tables: of which indexes
-- those of a partitioned table consist, and what differs.
CREATE SCHEMA plain;
CREATE VIEW index_tree AS
	SELECT t.relnamespace::regnamespace::text AS schema, t.relname AS "table", i.relname AS index,
		(SELECT relname FROM pg_class WHERE oid = inhparent) AS of, indisvalid, indisunique, indisprimary,
		(SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = i.oid) AS columns,
		(SELECT string_agg(conname || ' of ' || coalesce((SELECT conname FROM pg_constraint p WHERE p.oid = c.conparentid), '-'), ', ')
			FROM pg_constraint c WHERE conindid = i.oid AND contype IN ('p', 'u')) AS key
	FROM pg_index JOIN pg_class i ON i.oid = indexrelid JOIN pg_class t ON t.oid = indrelid
		LEFT JOIN pg_inherits ON inhrelid = indexrelid
	WHERE t.relnamespace IN ('public'::regnamespace, 'plain'::regnamespace);
CREATE FUNCTION tree_differences() RETURNS SETOF text LANGUAGE sql AS $$
	WITH ours AS (SELECT (to_jsonb(t) - 'schema')::text FROM index_tree t WHERE schema = 'public'),
		plain AS (SELECT (to_jsonb(t) - 'schema')::text FROM index_tree t WHERE schema = 'plain')
	SELECT 'public: ' || l FROM (TABLE ours EXCEPT ALL TABLE plain) AS a (l)
	UNION ALL SELECT 'plain: ' || l FROM (TABLE plain EXCEPT ALL TABLE ours) AS b (l)
	UNION ALL SELECT difference FROM test.differences('public', 'plain')
		-- the NOT NULL of a column that is made again has the name of the whole table's (18)
		WHERE difference !~ ': view |relation v |column index_tree|_not_null NOT NULL'
$$;
\set ECHO all
