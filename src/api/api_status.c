/*-------------------------------------------------------------------------
 *
 * api_status.c
 *		status() and latest_version(): where the migrations stand.
 *
 * Both read the views with the caller's rights, so they tell nobody more.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "state/migrations.h"
#include "support/spi.h"
#include "worker/launcher.h"

PG_FUNCTION_INFO_V1(pgroll_latest_version);
PG_FUNCTION_INFO_V1(pgroll_status);

static HeapTuple fetch_row(const char *query, Name schema, TupleDesc *desc);

/*
 * latest_version(schema name): the newest live version schema, or NULL.  One that was
 * ready stays that while something is carried over that came since.  One that its owner
 * has dropped is none, though it is retired with the next start only.
 */
Datum
pgroll_latest_version(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	HeapTuple	row = fetch_row("SELECT version_schema::text"
								" FROM " PGROLL_SCHEMA ".migrations"
								" WHERE schema = $1 AND NOT retired AND state <> 'rolled_back'"
								" AND (state = 'completed' OR ready_at IS NOT NULL)"
								" AND EXISTS (SELECT FROM pg_namespace"
								" WHERE nspname = version_schema)"
								" ORDER BY id DESC LIMIT 1",
								PG_GETARG_NAME(0), &desc);
	bool		isnull;

	if (row == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(heap_getattr(row, 1, desc, &isnull));
}

/*
 * status(schema name): one row.  Whoever looks also sees to it that somebody
 * works.
 */
Datum
pgroll_status(PG_FUNCTION_ARGS)
{
	Name		schema = PG_GETARG_NAME(0);
	MigrationRow *active = migration_active(NameStr(*schema));
	TupleDesc	desc;
	HeapTuple	row;

	if (active != NULL && (active->state == STATE_STARTED || !active->is_home))
		launcher_revive(active->id);

	row = fetch_row("SELECT w.schema, m.name, m.state, m.version_schema,"
					" CASE WHEN NOT p.retired AND EXISTS (SELECT FROM pg_namespace"
					" WHERE nspname = p.version_schema) THEN p.version_schema END,"
					" t.n_open::int, t.n_failed::int, t.rows_done::int8,"
					" t.rows_total::int8, t.last_error"
					" FROM (SELECT $1 AS schema) w"
					" LEFT JOIN LATERAL (SELECT * FROM " PGROLL_SCHEMA ".migrations"
					" WHERE schema = w.schema AND state <> 'rolled_back'"
					" ORDER BY id DESC LIMIT 1) m ON true"
					" LEFT JOIN " PGROLL_SCHEMA ".migrations p ON p.id = m.parent_id"
					" LEFT JOIN " PGROLL_SCHEMA ".task_totals t ON t.migration_id = m.id",
					schema, &desc);
	PG_RETURN_DATUM(heap_copy_tuple_as_datum(row, desc));
}

/* The first row of a query about a schema, in the current context, or NULL. */
static HeapTuple
fetch_row(const char *query, Name schema, TupleDesc *desc)
{
	SecurityScope scope;
	HeapTuple	row = NULL;

	caller_begin(&scope);
	SPI_connect();
	spi_execute(query, 1, (Oid[]) {NAMEOID}, (Datum[]) {NameGetDatum(schema)},
				NULL, SPI_OK_SELECT);
	if (SPI_processed > 0)
	{
		MemoryContext spi;

		row = SPI_copytuple(SPI_tuptable->vals[0]);
		spi = MemoryContextSwitchTo(GetMemoryChunkContext(row));
		*desc = BlessTupleDesc(CreateTupleDescCopy(SPI_tuptable->tupdesc));
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	caller_end(&scope);
	return row;
}
