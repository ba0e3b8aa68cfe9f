/*-------------------------------------------------------------------------
 *
 * index_part.c
 *		Partitions' indexes that are attached to that of the whole table.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/partition.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "commands/tablecmds.h"
#include "partitioning/partdesc.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "ddl/index_part.h"

static bool has_all_parts(Oid whole);

/* As the server does where it detaches the partition. */
void
index_part_release(Oid index)
{
	Relation	rel;

	if (!get_rel_relispartition(index))
		return;
	rel = index_open(index, AccessExclusiveLock);
	IndexSetParentIndex(rel, InvalidOid);
	index_close(rel, NoLock);
	CommandCounterIncrement();
}

void
index_part_rename(Oid index, const char *name)
{
	LockRelationOid(index, ShareUpdateExclusiveLock);
	RenameRelationInternal(index, name, true, true);
	CommandCounterIncrement();
}

/* As the server does where it attaches one. */
void
index_part_validate(Oid whole)
{
	while (!get_index_isvalid(whole) && has_all_parts(whole))
	{
		Relation	catalog = table_open(IndexRelationId, RowExclusiveLock);
		HeapTuple	tuple = SearchSysCacheCopy1(INDEXRELID, ObjectIdGetDatum(whole));

		((Form_pg_index) GETSTRUCT(tuple))->indisvalid = true;
		CatalogTupleUpdate(catalog, &tuple->t_self, tuple);
		table_close(catalog, RowExclusiveLock);
		CommandCounterIncrement();
		if (!get_rel_relispartition(whole))
			break;
		whole = get_partition_parent(whole, false);
	}
}

/* A partition whose concurrent detaching waits to be finished does not count. */
static bool
has_all_parts(Oid whole)
{
	Relation	table = table_open(IndexGetRelation(whole, false), AccessShareLock);
	PartitionDesc partitions = RelationGetPartitionDesc(table, true);
	List	   *tables = NIL;
	bool		has_all = true;
	ListCell   *lc;

	foreach(lc, find_inheritance_children(whole, NoLock))
	{
		if (get_index_isvalid(lfirst_oid(lc)))
			tables = lappend_oid(tables, IndexGetRelation(lfirst_oid(lc), false));
	}
	for (int i = 0; i < partitions->nparts; i++)
		has_all = has_all && list_member_oid(tables, partitions->oids[i]);
	table_close(table, AccessShareLock);
	return has_all;
}

char *
index_part_release_sql(const char *whole, const char *part)
{
	return psprintf("ALTER INDEX %s DETACH PARTITION %s", whole, part);
}
