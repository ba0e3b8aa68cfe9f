/*-------------------------------------------------------------------------
 *
 * replica_identity.c
 *		The table pgroll_c.replica_identity: what tables had before a migration.
 *
 * All of it runs with the extension owner's rights.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/table.h"
#include "access/xlog.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "state/replica_identity.h"
#include "support/spi.h"

#define IDENTITY_TABLE PGROLL_SCHEMA ".replica_identity"

static Oid	identity_index(Oid relation, char type);
static char *place_of(Oid index);
static Oid	index_at(const char *place);

void
replica_identity_save(int64 migration, Oid relation)
{
	SecurityScope scope;
	Relation	rel = table_open(relation, AccessShareLock);
	char		type = rel->rd_rel->relreplident;
	Oid			index = identity_index(relation, type);
	Oid			types[] = {INT8OID, OIDOID, CHAROID, NAMEOID, TEXTOID};
	Datum		values[5] = {0};

	table_close(rel, NoLock);
	values[0] = Int64GetDatum(migration);
	values[1] = ObjectIdGetDatum(relation);
	values[2] = CharGetDatum(type);
	if (OidIsValid(index))
	{
		values[3] = CStringGetDatum(get_rel_name(index));
		values[4] = CStringGetTextDatum(place_of(index));
	}
	owner_begin(&scope);
	SPI_connect();
	spi_execute("INSERT INTO " IDENTITY_TABLE
				" (migration, relation, identity, index, index_place)"
				" VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
				5, types, values, OidIsValid(index) ? NULL : "   nn", SPI_OK_INSERT);
	SPI_finish();
	owner_end(&scope);
}

void
replica_identity_forget(int64 migration, Oid relation)
{
	SecurityScope scope;

	owner_begin(&scope);
	SPI_connect();
	spi_execute("DELETE FROM " IDENTITY_TABLE " WHERE migration = $1 AND relation = $2",
				2, (Oid[]) {INT8OID, OIDOID},
				(Datum[]) {Int64GetDatum(migration), ObjectIdGetDatum(relation)},
				NULL, SPI_OK_DELETE);
	SPI_finish();
	owner_end(&scope);
}

static Oid
identity_index(Oid relation, char type)
{
	Relation	rel;
	Oid			index;

	if (type != REPLICA_IDENTITY_INDEX)
		return InvalidOid;
	rel = table_open(relation, AccessShareLock);
	index = RelationGetReplicaIndex(rel);
	table_close(rel, NoLock);
	return index;
}

/*
 * Its OID, which survives that somebody renames it, and where that holds.  There
 * is no regclass in a dump yet: the table's data comes before its indexes.
 */
static char *
place_of(Oid index)
{
	return psprintf(UINT64_FORMAT "/%u/%u", GetSystemIdentifier(), MyDatabaseId,
					index);
}

static Oid
index_at(const char *place)
{
	Oid			index = atooid(strrchr(place, '/') + 1);

	return strcmp(place_of(index), place) == 0 ? index : InvalidOid;
}

List *
replica_identities_saved(int64 migration)
{
	MemoryContext caller = CurrentMemoryContext;
	SecurityScope scope;
	List	   *found = NIL;

	owner_begin(&scope);
	SPI_connect();
	spi_execute("SELECT relation::oid, identity, index, index_place FROM " IDENTITY_TABLE
				" WHERE migration = $1 ORDER BY relation",
				1, (Oid[]) {INT8OID}, (Datum[]) {Int64GetDatum(migration)},
				NULL, SPI_OK_SELECT);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[row];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		MemoryContext spi = MemoryContextSwitchTo(caller);
		SavedIdentity *saved = palloc0(sizeof(SavedIdentity));
		bool		isnull;
		Datum		index;

		saved->relation = DatumGetObjectId(SPI_getbinval(tuple, desc, 1, &isnull));
		saved->type = DatumGetChar(SPI_getbinval(tuple, desc, 2, &isnull));
		index = SPI_getbinval(tuple, desc, 3, &isnull);
		if (!isnull)
			saved->index = pstrdup(NameStr(*DatumGetName(index)));
		index = SPI_getbinval(tuple, desc, 4, &isnull);
		if (!isnull)
			saved->index_oid = index_at(TextDatumGetCString(index));
		found = lappend(found, saved);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	owner_end(&scope);
	return found;
}
