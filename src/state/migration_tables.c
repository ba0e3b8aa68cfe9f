/*-------------------------------------------------------------------------
 *
 * migration_tables.c
 *		The table pgroll_c.migration_table: where a start has made something.
 *
 * All of it runs with the extension owner's rights.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "state/migration_tables.h"
#include "support/spi.h"

#define TABLES_TABLE PGROLL_SCHEMA ".migration_table"

static Datum oid_array(List *oids);

void
migration_tables_add(int64 migration, List *relids)
{
	SecurityScope scope;
	Datum		values[2];

	if (relids == NIL)
		return;
	values[0] = Int64GetDatum(migration);
	values[1] = oid_array(relids);
	owner_begin(&scope);
	SPI_connect();
	spi_execute("INSERT INTO " TABLES_TABLE " (migration, relation)"
				" SELECT $1, r::pg_catalog.regclass FROM pg_catalog.unnest($2) AS r"
				" ON CONFLICT DO NOTHING",
				2, (Oid[]) {INT8OID, OIDARRAYOID}, values, NULL, SPI_OK_INSERT);
	SPI_finish();
	owner_end(&scope);
}

List *
migration_tables(int64 migration)
{
	MemoryContext caller = CurrentMemoryContext;
	SecurityScope scope;
	List	   *found = NIL;

	owner_begin(&scope);
	SPI_connect();
	spi_execute("SELECT c.oid FROM " TABLES_TABLE " AS t"
				" JOIN pg_catalog.pg_class AS c ON c.oid = t.relation"
				" WHERE t.migration = $1 ORDER BY c.oid",
				1, (Oid[]) {INT8OID}, (Datum[]) {Int64GetDatum(migration)},
				NULL, SPI_OK_SELECT);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		bool		isnull;
		Oid			relid = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[row],
														   SPI_tuptable->tupdesc, 1,
														   &isnull));
		MemoryContext spi = MemoryContextSwitchTo(caller);

		found = lappend_oid(found, relid);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	owner_end(&scope);
	return found;
}

bool
migration_concerns(int64 migration, List *relids)
{
	SecurityScope scope;
	Datum		values[2];
	bool		concerns;

	values[0] = Int64GetDatum(migration);
	values[1] = oid_array(relids);
	owner_begin(&scope);
	SPI_connect();
	spi_execute("SELECT FROM " TABLES_TABLE
				" WHERE migration = $1 AND relation::pg_catalog.oid = ANY ($2)"
				" UNION ALL SELECT FROM " PGROLL_SCHEMA ".task"
				" WHERE migration = $1 AND relation::pg_catalog.oid = ANY ($2) LIMIT 1",
				2, (Oid[]) {INT8OID, OIDARRAYOID}, values, NULL, SPI_OK_SELECT);
	concerns = SPI_processed > 0;
	SPI_finish();
	owner_end(&scope);
	return concerns;
}

/* An oid[] of a list. */
static Datum
oid_array(List *oids)
{
	Datum	   *elements = palloc(list_length(oids) * sizeof(Datum));
	ListCell   *lc;

	foreach(lc, oids)
		elements[foreach_current_index(lc)] = ObjectIdGetDatum(lfirst_oid(lc));
	return PointerGetDatum(construct_array(elements, list_length(oids), OIDOID,
										   sizeof(Oid), true, TYPALIGN_INT));
}
