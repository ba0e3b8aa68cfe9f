/*-------------------------------------------------------------------------
 *
 * migration_drops.c
 *		The table pgroll_c.migration_drop: what a completion is to drop.
 *
 * All of it runs with the extension owner's rights.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "state/migration_drops.h"
#include "support/spi.h"

#define DROPS_RELATION PGROLL_SCHEMA ".migration_drop"

/* By DropType. */
static const char *const type_names[] = {"table", "column", "constraint", "index"};

static DropType type_of_name(const char *name);

void
migration_drops_add(int64 migration, List *drops)
{
	SecurityScope scope;
	ListCell   *lc;

	if (drops == NIL)
		return;
	owner_begin(&scope);
	SPI_connect();
	foreach(lc, drops)
	{
		const MigrationDrop *drop = lfirst(lc);
		Datum		values[4];

		values[0] = Int64GetDatum(migration);
		values[1] = CStringGetTextDatum(type_names[drop->type]);
		values[2] = ObjectIdGetDatum(drop->relation);
		values[3] = CStringGetTextDatum(drop->name == NULL ? "" : drop->name);
		spi_execute("INSERT INTO " DROPS_RELATION " (migration, type, relation, name)"
					" VALUES ($1, $2, $3, $4)",
					4, (Oid[]) {INT8OID, TEXTOID, REGCLASSOID, TEXTOID}, values, NULL,
					SPI_OK_INSERT);
	}
	SPI_finish();
	owner_end(&scope);
}

List *
migration_drops(int64 migration)
{
	MemoryContext caller = CurrentMemoryContext;
	SecurityScope scope;
	List	   *found = NIL;

	owner_begin(&scope);
	SPI_connect();
	spi_execute("SELECT type, relation::pg_catalog.oid, name FROM " DROPS_RELATION
				" WHERE migration = $1 ORDER BY relation, type, name",
				1, (Oid[]) {INT8OID}, (Datum[]) {Int64GetDatum(migration)},
				NULL, SPI_OK_SELECT);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[row];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		MemoryContext spi = MemoryContextSwitchTo(caller);
		MigrationDrop *drop = palloc(sizeof(MigrationDrop));

		drop->type = type_of_name(SPI_getvalue(tuple, desc, 1));
		drop->relation = DatumGetObjectId(SPI_getbinval(tuple, desc, 2, &isnull));
		drop->name = SPI_getvalue(tuple, desc, 3);
		found = lappend(found, drop);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	owner_end(&scope);
	return found;
}

bool
migration_drops_include(List *drops, DropType type, Oid relation, const char *name)
{
	ListCell   *lc;

	foreach(lc, drops)
	{
		const MigrationDrop *drop = lfirst(lc);

		if (drop->type == type && drop->relation == relation &&
			(name == NULL || strcmp(drop->name, name) == 0))
			return true;
	}
	return false;
}

static DropType
type_of_name(const char *name)
{
	for (int i = 0; i < lengthof(type_names); i++)
	{
		if (strcmp(type_names[i], name) == 0)
			return i;
	}
	elog(ERROR, "unknown type of a drop: \"%s\"", name);
}
